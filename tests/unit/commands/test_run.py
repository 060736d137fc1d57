from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from producer.commands.run import fastest_loop, quiet_collector
from producer.errors import ConfigurationError


@pytest.fixture
def collector() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_the_collector_is_kept_from_looking_at_everything_again_and_again(collector: None) -> None:
    quiet_collector()

    assert gc.get_threshold()[0] >= 50_000
    assert gc.get_freeze_count() > 0


def test_there_is_always_a_loop() -> None:
    loop = fastest_loop()()
    try:
        assert loop.run_until_complete(_answer()) == 42
    finally:
        loop.close()


@pytest.mark.parametrize("command", ["run", "demo"])
def test_python_without_asserts_is_refused_before_anything_starts(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "producer", command],
        env=os.environ | {"PYTHONOPTIMIZE": "1"},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr.startswith("ConfigurationError: Python runs with -O or PYTHONOPTIMIZE, ")
    assert done.stderr.endswith(f"\n  what to do: {ConfigurationError.what_to_do}\n")


async def _answer() -> int:
    return 42
