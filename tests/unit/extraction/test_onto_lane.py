"""An extraction onto a lane, in memory: what it sends, what it leaves alone, and how it fails."""

from __future__ import annotations

import contextlib
import io
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest

from producer import errors
from producer.encoding.avro import Avro
from producer.encoding.schemas import Subject
from producer.extraction import onto_lane
from producer.extraction.onto_lane import LaneExtraction, reaches_behind, recall_of
from producer.extraction.query import Asked
from producer.kafka.options import KafkaOptions
from producer.model.conversation import ConversationState
from producer.model.instants import Millis, day_number, to_millis
from producer.model.reads import Read
from producer.model.windows import Interval
from producer.transform.fingerprint import FINGERPRINT_VERSION
from producer.verify.progress import Progress
from tests.support.build import DAY, at, page, raw, read_end
from tests.support.lane import audit_of
from tests.support.memory_sink import Failing
from tests.support.scripted_source import Item
from tests.support.virtual_time import LOOP_BEGAN, in_virtual_time
from tests.support.whole_lane import World, nothing

RANGE = Asked(interval=Interval(LOOP_BEGAN - timedelta(days=2), LOOP_BEGAN))


@pytest.fixture(autouse=True)
def topic(monkeypatch: pytest.MonkeyPatch) -> dict[str, ConversationState]:
    """What stands on the topic, by id."""
    states: dict[str, ConversationState] = {}

    @contextlib.asynccontextmanager
    async def found(*_: object) -> AsyncIterator[Callable[[Iterable[str]], dict[str, ConversationState]]]:
        yield lambda ids: {each: states[each] for each in ids if each in states}

    monkeypatch.setattr(onto_lane, "recollected", found)
    return states


def extraction(world: World, asked: Asked = RANGE) -> LaneExtraction:
    kafka = KafkaOptions(bootstrap_servers="none:1")
    return LaneExtraction(lane=world.process(), kafka=kafka, asked=asked, progress=Progress(io.StringIO()))


def told(world: World) -> list[str]:
    """The audit events and what they count, without the run's."""
    return audit_of(record for batch in world.sink.batches for record in batch.records)


def each_day(read: Read) -> Iterable[Item]:
    assert read.slice is not None
    yield page(raw(id=f"c{read.slice.window.start:%d}", v=1), asked=LOOP_BEGAN)
    yield read_end()


@in_virtual_time
async def test_every_read_has_a_trail_and_coverage_stays_as_it_is() -> None:
    world = World(answer=each_day)
    await extraction(world).run()
    sent = sorted(world.contents())
    assert len(sent) == len(world.source.reads) == 3
    checkpoint = world.sink.checkpoints["default"]
    assert checkpoint.coverage.watermarks == (LOOP_BEGAN,)
    assert (checkpoint.open_reads, world.sink.closed) == ((), 1)
    before = checkpoint.coverage
    await extraction(world).run()
    assert sorted(world.contents().values()) == [[1], [1], [1]]
    assert world.sink.checkpoints["default"].coverage == before


@in_virtual_time
async def test_what_stands_on_the_topic_is_not_sent_again(topic: dict[str, ConversationState]) -> None:
    world = World(answer=each_day)
    name = f"c{LOOP_BEGAN:%d}"
    topic[name] = ConversationState(id=name, raw_hash=raw(id=name, v=1).hash, revision=4, version=9)
    await extraction(world).run()
    assert name not in world.contents()
    assert len(world.contents()) == 2


@in_virtual_time
async def test_a_source_that_fails_is_audited_and_what_came_before_stays() -> None:
    def answer(read: Read) -> Iterable[Item]:
        if len(world.source.reads) == 2:
            yield errors.SourceUnavailable("502", code="bad.gateway")
        yield from each_day(read)

    world = World(answer=answer)
    with pytest.raises(errors.SourceUnavailable, match="502"):
        await extraction(world).run()
    assert len(world.contents()) == 1
    assert any("FAILED" in line for line in told(world))
    assert (world.sink.checkpoints["default"].open_reads, world.sink.closed) == ((), 1)


@in_virtual_time
async def test_a_part_that_can_not_be_read_is_no_success_and_the_rest_is_read() -> None:
    def answer(read: Read) -> Iterable[Item]:
        if len(world.source.reads) == 1:
            yield errors.WindowRefused("too large", code="response.entity.too.large")
        yield from each_day(read)

    world = World(answer=answer)
    with pytest.raises(errors.WindowRefused, match="all else is there") as refused:
        await extraction(world).run()
    assert (refused.value.code, len(world.contents())) == ("response.entity.too.large", 2)
    assert world.sink.checkpoints["default"].coverage.holes == ()


