"""A run that `verify` looks at, and ways to alter its records."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from producer.dev.judge.decoding import Decoder
from producer.encoding.avro import Avro
from producer.encoding.schemas import Subject
from producer.model.batch import Topic
from producer.options import kafka_options
from producer.settings import load
from producer.verify.progress import Progress
from producer.verify.report import as_json
from producer.verify.verification import Task, verify
from tests.support.copying import Records, Tamper, copied
from tests.support.sinks import Found
from tests.support.stage import Daemon, Stage

SECONDS = 90.0
AVRO = Avro.shipped()
DECODER = Decoder.shipped()
COMPACTS = {"cleanup_policy": "compact", "min_compaction_lag_ms": str(30 * 86_400_000)}


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has ended, and how its daemon was told where the topics are."""

    stage: Stage
    daemon: Daemon

    @property
    def conversations(self) -> Records:
        return self.stage.found(Topic.CONVERSATIONS)

    def verify(self, *words: str, **settings: str) -> tuple[int, Any]:
        """The exit code and the report, of a process of its own where there are arguments."""
        environ = self.daemon.environ | {f"PRODUCER_{name}": value for name, value in settings.items()}
        if not words:
            task = Task(kafka=kafka_options(load(environ=environ)))
            report = asyncio.run(verify(task, Progress(io.StringIO())))
            return int(not report.ok), json.loads(as_json(report))
        done = subprocess.run(
            [sys.executable, "-m", "producer", "verify", "--output", "json", *words],
            capture_output=True,
            text=True,
            env=environ,
            timeout=SECONDS,
            check=False,
        )
        assert done.stderr == ""
        return done.returncode, json.loads(done.stdout)

    def verify_conversations(self, tamper: Tamper, *words: str, **configuration: str) -> tuple[int, Any]:
        """With a copy of the conversations in place of the topic."""
        topic = self.stage.topic(Topic.CONVERSATIONS)
        name = copied(self.stage.broker, topic, tamper, **(COMPACTS | configuration))
        return self.verify(*words, KAFKA__TOPICS__CONVERSATIONS=name)

    def verify_audit(self, tamper: Tamper) -> tuple[int, Any]:
        """With a copy of the audit in place of the topic."""
        name = copied(self.stage.broker, self.stage.topic(Topic.AUDIT), tamper)
        return self.verify(KAFKA__TOPICS__AUDIT=name)


def decoded(found: Found) -> dict[str, Any]:
    return DECODER.read(found.value or b"")


def reads_in(events: list[dict[str, Any]]) -> set[str]:
    """The reads that audit events tell of."""
    return {event["requestId"] for event in events if event["action"] == "EXTRACTION_STARTED"}


def trails(records: Records) -> dict[bytes, Records]:
    """The records of each conversation."""
    grouped: dict[bytes, Records] = defaultdict(list)
    for each in records:
        grouped[each.key or b""].append(each)
    return grouped


def victim(records: Records, length: int) -> Records:
    """The records of a conversation that has so many at least."""
    return next(trail for trail in trails(records).values() if len(trail) >= length)


def findings(report: Any, check: str) -> list[tuple[str | None, list[str]]]:
    """The reads and ids of the findings of one check."""
    return [(each["read"], each["ids"]) for each in report["findings"] if each["check"] == check]


Alter = Callable[[dict[str, Any]], dict[str, Any]]


def altered(found: Found, alter: Alter) -> Found:
    """The record with other fields, its headers as they were."""
    return replace(found, value=AVRO.encoder(Subject.CONVERSATION)(alter(decoded(found))))


def deep(record: dict[str, Any]) -> dict[str, Any]:
    segment = record["participants"][0]["sessions"][0]["segments"][0]
    segment["segmentStart"] += 1
    return record


def with_metric(record: dict[str, Any]) -> dict[str, Any]:
    return record | {"metrics": record["metrics"] | {"tTalk": 7}}


def with_extra(record: dict[str, Any]) -> dict[str, Any]:
    return record | {"extras": record["extras"] | {"$.colour": '"red"'}}


def hashed(record: dict[str, Any]) -> dict[str, Any]:
    digit = "0" if record["contentHash"][0] != "0" else "1"
    return record | {"contentHash": digit + record["contentHash"][1:]}


OTHER_ORIGIN = {"QUERY": "BY_ID", "BY_ID": "QUERY"}
ALTERATIONS: dict[str, Alter] = {
    "a segment's start": deep,
    "a sum of the head": with_metric,
    "an extra": with_extra,
    "contentHash": hashed,
    "startTime": lambda record: record | {"startTime": record["startTime"] + 1_000},
    "endTime": lambda record: record | {"endTime": None if record["endTime"] else record["startTime"]},
    "direction": lambda record: record | {"direction": "sideways"},
    "queueId": lambda record: record | {"queueId": "another"},
    "channelType": lambda record: record | {"channelType": "SMS" if record["channelType"] != "SMS" else "EMAIL"},
    "interactionId": lambda record: record | {"interactionId": "another"},
    "recordId": lambda record: record | {"recordId": "another"},
    "version": lambda record: record | {"version": record["version"] + 1},
    "asOf": lambda record: record | {"asOf": record["asOf"] - 1},
    "normalizedAt": lambda record: record | {"normalizedAt": record["normalizedAt"] + 1},
    "requestId": lambda record: record | {"requestId": "another"},
    "origin": lambda record: record | {"origin": OTHER_ORIGIN[record["origin"]]},
    "source": lambda record: record | {"source": "another"},
}
