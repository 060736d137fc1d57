"""The commands as processes, against a real broker and the topics of a daemon that runs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from producer.dev.broker import Broker
from producer.model.batch import Topic
from tests.support.stage import Script, Stage

SECONDS = 30.0


@pytest.fixture(scope="module")
def stage(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A daemon that has committed conversations, and goes on."""
    with Stage(broker, tmp_path_factory.mktemp("stage"), Script(poison=0.1)) as stage:
        stage.make_topics()
        daemon = stage.start()
        stage.wait_until_covered(daemon)
        daemon.wait_until(
            lambda status: status["sources"][0]["dead_letters"] and status["sources"][0]["changed"],
            "dead letters and changes",
        )
        yield stage


def command(*words: str, **environ: str) -> subprocess.Popen[str]:
    """A command with these settings and none of the caller's."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GENESYS", "PRODUCER_"))}
    settings = {f"PRODUCER_{name}": value for name, value in environ.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "producer", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=inherited | settings,
    )


def done(*words: str, **environ: str) -> tuple[int, str, str]:
    """How a command ended, and what it said on stdout and stderr."""
    with command(*words, **environ) as process:
        try:
            out, said = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
        return process.returncode, out, said


def kafka_of(stage: Stage) -> dict[str, str]:
    return {
        "KAFKA__BOOTSTRAP_SERVERS": stage.broker.bootstrap_servers,
        "KAFKA__TOPICS__PREFIX": stage.prefix,
        "KAFKA__LANES": "2",
    }


def tailed(stage: Stage, *words: str) -> list[dict[str, Any]]:
    code, out, said = done("tail", *words, **kafka_of(stage))
    assert (code, said) == (0, "")
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize(
    ("topic", "purpose", "fields"),
    [
        ("conversations", Topic.CONVERSATIONS, {"recordId", "version", "revision", "participants"}),
        ("audit", Topic.AUDIT, {"auditId", "action", "requestId"}),
        ("dead-letters", Topic.DEAD_LETTERS, {"conversationId"}),
        ("watermarks", Topic.WATERMARKS, {"headThrough", "finalThrough", "offsets"}),
    ],
)
def test_tail_decodes_every_topic(stage: Stage, topic: str, purpose: Topic, fields: set[str]) -> None:
    (record,) = tailed(stage, topic, "--limit", "1")

    assert record.keys() == {"topic", "partition", "offset", "timestamp", "key", "headers", "value"}
    assert record["topic"] == stage.topic(purpose)
    assert record["headers"]["ce_specversion"] == "1.0"
    assert fields <= record["value"].keys()


def test_tail_shows_one_key_with_its_values_only(stage: Stage) -> None:
    times = Counter(found.key for found in stage.found(Topic.CONVERSATIONS) if found.key)
    changed = times.most_common(1)[0][0].decode()

    states = tailed(stage, "conversations", "--key", changed, "--value-only")

    assert {state["recordId"] for state in states} == {changed}
    assert [state["revision"] for state in states] == list(range(1, len(states) + 1))
    assert len(states) >= 2


def test_tail_follows_until_ctrl_c(stage: Stage) -> None:
    with command("tail", "audit", "--follow", "--start", "end", **kafka_of(stage)) as process:
        try:
            assert process.stdout is not None
            first = json.loads(process.stdout.readline())
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=10)
        finally:
            process.kill()

    assert first["topic"] == stage.topic(Topic.AUDIT)
    assert (process.returncode, said) == (130, "")


def test_tail_of_a_topic_that_is_not_there_says_so(broker: Broker, topic_prefix: str) -> None:
    kafka = {"KAFKA__BOOTSTRAP_SERVERS": broker.bootstrap_servers, "KAFKA__TOPICS__PREFIX": topic_prefix}
    code, out, said = done("tail", "audit", **kafka)

    assert (code, out) == (69, "")
    assert said.startswith(f"SinkRefused: there is no topic {topic_prefix}.audit.v1 at {broker.bootstrap_servers}\n")


def test_state_show(stage: Stage) -> None:
    known = next(found.key for found in stage.found(Topic.CONVERSATIONS) if found.key).decode()

    code, out, said = done("state", "show", **kafka_of(stage))
    assert (code, said) == (0, "")
    checkpoint = json.loads(out)
    assert checkpoint["source"] == "default"
    assert checkpoint["coverage"]["since"]

    code, out, said = done("state", "show", known, **kafka_of(stage))
    assert (code, said) == (0, "")
    conversation = json.loads(out)
    assert conversation["id"] == known
    assert conversation["revision"] >= 1
    assert len(bytes.fromhex(conversation["fingerprint"])) == 16

    unknown = done("state", "show", "unknown", **kafka_of(stage))
    assert unknown == (1, "nothing is remembered of unknown\n", "")


def test_status_for_people_and_for_programs(stage: Stage) -> None:
    code, out, said = done("status", "--url", stage.admin_url, "--output", "json")
    assert (code, said) == (0, "")
    status = json.loads(out)
    assert (status["ready"], status["sources"][0]["source"]) == (True, "default")

    code, out, said = done("status", "--url", f"{stage.admin_url}/")
    assert (code, said) == (0, "")
    assert [line.split() for line in out.splitlines() if line.startswith("ready")] == [["ready", "True"]]
    assert "  1\n    source               default\n" in out


def test_status_when_nobody_is_there() -> None:
    code, out, said = done("status", "--url", "http://127.0.0.1:1")
    assert (code, out) == (69, "")
    assert said.startswith("PrerequisiteMissing: no daemon answers at http://127.0.0.1:1: ")

    code, _, said = done("status", "--url", "file:///etc/hosts")
    assert code == 64
    assert said.startswith("UsageError: --url must be an http or https address")


def test_topics_are_created_once(broker: Broker, topic_prefix: str) -> None:
    settings = {
        "KAFKA__BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "KAFKA__TOPICS__PREFIX": topic_prefix,
        "KAFKA__REPLICATION_FACTOR": "1",
        "KAFKA__MIN_INSYNC_REPLICAS": "1",
    }
    purposes = ("conversations", "audit", "dead-letters", "watermarks", "state", "commands")
    names = [f"{topic_prefix}.{purpose}.v1" for purpose in purposes]

    first = done("topics", "create", **settings)
    again = done("topics", "create", **settings)

    assert first == (0, "".join(f"created  {name}\n" for name in names), "")
    assert again == (0, "".join(f"exists   {name}\n" for name in names), "")


def test_the_simulator_says_where_it_listens_and_ends_when_told() -> None:
    with command("simulate", "--port", "0", "--output", "json") as process:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            with urllib.request.urlopen(f"{url}/healthz", timeout=10) as answer:
                assert json.load(answer)["status"] == "ok"
            process.send_signal(signal.SIGTERM)
            rest, said = process.communicate(timeout=10)
        finally:
            process.kill()

    assert (process.returncode, rest, said) == (0, "", "")


def test_refused_settings_are_all_named_and_nothing_runs(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("capture:\n  poll_interval: soon\nkafka:\n  bootstrap: x\n")

    code, out, said = done("config", "check", "--config", str(file), "--output", "json")
    assert (code, said) == (78, "")
    named = {problem["name"] for problem in json.loads(out)["problems"]}
    assert {"capture.poll_interval", "kafka.bootstrap"} <= named

    code, out, said = done("run", "--config", str(file))
    assert (code, out) == (78, "")
    assert said.startswith("SettingsRefused: ")


def test_what_is_refused_only_when_it_is_used_ends_the_daemon_the_same_way() -> None:
    settings = {
        "GENESYS__REGION": "ireland",
        "GENESYS__CLIENT_ID": "somebody",
        "GENESYS__CLIENT_SECRET": "something",
        "KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "ADMIN__HOST": "127.0.0.1",
        "LOG__FORMAT": "json",
    }
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, said = done("run", ADMIN__PORT=str(port), **settings)

    assert code == 78
    assert f"ConfigurationError: admin.host and admin.port: can't listen at 127.0.0.1:{port} " in said
    lines = [json.loads(line) for line in (out + said).splitlines() if line.startswith("{")]
    assert lines[-1]["message"] == "stopped with exit code 78"
