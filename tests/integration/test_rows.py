"""`record.detail: flat` with everything real: the daemon writes rows; no topic, no state gets records of two kinds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from producer.dev.broker import Broker
from producer.dev.judge.verdict import Verdict
from producer.errors import SinkRefused
from producer.kafka import topics
from producer.kafka.options import KafkaOptions, Records
from producer.kafka.sink import KafkaSink
from producer.model.batch import Topic
from producer.verify.verification import Report
from tests.support.sinks import LANE, StandingClock, batch, conversation, opened, options
from tests.support.stage import Script, Stage

pytestmark = pytest.mark.timeout(120)

FLAT = Script(settings={"RECORD__DETAIL": "flat"}, poison=0.05)
FULL_IN_PLACE: dict[str, str] = {"RECORD__DETAIL": "full"}
KINDS = Records(known={b"Conversation|": "Conversation", b"ConversationFlat|": "ConversationFlat"})


class Run:
    """One daemon that writes rows, ended; then one that is to write whole records beside what the first left."""

    def __init__(self, stage: Stage) -> None:
        stage.make_topics()
        daemon = stage.start()
        daemon.wait_until(lambda status: status["sources"][0]["changed"], "changes")
        stage.wait_until_covered(daemon)
        self.exit_code = daemon.stop()
        self.stage, self.daemon = stage, daemon
        self.rows = stage.decoded(Topic.CONVERSATIONS)
        self.verdict: Verdict = stage.verdict()
        self.report: Report = stage.verified()

    def said(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """How a command ended that has the daemon's settings, but for these."""
        environ = self.daemon.environ | {f"PRODUCER_{name}": value for name, value in settings.items()}
        command = [sys.executable, "-m", "producer", *words]
        return subprocess.run(command, capture_output=True, text=True, env=environ, timeout=60, check=False)


