"""Decision 13: a query onto the topics takes the lane: nothing that was sent is sent again, nothing proves wrong."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from producer import ConversationRetriever, Query, kafka_audit
from producer.dev import rehearsal
from producer.dev.broker import Broker
from producer.kafka.partitioner import partition_of
from producer.kafka.sink import KafkaSink
from producer.model.batch import Batch, Topic
from producer.options import SOURCE, kafka_options
from producer.settings import load
from tests.support.stage import ORIGIN, Script, Stage

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

HOUR_BEFORE = ("--from", (ORIGIN - timedelta(hours=1)).isoformat(), "--to", (ORIGIN + timedelta(minutes=1)).isoformat())

SLOWLY = {
    "PRODUCER_KAFKA__TRANSACTION__MAX_RECORDS": "20",
    "PRODUCER_GENESYS__PAGE_SIZE": "20",
    "PRODUCER_LIMITS__REQUESTS_PER_MINUTE": "20",
}
"""Settings with which half a day takes many seconds, and as many transactions."""


@pytest.fixture
def stage(broker: Broker, tmp_path: Path) -> Iterator[Stage]:
    with Stage(broker, tmp_path, Script(rate=4_000)) as play:
        play.make_topics()
        yield play


def query(stage: Stage, *words: str) -> tuple[int, str]:
    """A query onto the topics: its exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "producer", "query", "--to-kafka", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=rehearsal.environ_of(stage._settings()),
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


def counts(said: str) -> tuple[int, int, int]:
    """How many it sent, how many were known, how many are dead letters."""
    found = re.search(r"([\d,]+) sent, ([\d,]+) known, ([\d,]+) dead letters", said)
    assert found, said
    sent, known, dead = (int(each.replace(",", "")) for each in found.groups())
    return sent, known, dead


def ids_on(stage: Stage) -> list[str]:
    return [record["recordId"] for record in stage.decoded(Topic.CONVERSATIONS)]


def forget(stage: Stage, ids: Sequence[str]) -> None:
    """What a lane does with states that no read of its own returns any more."""
    settings = load(environ=rehearsal.environ_of(stage._settings()))
    options = kafka_options(settings)

    async def forgotten() -> None:
        sink = KafkaSink(options, lane=partition_of(SOURCE.encode(), options.lanes), clock=stage.clock)
        restored = await sink.open()
        checkpoint = replace(restored.checkpoints[SOURCE], offsets=restored.offsets, horizon_day=30_000)
        await sink.commit(Batch(source=SOURCE, records=(), states=(), checkpoint=checkpoint, forgotten=tuple(ids)))
        await sink.close()

    asyncio.run(forgotten())


def test_what_was_sent_is_not_sent_again_by_whomever(stage: Stage) -> None:
    daemon = stage.start()
    stage.wait_until_covered(daemon)
    code, said = query(stage, "--channel", "ALL", *HOUR_BEFORE)
    assert (code, said.partition(":")[0]) == (69, "LaneInUse")
    assert daemon.lines("lane_fenced") == []
    assert daemon.stop() == 0
    by_daemon = set(ids_on(stage))

    code, said = query(stage, "--channel", "ALL", "--take-over", *HOUR_BEFORE)
    sent, known, dead = counts(said)
    by_query = [record for record in stage.decoded(Topic.CONVERSATIONS) if record["recordId"] not in by_daemon]
    assert (code, min(sent, known, len(by_query)) > 20) == (0, True)
    assert {record["resumed"] for record in by_query} == {True}  # they began before all of their day was remembered
    assert stage.verified().findings.kept == []

    again = counts(query(stage, "--channel", "ALL", "--take-over", *HOUR_BEFORE)[1])
    assert again[1] >= sent + known - 20  # some have changed meanwhile
    assert again[0] <= 20
    assert again[2] == 0
    assert dead >= 0
    assert stage.verified().findings.kept == []


