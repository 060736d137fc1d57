"""`genesys-producer demo` as its users have it: a process of its own, from start to the last of its children."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from urllib.request import Request, urlopen

import pytest
from confluent_kafka.admin import AdminClient

from producer.dev.broker import Broker
from tests.support.guarded import PASSWORD, USER, guarded_broker

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
    "beyondHorizon",
    "poisoned",
    "deadLetters",
    "records",
    "headThrough",
    "headBehindSeconds",
    "headBehindAllowedSeconds",
}
ZEROS = ("lost", "behind", "doubled", "disordered", "invented", "unaccounted", "rateLimited")
JSON = {"Content-Type": "application/json"}
REGIONS = (" North", " South", " Île-de-France", " Zürich")
SECONDS = 50.0


@contextmanager
def demo(directory: Path, *arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """The demo, with everything that it makes in `directory`; killed at the end if it still runs."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GENESYS", "PRODUCER_KAFKA", "PRODUCER_SECRETS"))
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


def wait_for_words(said_by: IO[str] | None, *words: str) -> str:
    """Read what it says until one of these words comes, and return its line; the test's timeout bounds it."""
    assert said_by is not None
    said = []
    for line in said_by:
        said.append(line)
        if any(each in line for each in words):
            return line
    pytest.fail(f"it ended without saying {words!r}:\n{''.join(said)}")


def wait_until_covered(admin_url: str, instant: str) -> None:
    """Wait until the daemon's head has committed a read past an instant; the test's timeout bounds it."""
    while True:
        with suppress(OSError), urlopen(f"{admin_url}status", timeout=5) as answer:
            covered = json.load(answer)["sources"][0]["covered_to"]
            if covered is not None and covered > instant:
                return
        time.sleep(0.05)


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
    assert {name: found[name] for name in ZEROS} == dict.fromkeys(ZEROS, 0), said
    assert found["headBehindSeconds"] <= found["headBehindAllowedSeconds"] == 70
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


@pytest.mark.timeout(120)
def test_a_run_whose_head_stops_midway_fails_though_nothing_is_wrong_with_what_it_sent(
    broker: Broker, tmp_path: Path
) -> None:
    own_cluster = {"PRODUCER_KAFKA__BOOTSTRAP_SERVERS": broker.bootstrap_servers}
    arguments = (
        "--duration",
        "25s",
        "--speed",
        "60",
        "--rate",
        "8000",
        "--output",
        "json",
        "--origin",
        "2026-03-10T10:00Z",
    )
    with demo(tmp_path, *arguments, **own_cluster) as process:
        _, _, admin_url, _, simulator_url, *_ = wait_for_words(process.stderr, "status page: ").split()
        wait_until_covered(admin_url, "2026-03-10T10:00:00")
        outage = json.dumps({"kind": "unavailable", "path": "/details/query"}).encode()
        with urlopen(Request(f"{simulator_url}/faults", data=outage, headers=JSON), timeout=10):
            pass
        answer, said = process.communicate(timeout=SECONDS)

    assert process.returncode == 1, said
    found = json.loads(answer)
    assert {name: found[name] for name in ZEROS} == dict.fromkeys(ZEROS, 0), said
    assert found["judged"] > 0
    assert found["headBehindSeconds"] > found["headBehindAllowedSeconds"] == 660


def test_a_run_too_short_to_be_judged_ends_with_what_to_do(broker: Broker, tmp_path: Path) -> None:
    own_cluster = {"PRODUCER_KAFKA__BOOTSTRAP_SERVERS": broker.bootstrap_servers}
    with demo(tmp_path, "--duration", "10ms", "--output", "json", **own_cluster) as process:
        answer, said = process.communicate(timeout=SECONDS)

    assert (process.returncode, answer) == (69, ""), said
    assert "TruthMissing: no read was completed: there is nothing to judge\n  what to do: judge a run that is" in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(120)
def test_it_reads_and_judges_on_a_cluster_that_wants_tls_and_a_login(broker: Broker, tmp_path: Path) -> None:
    secrets, own = tmp_path / "secrets", tmp_path / "demo"
    secrets.mkdir()
    own.mkdir()
    (secrets / "kafka__security__password").write_text(PASSWORD)
    (secrets / "kafka__topics__prefix").write_text("the-real-one")
    with guarded_broker(tmp_path) as guarded:
        cluster = {
            "PRODUCER_KAFKA__BOOTSTRAP_SERVERS": guarded.address,
            "PRODUCER_KAFKA__SECURITY__PROTOCOL": "SASL_SSL",
            "PRODUCER_KAFKA__SECURITY__SASL_MECHANISM": "SCRAM-SHA-512",
            "PRODUCER_KAFKA__SECURITY__USERNAME": USER,
            "PRODUCER_KAFKA__SECURITY__CA_FILE": str(guarded.ca_file),
            "PRODUCER_SECRETS_DIR": str(secrets),
        }
        with demo(own, "--duration", "15s", "--rate", "8000", "--output", "json", **cluster) as process:
            first = wait_for_words(process.stderr, "  rev 1 ")  # the view has read it
            commands = living(own)
            answer, said = process.communicate(timeout=SECONDS)
        names = set(AdminClient({"bootstrap.servers": guarded.broker.bootstrap_servers}).list_topics(timeout=10).topics)

    assert process.returncode == 0, said
    found = json.loads(answer)
    assert {name: found[name] for name in ZEROS} == dict.fromkeys(ZEROS, 0), said
    assert found["judged"] > 0
    assert len(commands) >= 3  # itself, simulator, daemon
    assert PASSWORD not in f"{commands}{first}{said}{answer}"
    assert {name.partition("-")[0] for name in names if not name.startswith("__")} == {"demo"}


@pytest.mark.kafka
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_live_one_goes_on_until_it_is_told_to_stop_and_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    with demo(tmp_path, "--rate", "8000") as process:
        wait_for_words(process.stdout, "covered to")
        wait_for_words(process.stdout, *REGIONS)  # in the name of every queue, of which the API tells the id
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
        wait_for_words(process.stdout, "on the topic")
        process.kill()
        process.wait(timeout=5)

        wait_until_alone(tmp_path, 5)