@pytest.fixture(scope="module")
def run(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with Stage(broker, tmp_path_factory.mktemp("rows"), FLAT) as stage:
        yield Run(stage)


def test_rows_are_on_their_topic_and_the_judge_finds_nothing_wrong(run: Run) -> None:
    assert run.stage.topic(Topic.CONVERSATIONS) == f"{run.stage.prefix}.conversations-flat.v1"
    assert run.exit_code == 0
    assert run.verdict.zeros, run.verdict.as_json()
    assert run.verdict.records == len(run.rows)
    assert run.verdict.changed > 0
    assert run.verdict.dead_letters > 0


def test_a_row_holds_no_lists_and_no_maps_but_their_text(run: Run) -> None:
    kinds = {type(value) for row in run.rows for value in row.values()}
    assert kinds <= {str, int, float, bool, type(None)}
    assert {type(json.loads(row["mediaTypes"])) for row in run.rows} == {list}
    assert {type(json.loads(row["metrics"])) for row in run.rows} == {dict}
    assert any(json.loads(row["queueIds"]) == [row["queueId"]] for row in run.rows if row["queueId"])


def test_headers_call_a_row_what_it_is(run: Run) -> None:
    headers = [dict(found.headers) for found in run.stage.found(Topic.CONVERSATIONS)]
    assert {each["ce_type"] for each in headers} == {b"io.genesysproducer.conversation-flat.v1"}


def test_verify_counts_rows_and_finds_nothing_wrong(run: Run) -> None:
    assert (run.report.ok, run.report.findings.kept) == (True, [])
    assert (run.report.records, run.report.summaries, run.report.made_again) == (len(run.rows), len(run.rows), 0)


def test_tail_shows_rows(run: Run) -> None:
    ended = run.said("tail", "conversations", "--limit", "1", "--value-only")
    row: dict[str, Any] = json.loads(ended.stdout)
    assert (ended.returncode, row["recordId"] in {each["recordId"] for each in run.rows}) == (0, True)
    assert json.loads(row["divisionIds"])


def test_whole_records_are_refused_on_a_topic_of_rows(run: Run) -> None:
    rows = run.stage.topic(Topic.CONVERSATIONS)
    there = FULL_IN_PLACE | {"KAFKA__TOPICS__CONVERSATIONS": rows, "KAFKA__TOPICS__CONVERSATIONS_FLAT": "elsewhere"}
    ended = run.said("topics", "check", **there)
    assert ended.returncode == 1
    assert f"differs  {rows}" in ended.stdout
    assert ["the", "kind", "of", "record", "Conversation", "ConversationFlat"] in map(
        str.split, ended.stdout.split("\n")
    )


def test_a_daemon_of_whole_records_does_not_go_on_where_rows_were_written(run: Run) -> None:
    stage = run.stage
    before = stage.found(Topic.STATE)
    assert run.said("topics", "create", **FULL_IN_PLACE).returncode == 0
    whole = stage.start(**FULL_IN_PLACE)

    reason = whole.wait_for_reason("broker")
    assert reason["message"] == (
        f"{stage.topic(Topic.STATE)} remembers what was sent of source default as ConversationFlat, and Conversation is"
        f" to be written to {stage.prefix}.conversations.v1: set record.detail back, or another kafka.topics.prefix,"
        " and create its topics: genesys-producer topics create"
    )
    assert whole.stop() == 0
    assert stage.found(Topic.STATE) == before


@pytest.fixture
async def there(broker: Broker, topic_prefix: str) -> KafkaOptions:
    """A cluster on which values begin with the name of their kind."""
    made = options(broker, topic_prefix, records=KINDS)
    await topics.create(made)
    return made


def flat(there: KafkaOptions) -> KafkaOptions:
    """The same topics, to write rows to, by state of their own."""
    records, state = replace(KINDS, kind="ConversationFlat"), there.topics[Topic.AUDIT] + ".state"
    return replace(there, records=records, topics={**there.topics, Topic.STATE: state})


async def test_an_empty_topic_takes_either_kind(there: KafkaOptions) -> None:
    async with opened(there):
        pass
    await topics.create(flat(there))
    async with opened(flat(there)):
        pass


async def test_rows_are_refused_on_a_topic_of_whole_records_before_the_lane_is_taken(there: KafkaOptions) -> None:
    tombstone = replace(conversation("gone", b""), value=None)
    async with opened(there) as sink:
        await sink.commit(batch(1, more=(tombstone, conversation("a", b"Conversation|a"))))
        await topics.create(flat(there))
        other = KafkaSink(replace(flat(there), application_id=there.identity), lane=LANE, clock=StandingClock())
        with pytest.raises(SinkRefused) as caught:
            await other.open()
        await other.close()
        await sink.commit(batch(2, "b"))  # who was refused has fenced nobody

    assert str(caught.value) == (
        f"topics are not as declared. {there.topics[Topic.CONVERSATIONS]}: the kind of record is Conversation, declared"
        " ConversationFlat; a topic holds records of one kind: set record.detail back, or name a new topic and create"
        " it: genesys-producer topics create"
    )


async def test_what_this_version_does_not_know_is_no_objection(there: KafkaOptions) -> None:
    async with opened(there) as sink:
        await sink.commit(batch(1, more=(conversation("a", b"ConversationOfTomorrow|a"),)))
    await topics.create(flat(there))
    async with opened(flat(there)):
        pass


def test_summaries_go_where_whole_records_went(broker: Broker, tmp_path: Path) -> None:
    """They are of one kind: a conversation is told in the new form when it next changes."""
    with Stage(broker, tmp_path, Script(settings={"RECORD__DETAIL": "summary"})) as stage:
        stage.make_topics()
        for detail in ("full", "summary"):
            daemon = stage.start(RECORD__DETAIL=detail)
            stage.wait_until_covered(daemon)
            daemon.wait_until(lambda status: status["sources"][0]["changed"], "changes")
            assert daemon.stop() == 0
        verdict, report = stage.verdict(), stage.verified()

    assert verdict.zeros, verdict.as_json()
    assert report.findings.kept == []
    assert report.made_again > report.summaries > 0
