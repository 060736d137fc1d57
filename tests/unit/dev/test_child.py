from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from producer.dev.child import Child

ROOT = Path(__file__).parents[3]
PATIENT = ["/bin/sh", "-c", "echo started; exec sleep 60"]
STUBBORN = ["/bin/sh", "-c", "trap '' TERM; echo started; while :; do sleep 1; done"]
PARENT = """
import sys
from pathlib import Path
from producer.dev.child import Child
child = Child(["/bin/sleep", "60"], log=Path(sys.argv[1]))
print(child.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def wait_until_it_speaks(log: Path) -> None:
    while "started" not in log.read_text():
        os.sched_yield()


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def test_it_is_asked_to_end_and_its_output_is_kept(log: Path) -> None:
    log.write_text("from before\n")
    child = Child(PATIENT, log=log)
    wait_until_it_speaks(log)

    assert child.exit_code() is None
    assert child.stop(grace=10) == -signal.SIGTERM
    assert child.exit_code() == -signal.SIGTERM
    assert log.read_text() == "from before\nstarted\n"


def test_what_does_not_end_when_asked_is_killed(log: Path) -> None:
    child = Child(STUBBORN, log=log)
    wait_until_it_speaks(log)
    assert child.stop(grace=0.1) == -signal.SIGKILL


def test_what_has_ended_by_itself_can_be_stopped(log: Path) -> None:
    child = Child(["/bin/sh", "-c", "exit 3"], log=log)
    while child.exit_code() is None:
        os.sched_yield()
    assert child.stop(grace=10) == 3


def test_a_paused_one_stands_still_and_can_be_stopped(log: Path) -> None:
    child = Child(PATIENT, log=log)
    wait_until_it_speaks(log)
    child.pause()
    while state_of(child.pid) != "T":
        os.sched_yield()
    assert child.stop(grace=10) == -signal.SIGTERM


def test_it_dies_with_its_parent(log: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(log)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        child = Path(f"/proc/{int(parent.stdout.readline())}")
        assert child.exists()
        parent.kill()

    deadline = time.monotonic() + 10
    while child.exists() and time.monotonic() < deadline:
        os.sched_yield()
    assert not child.exists()


def test_a_program_that_is_not_there_is_told(log: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Child(["/nowhere/java"], log=log)
