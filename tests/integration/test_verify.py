"""`verify` on the topics of a real run, and on copies of them with which something was done."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from producer.dev.broker import Broker
from producer.model.batch import Topic
from producer.model.instants import from_millis, to_millis
from tests.support.copying import Records, copied
from tests.support.sinks import Found
from tests.support.stage import Script, Stage
from tests.support.verified import (
    ALTERATIONS,
    OTHER_ORIGIN,
    Run,
    altered,
    decoded,
    deep,
    findings,
    reads_in,
    trails,
    victim,
)

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def run(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Two daemons, the first of which was killed; both were verified while the second ran."""
    with Stage(broker, tmp_path_factory.mktemp("verify"), Script(speed=60, poison=0.02)) as stage:
        stage.make_topics()
        killed = stage.start()
        stage.wait_until_covered(killed)
        killed.signal(signal.SIGKILL)
        killed.wait_for_end()
        daemon = stage.start()
        stage.wait_until_covered(daemon)
        daemon.wait_until(lambda status: status["sources"][0]["changed"] > 50, "changes")
        for _ in range(2):
            assert Run(stage, daemon).verify("--contents", "all") == (0, Ok())
        assert daemon.stop() == 0
        yield Run(stage, daemon)


class Ok:
    """Equal to a report in which nothing is wrong."""

    def __eq__(self, report: object) -> bool:
        return isinstance(report, dict) and report["ok"] is True and report["findings"] == [] and not report["counts"]

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "a report in which nothing is wrong"


def test_a_sound_run_is_found_sound(run: Run) -> None:
    code, report = run.verify("--contents", "all")

    assert (code, report) == (0, Ok())
    records = run.conversations
    events = run.stage.decoded(Topic.AUDIT)
    assert report["read"]["records"] == len(records) > 100
    assert report["read"]["auditEvents"] == len(events)
    methods = report["methods"]
    assert methods["readsBySum"] == len(reads_in(events))
    assert methods["readsByLastState"] == methods["conversationsBeyondLag"] == 0
    assert methods["contentsMadeAgain"] == len(records)
    assert methods["conversations"] == methods["conversationsWithState"] == len(trails(records))


def test_a_copy_is_as_sound_as_the_original(run: Run) -> None:
    assert run.verify_conversations(lambda records: records) == (0, Ok())


@pytest.mark.parametrize("which", [1, -1], ids=["middle", "last"])
def test_a_deleted_record_is_named(run: Run, which: int) -> None:
    gone = victim(run.conversations, 3)[which]
    code, report = run.verify_conversations(lambda records: [each for each in records if each != gone])

    assert code == 1
    read, identifier = decoded(gone)["requestId"], decoded(gone)["recordId"]
    assert findings(report, "missing") == [(read, [identifier])]
    assert findings(report, "sums") == [(read, [identifier])]
    assert report["counts"] == {"missing": 1, "sums": 1}


def test_a_conversation_that_was_deleted_is_named(run: Run) -> None:
    gone = victim(run.conversations, 2)
    code, report = run.verify_conversations(lambda records: [each for each in records if each not in gone])

    assert code == 1
    assert [ids for _, ids in findings(report, "missing")] == [[decoded(gone[0])["recordId"]]]
    assert sorted(findings(report, "sums")) == sorted(
        (decoded(each)["requestId"], [decoded(each)["recordId"]]) for each in gone
    )


def test_a_doubled_record_is_named(run: Run) -> None:
    twice = victim(run.conversations, 2)[0]
    code, report = run.verify_conversations(
        lambda records: [copy for each in records for copy in ([each, each] if each == twice else [each])]
    )

    assert code == 1
    named = [(decoded(twice)["requestId"], [decoded(twice)["recordId"]])]
    assert findings(report, "doubled") == findings(report, "sums") == named
    assert report["counts"] == {"doubled": 1, "sums": 1}


def test_records_in_another_order_are_named(run: Run) -> None:
    first, second, *_ = victim(run.conversations, 3)
    swapped = {first: second, second: first}
    code, report = run.verify_conversations(lambda records: [swapped.get(each, each) for each in records])

    assert code == 1
    assert findings(report, "order") == [(decoded(first)["requestId"], [decoded(first)["recordId"]])]
    assert report["counts"] == {"order": 1}


@pytest.fixture(scope="module")
def alterations(run: Run) -> dict[str, tuple[Found, list[Any]]]:
    """What was found about each record that was altered in one way; all in one copy, each of another conversation."""
    chosen = dict(
        zip(ALTERATIONS, (trail[-1] for trail in trails(run.conversations).values() if rich(trail)), strict=False)
    )
    assert chosen.keys() == ALTERATIONS.keys()
    changed = {found: altered(found, ALTERATIONS[name]) for name, found in chosen.items()}
    code, report = run.verify_conversations(lambda records: [changed.get(each, each) for each in records])
    assert code == 1
    about = {
        name: [
            each
            for each in report["findings"]
            if (found.key or b"").decode() in each["ids"] or decoded(found)["requestId"] == each["read"]
        ]
        for name, found in chosen.items()
    }
    return {name: (found, about[name]) for name, found in chosen.items()}


def rich(trail: Records) -> bool:
    """There is something to alter everywhere."""
    record = decoded(trail[-1])
    return bool(record["participants"] and record["participants"][0]["sessions"][0]["segments"])


@pytest.mark.parametrize("name", ALTERATIONS)
def test_an_altered_record_is_named(alterations: dict[str, tuple[Found, list[Any]]], name: str) -> None:
    found, about = alterations[name]
    identifier = (found.key or b"").decode()
    named = [each for each in about if identifier in each["ids"] and each["check"] in {"content", "state", "order"}]
    if name == "origin":  # is told of the read
        named = [each for each in about if f"origin {OTHER_ORIGIN[decoded(found)['origin']]}" in each["text"]]
    assert named