@in_virtual_time
async def test_a_commit_that_fails_ends_it() -> None:
    world = World(answer=each_day)
    world.sink.commits.append(Failing(error=errors.Fenced("taken back")))
    with pytest.raises(ExceptionGroup) as failed:
        await extraction(world).run()
    assert failed.value.subgroup(errors.Fenced) is not None
    assert (world.contents(), world.sink.closed) == ({}, 1)


@in_virtual_time
async def test_row_3_a_token_of_another_organisation_writes_nothing() -> None:
    world = World(answer=each_day)
    world.source.organisations[0] = "org-1"
    await extraction(world).run()
    assert world.sink.checkpoints["default"].organisation_id == "org-1"
    batches = len(world.sink.batches)
    world.source.organisations[0] = "org-2"
    with pytest.raises(errors.WrongOrganisation, match="belongs to organisation org-2, the checkpoint says org-1"):
        await extraction(world).run()
    assert len(world.sink.batches) == batches


@in_virtual_time
async def test_the_limit_goes_on_from_what_the_daemon_used() -> None:
    world = World(answer=nothing)
    await world.run(60)
    used = world.sink.checkpoints["default"].usage
    world.source.resumed.clear()
    await extraction(world).run()
    assert world.source.resumed == [used]


def test_what_may_be_forgotten_begins_before_the_horizon_or_is_asked_by_id() -> None:
    asked = Asked(interval=Interval(at("10:00"), at("11:00")))
    today = day_number(DAY)
    assert [reaches_behind(asked, day) for day in (today, today + 1)] == [False, True]
    assert reaches_behind(Asked(interaction_ids=("c",)), 0)


RECORD: dict[str, Any] = {
    "recordId": "c-1",
    "source": "default",
    "version": 1_741_600_000_007,
    "revision": 3,
    "contentHash": "00112233445566778899aabbccddeeff",
    "asOf": 1_741_600_000_000,
    "startTime": to_millis(at("10:00")),
    "endTime": to_millis(at("11:00", day=1)),
}


def whole(**changes: Any) -> bytes:
    return Avro.shipped().encoder(Subject.CONVERSATION)({**RECORD, **changes})


def recalled(asked: Asked, **changes: Any) -> ConversationState | None:
    return recall_of(asked, "default")(whole(**changes))


def test_a_record_says_what_its_state_was() -> None:
    day = day_number(DAY)
    state = ConversationState(
        id="c-1",
        fingerprint=bytes.fromhex("00112233445566778899aabbccddeeff"),
        fingerprint_version=FINGERPRINT_VERSION,
        revision=3,
        version=1_741_600_000_007,
        as_of=Millis(1_741_600_000_000),
        start_day=day,
        last_day=day + 1,
        ended=True,
    )
    assert recalled(Asked(interval=Interval(at("00:00"), at("12:00")))) == state
    assert recalled(Asked(interaction_ids=("c-0", "c-1"))) == state
    still_open = recalled(Asked(interaction_ids=("c-1",)), endTime=None)
    assert still_open is not None
    assert (still_open.ended, still_open.watch) == (False, "open")


def test_a_row_says_the_same() -> None:
    encode = Avro.shipped().encoder(Subject.CONVERSATION_FLAT)
    state = recall_of(Asked(interaction_ids=("c-1",)), "default")(encode(RECORD))
    assert state == recalled(Asked(interaction_ids=("c-1",)))
    assert state is not None


def test_one_that_began_before_the_range_is_recalled_too() -> None:
    asked = Asked(interval=Interval(at("00:00"), at("12:00")))
    began_before = recalled(asked, startTime=to_millis(at("10:00", day=-1)))
    assert began_before is not None
    assert began_before.start_day == day_number(DAY) - 1


def test_a_record_that_was_not_asked_for_is_not_recalled() -> None:
    asked = Asked(interval=Interval(at("00:00"), at("12:00")))
    assert recalled(asked, startTime=to_millis(at("10:00", day=1))) is None
    assert recalled(asked, source="emea") is None
    assert recalled(Asked(interaction_ids=("c-2",))) is None
