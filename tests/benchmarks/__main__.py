"""All figures of the whole path, each against its bound, in one run on this machine.

    python -m tests.benchmarks [new] [unchanged] [summary] [rate-limit] [sizes] [requests] [restore] [verify]
    python -m tests.benchmarks rate-limit-changes  # longer than all others together
    python -m tests.benchmarks requests-measured  # a quarter of an hour

Ends with 1 when a bound is missed.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.benchmarks.figures import Figure
from tests.benchmarks.rate_limit import rate_limit, rate_limit_changes
from tests.benchmarks.requests import requests, requests_measured
from tests.benchmarks.restore import restore
from tests.benchmarks.sizes import sizes
from tests.benchmarks.verify import verify
from tests.benchmarks.whole_path import new, summary, unchanged

PARTS: Mapping[str, Callable[[], list[Figure]]] = {
    "new": new,
    "unchanged": unchanged,
    "summary": summary,
    "rate-limit": rate_limit,
    "rate-limit-changes": rate_limit_changes,
    "sizes": sizes,
    "requests": requests,
    "requests-measured": requests_measured,
    "restore": restore,
    "verify": verify,
}


BY_NAME_ONLY = {"rate-limit-changes", "requests-measured"}
"""What is too long for every day."""


def machine() -> str:
    """The CPU, and what runs on it."""
    facts = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in facts if line.startswith("model name")), "unknown CPU")
    return f"{model}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"


def main() -> int:
    """Run the parts that are asked for; all when none is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    asked = parser.parse_args().parts
    if unknown := set(asked) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    print(machine(), flush=True)
    began, missed = time.monotonic(), []
    for part in asked or [part for part in PARTS if part not in BY_NAME_ONLY]:
        for figure in PARTS[part]():
            print(figure, flush=True)
            missed += [] if figure.met else [figure.name]
    print(f"{time.monotonic() - began:.0f} s of wall clock")
    for name in missed:
        print(f"missed: {name}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