def test_what_the_lane_forgot_is_found_on_the_topic_and_not_sent_again(stage: Stage) -> None:
    ended_long_ago = (
        "--from",
        (ORIGIN - timedelta(hours=4)).isoformat(),
        "--to",
        (ORIGIN - timedelta(hours=2)).isoformat(),
    )
    sent, known, _ = counts(query(stage, "--channel", "VOICE", *ended_long_ago)[1])
    assert (sent > 20, known) == (True, 0)
    before = ids_on(stage)
    forget(stage, before)
    assert counts(query(stage, "--channel", "VOICE", "--take-over", *ended_long_ago)[1])[:2] == (0, sent)
    by_id = [word for each in before[:3] for word in ("--interaction-id", each)]
    forget(stage, before)
    assert counts(query(stage, "--take-over", *by_id)[1]) == (0, 3, 0)
    assert ids_on(stage) == before


def test_killed_in_the_middle_it_is_asked_again_and_nothing_is_there_twice(stage: Stage) -> None:
    half_a_day = ("--from", (ORIGIN - timedelta(hours=9)).isoformat(), "--to", ORIGIN.isoformat())
    with subprocess.Popen(
        [sys.executable, "-m", "producer", "query", "--to-kafka", "--channel", "ALL", *half_a_day],
        stderr=subprocess.DEVNULL,
        env={**rehearsal.environ_of(stage._settings()), **SLOWLY},
    ) as begun:
        try:
            stage.wait_for_topic(Topic.CONVERSATIONS, bool, "begun")
        finally:
            begun.kill()
    assert begun.returncode == -signal.SIGKILL
    code, said = query(stage, "--channel", "ALL", "--take-over", *half_a_day)
    sent, known, _ = counts(said)
    assert (code, sent > 0, known >= 10) == (0, True, True)
    failed = [event for event in stage.decoded(Topic.AUDIT) if event["action"] == "EXTRACTION_FAILED"]
    assert ["interrupted" in event["details"]["error"] for event in failed] == [True]
    assert stage.verified().findings.kept == []


async def test_row_12_the_audit_of_a_library_stands_on_the_topic_and_promises_no_records(stage: Stage) -> None:
    settings = load(environ=rehearsal.environ_of(stage._settings()))
    query = Query(channel_types=("EMAIL", "SMS"), start_time=ORIGIN - timedelta(hours=2), end_time=ORIGIN)
    async with kafka_audit(settings) as audit:
        retriever = ConversationRetriever(settings, audit=audit)
        found = [record async for chunk in retriever.execute(query) for record in chunk]
    trail = stage.decoded(Topic.AUDIT)
    assert [event["action"] for event in trail] == ["EXTRACTION_STARTED", "PAGE_PROCESSED", "EXTRACTION_COMPLETED"]
    assert {event["requestId"] for event in trail} == {record["requestId"] for record in found}
    assert [event["details"].get("recordCount") for event in trail] == [None, str(len(found)), None]
    assert {event[name] for event in trail for name in ("recordCount", "totalRecordsExtracted")} == {None}
    daemon = stage.start()  # so that there is a checkpoint to verify against
    await asyncio.to_thread(stage.wait_until_covered, daemon)
    assert await asyncio.to_thread(daemon.stop) == 0
    report = await asyncio.to_thread(stage.verified)
    assert report.findings.kept == []


def test_a_daemon_that_is_taken_its_lane_takes_it_back(stage: Stage) -> None:
    daemon = stage.start()
    stage.wait_until_covered(daemon)
    code, said = query(stage, "--channel", "EMAIL", "--take-over", *HOUR_BEFORE)
    assert code == 0, said
    daemon.wait_for_line("lane_fenced")
    daemon.wait_for_line("lane_restored", after=1, seconds=40)
    stage.wait_until_covered(daemon, seconds=60)
    assert daemon.stop() == 0
    assert stage.verified().findings.kept == []
    assert {record["channelType"] for record in stage.decoded(Topic.CONVERSATIONS)} > {"EMAIL"}