@pytest.mark.parametrize("action", ["PAGE_PROCESSED", "EXTRACTION_COMPLETED"])
def test_a_deleted_audit_event_is_named(run: Run, action: str) -> None:
    events = run.stage.found(Topic.AUDIT)
    gone = next(each for each in events if decoded(each)["action"] == action and decoded(each)["recordCount"] != 0)
    code, report = run.verify_audit(lambda records: [each for each in records if each != gone])

    assert code == 1
    read = decoded(gone)["requestId"]
    assert {each["read"] for each in report["findings"]} == {read}
    if action == "PAGE_PROCESSED":
        of_read = {decoded(each)["recordId"] for each in run.conversations if decoded(each)["requestId"] == read}
        ((_, ids),) = findings(report, "sums")
        assert ids
        assert set(ids) <= of_read


@pytest.mark.parametrize("copies", [0, 2], ids=["deleted", "doubled"])
def test_a_dead_letter_that_is_deleted_or_doubled_is_named(run: Run, copies: int) -> None:
    victim, *_ = run.stage.found(Topic.DEAD_LETTERS)
    name = copied(
        run.stage.broker,
        run.stage.topic(Topic.DEAD_LETTERS),
        lambda records: [each for each in records for _ in range(copies if each == victim else 1)],
    )
    code, report = run.verify(KAFKA__TOPICS__DEAD_LETTERS=name)

    assert code == 1
    read = dict(victim.headers)["request-id"].decode()
    assert [found for found, _ in findings(report, "sums")] == [read]
    assert report["counts"] == {"sums": 1}


def compacted(records: Records) -> Records:
    """What compaction leaves: the last record of each key."""
    return list({each.key: each for each in records}.values())


def test_beyond_the_compaction_lag_last_states_are_compared_and_it_says_so(run: Run) -> None:
    code, report = run.verify_conversations(compacted, min_compaction_lag_ms="0")

    assert (code, report) == (0, Ok())
    methods = report["methods"]
    assert (methods["readsBySum"], methods["compactionLag"]) == (0, 0)
    assert methods["readsByLastState"] == len(reads_in(run.stage.decoded(Topic.AUDIT)))
    assert methods["conversationsBeyondLag"] == methods["conversationsWithState"] == len(trails(run.conversations))


def test_beyond_the_compaction_lag_a_last_record_that_is_gone_or_altered_is_named(run: Run) -> None:
    gone, changed = [trail[-1] for trail in trails(run.conversations).values() if rich(trail)][:2]

    def tamper(records: Records) -> Records:
        return [altered(each, deep) if each == changed else each for each in compacted(records) if each != gone]

    code, report = run.verify_conversations(tamper, min_compaction_lag_ms="0")

    assert code == 1
    assert [ids for _, ids in findings(report, "missing")] == [[decoded(gone)["recordId"]]]
    assert findings(report, "content") == [(decoded(changed)["requestId"], [decoded(changed)["recordId"]])]
    assert report["counts"] == {"missing": 1, "content": 1}


def test_without_contents_the_counting_is_the_same(run: Run) -> None:
    changed = victim(run.conversations, 2)[0]
    swapped = altered(changed, deep)
    assert run.verify_conversations(
        lambda records: [swapped if each == changed else each for each in records], "--contents", "none"
    ) == (0, Ok())


def test_the_source_is_asked_again_by_a_sample(run: Run) -> None:
    code, report = run.verify("--source", "--sample", "20", "--requests-per-minute", "100")

    assert (code, report) == (0, Ok())
    assert sum(report["source"].values()) == 20
    assert report["source"].get("same", 0) > 0


def test_the_source_is_asked_again_over_a_window_and_what_is_not_on_the_topic_is_counted(run: Run) -> None:
    records = run.conversations
    promised = run.stage.decoded(Topic.WATERMARKS)[-1]["headThrough"]
    since = to_millis(run.stage.clock.origin)
    gone = next(trail for trail in trails(records).values() if since < decoded(trail[0])["startTime"] < promised)
    instants = [run.stage.clock.origin.isoformat(), from_millis(promised).isoformat()]
    code, report = run.verify_conversations(
        lambda all_of_them: [each for each in all_of_them if each not in gone],
        "--source", "--from", instants[0], "--to", instants[1], "--requests-per-minute", "100",
    )  # fmt: skip

    assert code == 1
    asked = Counter(report["source"])
    assert asked["same"] > 0
    assert asked["unseen"] + asked["absent"] > 0  # the head alone has read: nothing is promised for good


def test_it_says_how_far_it_has_come_on_a_terminal_only_and_names_what_is_missing(run: Run) -> None:
    environ = run.daemon.environ | {"PRODUCER_KAFKA__TOPICS__AUDIT": "nowhere.audit.v1"}
    done = subprocess.run(
        [sys.executable, "-m", "producer", "verify"], capture_output=True, text=True, env=environ, check=False
    )
    assert (done.returncode, done.stdout) == (69, "")
    assert done.stderr.startswith("SinkRefused: there is no topic nowhere.audit.v1 at ")


def test_a_report_for_people(run: Run) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "producer", "verify"],
        capture_output=True,
        text=True,
        env=run.daemon.environ,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    told = ("read", "by sum", "by last state", "last states", "contents")
    assert [line.startswith(name) for line, name in zip(lines, told, strict=False)] == [True] * len(told)
    assert lines[-1] == "ok: nothing is wrong"
