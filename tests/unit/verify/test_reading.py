"""From raw records to facts, and what is found on the way: without a broker, each topic's records handed in."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from producer import errors
from producer.encoding.avro import Avro
from producer.encoding.plain import PlainReader
from producer.encoding.schemas import Subject
from producer.kafka.extent import Extent
from producer.kafka.options import KafkaOptions
from producer.kafka.reader import RawRecord
from producer.kafka.state import StateKey, encode_checkpoint, encode_conversation
from producer.model.checkpoint import OpenRead, Published
from producer.model.coverage import Coverage, Hole
from producer.model.instants import Millis, to_millis
from producer.verify.contents import Contents
from producer.verify.facts import LETTER, NEVER, Position, Present, Remembered
from producer.verify.findings import Check, Findings
from producer.verify.ledger import Ledger
from producer.verify.progress import Progress
from producer.verify.reading import LONGEST_READ, Reading, lost_to, position_of
from producer.verify.shape import shape_of
from tests.support.conversations import SCHEMA, conversation
from tests.support.records import raw_record
from tests.support.sinks import checkpoint, state

AVRO = Avro.shipped()
READER = PlainReader(AVRO.framing)
AUDIT = AVRO.encoder(Subject.AUDIT_EVENT)
WATERMARK = AVRO.encoder(Subject.WATERMARK)


@dataclass(frozen=True, slots=True)
class Desk:
    """A reading and what it has found."""

    reading: Reading
    ledger: Ledger
    findings: Findings

    @property
    def checks(self) -> list[Check]:
        return [each.check for each in self.findings.kept]


@pytest.fixture
def desk() -> Iterator[Desk]:
    findings = Findings()
    with Ledger() as ledger:
        reading = Reading(
            options=KafkaOptions(bootstrap_servers="nobody:9092"),
            ledger=ledger,
            findings=findings,
            contents=Contents(READER, shape_of("platform", SCHEMA.text), whole=True),
            reader=READER,
            progress=Progress(io.StringIO()),
        )
        yield Desk(reading, ledger, findings)


def raw(key: bytes | None, value: bytes | None) -> RawRecord:
    return RawRecord(topic="t", partition=1, offset=5, timestamp=Millis(9), key=key, value=value, headers=())


def event(**fields: Any) -> RawRecord:
    base = {"auditId": "a", "requestId": "r", "action": "PAGE_PROCESSED", "pageNumber": 2, "recordCount": 3}
    return raw(b"r", AUDIT(base | fields))


def test_records_become_facts_and_are_counted_for_their_read(desk: Desk) -> None:
    record = raw_record(conversation())
    (fact,) = desk.reading.seen([record])
    assert (fact.id, fact.at) == ("c-1", 1_000)
    assert desk.findings.kept == []
    assert list(desk.ledger.reads()) == [(fact.request, [], [Present(fact.request, "QUERY", 1, 1_000, 1_000)])]


def test_a_tombstone_is_a_fact_and_of_no_read(desk: Desk) -> None:
    (fact,) = desk.reading.seen([raw(b"c-1", None)])
    assert fact.tombstone
    assert list(desk.ledger.reads()) == []


def test_records_that_can_not_be_read_are_named(desk: Desk) -> None:
    assert desk.reading.seen([raw(b"c-1", b"junk"), raw(None, b"junk")]) == []
    assert [(each.check, each.ids) for each in desk.findings.kept] == [
        (Check.READABLE, ("c-1",)),
        (Check.READABLE, ()),
    ]


def test_altered_records_are_named_with_their_read(desk: Desk) -> None:
    (fact,) = desk.reading.seen([replace(raw_record(conversation()), headers=())])
    assert {(each.check, each.read, each.ids) for each in desk.findings.kept} == {
        (Check.CONTENT, fact.request, ("c-1",))
    }


def test_audit_events_become_facts(desk: Desk) -> None:
    started = event(action="EXTRACTION_STARTED", pageNumber=None, recordCount=None, details={"ids": "7"})
    page, start = desk.reading.told([event(), started])
    assert (page.request, page.partition, page.offset, page.at) == ("r", 1, 5, 9)
    assert (page.page, page.records, page.pages_in_all, page.by_id) == (2, 3, NEVER, NEVER)
    assert (start.page, start.by_id) == (NEVER, 1)
    (window,) = desk.reading.told([event(action="EXTRACTION_STARTED", details={"window": '"w"'})])
    assert window.by_id == 0
    assert desk.findings.kept == []


def test_audit_events_that_nothing_is_compared_with_are_left_out(desk: Desk) -> None:
    assert desk.reading.told([event(action="HOLE_OPENED")]) == []


def test_audit_events_that_are_out_of_order_are_named(desk: Desk) -> None:
    junk, bare = raw(b"r", b"junk"), raw(b"r", None)
    assert len(desk.reading.told([replace(event(), key=b"another"), junk, bare])) == 1
    assert desk.checks == [Check.AUDIT, Check.READABLE, Check.READABLE]


def test_dead_letters_are_counted_for_their_read(desk: Desk) -> None:
    letter = replace(raw(None, b"{"), headers=(("request-id", b"r"),))
    assert desk.reading.lettered([letter, letter, raw(b"c-1", b"{}")]) == []
    assert list(desk.ledger.reads()) == [("r", [], [Present("r", LETTER, 2, 9, 9)])]
    assert [(each.check, each.ids) for each in desk.findings.kept] == [(Check.READABLE, ("c-1",))]
    assert [told.letters for told in desk.reading.told([event(), event(deadLetters=2)])] == [0, 2]


def test_states_and_checkpoints(desk: Desk) -> None:
    point = checkpoint(3)
    point = replace(
        point,
        open_reads=(OpenRead(request_id="r", kind="head", subject="", started_at=datetime(2026, 1, 1, tzinfo=UTC)),),
    )
    known = state("c-1", 4)
    rows = desk.reading.remembered(
        [
            raw(StateKey("default", "c-1").encoded(), encode_conversation(known)),
            raw(StateKey("default", "c-2").encoded(), None),
            raw(StateKey("default", "#abc").encoded(), encode_conversation(state("#abc"))),
            raw(StateKey("default").encoded(), encode_checkpoint(point)),
            raw(StateKey("another").encoded(), None),
            raw(b"w|default|c-1", b"a webhook"),
        ]
    )
    assert rows == [
        Remembered("c-1", "default", 1, 5, 4, 4, bytes(16), 0, 0),
        Remembered("c-2", "default", 1, 5, 0, 0, b"", 0, 1),
    ]
    assert desk.reading.positions == {"default": position_of(point)}
    assert position_of(point).open_reads == {"r"}


def test_how_far_every_tier_has_come_is_not_held_back_by_holes_and_never_goes_back() -> None:
    point = checkpoint(3)
    mark, since = point.coverage.watermarks[0], point.coverage.since
    hole = Hole(start=since, end=mark, tier=0, reason="refused", attempts=1, opened_at=mark)
    with_hole = replace(point, coverage=replace(point.coverage, holes=(hole,)))
    assert position_of(with_hole).passed == to_millis(mark) > position_of(with_hole).final
    new_tier = replace(point, coverage=Coverage(since=since, watermarks=(mark, since)))
    promised = replace(new_tier, published=Published(head=mark, final=mark))
    assert position_of(new_tier).passed == to_millis(since)
    assert position_of(promised).passed == to_millis(mark)


def test_a_state_that_can_not_be_read_is_named_and_one_of_a_newer_version_ends_it(desk: Desk) -> None:
    key = StateKey("default", "c-1").encoded()
    assert desk.reading.remembered([raw(key, b"\x01junk")]) == []
    assert desk.checks == [Check.READABLE]
    with pytest.raises(errors.StateTooNew):
        desk.reading.remembered([raw(key, b"\x02new")])


def test_watermarks_are_compared_with_the_one_before_and_the_last_with_the_topic(desk: Desk) -> None:
    marks = [{"source": "default", "headThrough": through, "offsets": [through]} for through in (5, 7, 6)]
    assert desk.reading.promised([raw(b"default", WATERMARK(each)) for each in marks]) == []
    assert desk.checks == [Check.WATERMARKS, Check.WATERMARKS]  # instant and offset
    desk.reading.positions["default"] = Position(since=0, head=6, final=6, passed=0)
    desk.reading.compare_promises((6,))
    assert len(desk.findings.kept) == 2
    desk.reading.compare_promises((5,))
    assert len(desk.findings.kept) == 3


def test_what_audit_retention_has_taken() -> None:
    whole = Extent(topic="audit", firsts=(0, 0), ends=(9, 9))
    assert lost_to(whole, {0: 5, 1: 6}, 1_000) == NEVER
    assert lost_to(replace(whole, firsts=(0, 4)), {0: 5, 1: 6}, 1_000) == 6 + LONGEST_READ
    assert lost_to(replace(whole, firsts=(0, 9)), {0: 5}, 1_000) == 1_000 + LONGEST_READ
    assert timedelta(milliseconds=LONGEST_READ) == timedelta(days=1)
