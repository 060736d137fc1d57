"""The daemon as it runs in production, with taps on it: `python -m tests.chaos.victim LIFE NOTES`.

LIFE says where it is struck and whether it is a mutant, NOTES is the file that every blow is written to.
Settings come from the environment, as the daemon's do.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from producer import cli
from tests.support.chaos.capture_mutants import CAPTURE_MUTANTS
from tests.support.chaos.mutants import MUTANTS, refuse_one_batch
from tests.support.chaos.plans import Life
from tests.support.chaos.taps import Taps, tap


def main(arguments: Sequence[str]) -> int:
    """Run the daemon until it is struck or told to stop; returns its exit code."""
    life = Life.of_argument(arguments[0])
    taps = Taps(life.blows, Path(arguments[1]))
    tap(taps)
    if life.mutant:
        {**MUTANTS, **CAPTURE_MUTANTS}[life.mutant](taps)
    if life.refused_batch:
        refuse_one_batch()
    return cli.main(["run"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
