"""`genesys-producer demo` as its users have it: a process of its own, from start to the last of its children."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from producer.dev.broker import Broker

DOCUMENTED = {
    "judged",
    "changed",
    "lost",
    "behind",
    "doubled",
    "disordered",
    "unseen",
    "requests",
    "rateLimited",
    "freshnessSeconds",
    "transactions",
}
FURTHER = {
    "invented",
    "unaccounted",
    "poisoned",
    "deadLetters",
    "records",
    "headThrough",
    "headBehindSeconds",
}
SECONDS = 50.0


@contextmanager
def demo(directory: Path, *arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """The demo, with everything that it makes in `directory`; killed at the end if it still runs."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("GENESYS", "PRODUCER_KAFKA"))
    }
    with subprocess.Popen(
        [sys.executable, "-m", "producer", "demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=inherited | {"TMPDIR": str(directory)} | environ,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def living(directory: Path) -> Mapping[int, str]:
    """The processes whose temporary folder is `directory`, with their command lines."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            inherits = f"TMPDIR={directory}\0".encode() in (process / "environ").read_bytes()
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it has just ended, or is somebody else's
            continue
        if inherits and command:
            found[int(process.name)] = command
    return found


def wait_for_words(process: subprocess.Popen[str], words: str) -> None:
    """Read what it says until these words come; the test's timeout bounds it."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if words in line:
            return
    pytest.fail(f"it ended without saying {words!r}:\n{''.join(said)}")


def wait_until_alone(directory: Path, seconds: float) -> None:
    """Wait until nothing of the demo is alive."""
    deadline = time.monotonic() + seconds
    while left := living(directory):
        assert time.monotonic() < deadline, f"still alive: {left}"
        time.sleep(0.05)


def test_it_ends_by_itself_with_what_the_judge_found(broker: Broker, tmp_path: Path) -> None:
    own_cluster = {"PRODUCER_KAFKA__BOOTSTRAP_SERVERS": broker.bootstrap_servers}
    before = set(AdminClient({"bootstrap.servers": broker.bootstrap_servers}).list_topics(timeout=10).topics)

    with demo(tmp_path, "--duration", "12s", "--rate", "8000", "--output", "json", **own_cluster) as process:
        answer, said = process.communicate(timeout=SECONDS)

    assert process.returncode == 0, said
    found: dict[str, Any] = json.loads(answer)
    assert answer.count("\n") == 1
    assert found.keys() == DOCUMENTED | FURTHER
    assert found["freshnessSeconds"].keys() == {"p50", "p99"}
    zeros = ("lost", "behind", "doubled", "disordered", "invented", "unaccounted", "rateLimited")
    assert {name: found[name] for name in zeros} == dict.fromkeys(zeros, 0), said
    assert found["judged"] >= 50
    assert found["requests"] >= 3
    assert found["transactions"] >= 2
    assert living(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []
    made = set(AdminClient({"bootstrap.servers": broker.bootstrap_servers}).list_topics(timeout=10).topics) - before
    ours = {name for name in made if name.startswith("demo-")}
    (prefix,) = {name.partition(".")[0] for name in ours}
    purposes = ("conversations", "audit", "dead-letters", "watermarks", "state", "commands")
    assert ours == {f"{prefix}.{purpose}.v1" for purpose in purposes}


@pytest.mark.kafka
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_live_one_goes_on_until_it_is_told_to_stop_and_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    with demo(tmp_path, "--rate", "8000") as process:
        wait_for_words(process, "covered to")
        assert len(living(tmp_path)) >= 4  # itself, broker, simulator, daemon
        told = time.monotonic()
        process.send_signal(number)
        process.communicate(timeout=SECONDS)
        took = time.monotonic() - told

    assert process.returncode == 0
    assert took < 20
    wait_until_alone(tmp_path, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.kafka
def test_its_children_die_with_it_however_it_ends(tmp_path: Path) -> None:
    with demo(tmp_path, "--rate", "8000") as process:
        wait_for_words(process, "on the topic")
        process.kill()
        process.wait(timeout=5)

        wait_until_alone(tmp_path, 5)
