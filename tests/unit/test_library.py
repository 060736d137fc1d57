"""The retriever over a scripted organisation: order, parts, failures, and what is told of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

import producer
from producer import Connection, ConversationRetriever, ExtractionEnded, Query, Status, errors, library, to_logger
from producer.events import Event, OrganisationUnverified, WindowSplit
from producer.model.instants import to_millis
from producer.model.reads import RawConversation, Read, Split
from producer.model.windows import Slice, Window
from producer.settings import Settings, SettingsRefused
from producer.transform.fingerprint import raw_hash
from tests.support.build import DAY, page, read_end
from tests.support.clock import FakeClock
from tests.support.scripted_source import Item, ScriptedSource

ACCESS = Connection(region="mypurecloud.ie", client_id="c", client_secret="canary-secret")
DAYS = Query(channel_types=("ALL",), start_time=DAY - timedelta(days=6), end_time=DAY)
ID = "9d2f7c1e-0000-4000-8000-00000000000a"


def conversation(name: str, start: str = "2025-03-04T10:00:00Z", end: str | None = None) -> RawConversation:
    content = {"conversationId": name, "conversationStart": start, **({"conversationEnd": end} if end else {})}
    text = json.dumps(content).encode()
    return RawConversation(name, text, raw_hash(text))


def window_of(read: Read) -> Window:
    assert read.slice is not None
    return read.slice.window


def one_a_day(read: Read) -> Iterable[Item]:
    day = window_of(read).start
    yield page(conversation(f"{day:%d}", start=day.isoformat(), end=day.isoformat()))
    yield read_end()


@dataclass
class Told:
    """What a retriever told."""

    audit: list[Mapping[str, Any]] = field(default_factory=list)
    ended: list[ExtractionEnded] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def actions(self) -> list[str]:
        return [str(event["action"]).removeprefix("EXTRACTION_") for event in self.audit]


@dataclass
class World:
    """A scripted organisation, and how often it was opened."""

    told: Told
    source: ScriptedSource
    retriever: ConversationRetriever
    opened: int = 0
    open: int = 0

    async def extract(self, query: Query = DAYS) -> list[str]:
        """The ids of all records."""
        found: list[str] = []
        async with aclosing(self.retriever.execute(query)) as chunks:
            async for chunk in chunks:
                found += [record["recordId"] for record in chunk]
        return found


Make = Callable[..., World]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    def made(answer: Callable[[Read], Iterable[Item]], access: Settings | Connection = ACCESS, **options: Any) -> World:
        told, clock = Told(), FakeClock(DAY + timedelta(hours=12))
        source = ScriptedSource(clock=clock, answer=answer)
        retriever = ConversationRetriever(
            access,
            **({"audit": told.audit.append, "finished": told.ended.append, "observe": told.events.append} | options),
            clock=clock,
        )
        world = World(told, source, retriever)

        @contextlib.asynccontextmanager
        async def opened(*_: object, **__: object) -> AsyncIterator[ScriptedSource]:
            world.opened += 1
            world.open += 1
            yield source
            world.open -= 1

        monkeypatch.setattr(library, "source_of", opened)
        return world

    return made


async def test_days_come_in_their_order_though_they_are_read_at_once(make: Make) -> None:
    late, begun = asyncio.Event(), list[int]()

    def answer(read: Read) -> Iterable[Item]:
        begun.append(window_of(read).start.day)
        if window_of(read).start.day == 4:
            yield late
        else:
            late.set()
        yield from one_a_day(read)

    world = make(answer)
    assert await world.extract() == ["04", "05", "06", "07", "08", "09"]
    assert begun == [4, 5, 6, 7, 8, 9]


async def test_no_more_than_four_reads_are_under_way(make: Make) -> None:
    held, begun = asyncio.Event(), list[int]()

    def answer(read: Read) -> Iterable[Item]:
        begun.append(window_of(read).start.day)
        yield held
        yield from one_a_day(read)

    world = make(answer)
    extracting = asyncio.create_task(world.extract())
    for _ in range(200):
        await asyncio.sleep(0)
    assert len(begun) == 4
    held.set()
    assert len(await extracting) == 6


async def test_a_failure_is_told_in_its_turn_and_what_came_before_is_given(make: Make) -> None:
    def answer(read: Read) -> Iterable[Item]:
        if window_of(read).start.day == 6:
            yield errors.SourceUnavailable("502 again and again", code="bad.gateway", correlation_id="corr-1")
        yield from one_a_day(read)

    world = make(answer)
    given: list[str] = []
    query = Query(channel_types=("ALL",), start_time=DAYS.start_time, end_time=DAYS.end_time, size=1)

    async def walk() -> None:
        async for chunk in world.retriever.execute(query):
            given.extend(record["recordId"] for record in chunk)

    with pytest.raises(errors.SourceUnavailable, match="502 again and again"):
        await walk()
    assert given == ["04", "05"]
    assert world.told.actions == ["STARTED", "PAGE_PROCESSED", "PAGE_PROCESSED", "FAILED"]
    assert dict(world.told.audit[-1]["details"]) == {
        "error": '{"code":"bad.gateway","message":"502 again and again"}',
        "correlationId": '"corr-1"',
    }
    (ended,) = world.told.ended
    assert (ended.status, ended.error_code, ended.error_message) == (
        Status.FAILURE,
        "bad.gateway",
        "502 again and again",
    )
    assert ended.metrics.total_records_extracted == 2
    assert (world.open, world.source.closed) == (0, len(world.source.reads))


async def test_what_stays_unread_is_no_success(make: Make) -> None:
    def answer(read: Read) -> Iterable[Item]:
        yield page(conversation("a"))
        yield read_end(unread="over.result.cap")

    world = make(answer)
    with pytest.raises(errors.WindowRefused, match="holds more than the API pages through") as refused:
        await world.extract()
    assert (refused.value.code, world.told.actions[-1]) == ("over.result.cap", "FAILED")


async def test_row_7_parts_are_read_in_place_of_what_was_split_and_nothing_is_given_twice(make: Make) -> None:
    def answer(read: Read) -> Iterable[Item]:
        window, whole = window_of(read), Window(DAY - timedelta(days=1), DAY)
        halves = whole.halves(timedelta(minutes=1))
        if window == whole:
            yield page(conversation("before the split", end="2025-03-09T01:00:00Z"))
            yield Split(parts=tuple(Slice(window=half) for half in halves), hits=3)
        elif window == halves[0]:
            yield page(conversation("before the split", end="2025-03-09T01:00:00Z"), conversation("lives on"))
            yield read_end()
        else:
            yield page(conversation("lives on"), conversation("late", end="2025-03-09T23:00:00Z"))
            yield read_end()

    world = make(answer)
    query = Query(channel_types=("ALL",), start_time=DAY - timedelta(days=1), end_time=DAY)
    assert await world.extract(query) == ["before the split", "lives on", "late"]
    assert [event.hits for event in world.told.events if isinstance(event, WindowSplit)] == [3]
    assert [event["recordCount"] for event in world.told.audit] == [None, 1, 1, 1, None]
    assert json.loads(world.told.audit[-1]["details"]["repeated"]) == 2
    assert {each.request_id for each in world.source.reads} == {world.told.ended[0].request_id}


async def test_row_3_a_token_of_another_organisation_reads_nothing(make: Make) -> None:
    access = Connection(region="mypurecloud.ie", client_id="c", client_secret="s", realm_id="org-1")
    world = make(one_a_day, access)
    world.source.organisations.extend(["org-2", "org-1", None])
    world.source.organisations.popleft()
    with pytest.raises(errors.WrongOrganisation, match=r"to organisation org-2, genesys\.realm_id says org-1"):
        await world.extract()
    assert (world.source.reads, world.told.actions) == ([], ["STARTED", "FAILED"])
    assert len(await world.extract()) == 6
    assert len(await world.extract()) == 6
    assert [event for event in world.told.events if isinstance(event, OrganisationUnverified)] == [
        OrganisationUnverified(source="default", expected="org-1")
    ]


async def test_an_audit_that_fails_ends_the_extraction_and_its_text_is_not_told(make: Make) -> None:
    def refuse(_event: object) -> None:
        raise OSError("disk full of canary-secret")

    world = make(one_a_day, audit=refuse)
    with pytest.raises(OSError, match="disk full"):
        await world.extract()
    (ended,) = world.told.ended
    assert (ended.status, ended.error_code) == (Status.FAILURE, "OSError")
    assert "canary" not in repr(ended)


async def test_what_one_extraction_used_of_the_limit_the_next_one_knows(make: Make) -> None:
    world = make(one_a_day)
    await world.extract()
    assert (world.opened, world.open, world.source.resumed) == (1, 0, [])
    used = world.source.usage()
    await world.extract()
    assert (world.opened, world.open, world.source.resumed) == (2, 0, [used])


async def test_extractions_at_the_same_time_share_one_source(make: Make) -> None:
    world = make(one_a_day)
    found = await asyncio.gather(world.extract(), world.extract(), world.extract())
    assert [len(each) for each in found] == [6, 6, 6]
    assert (world.opened, world.open) == (1, 0)


def test_a_retriever_serves_one_event_loop_after_the_other(make: Make) -> None:
    world = make(one_a_day)

    async def both() -> list[list[str]]:
        return list(await asyncio.gather(world.extract(), world.extract()))

    assert [[len(each) for each in asyncio.run(both())] for _ in range(2)] == [[6, 6], [6, 6]]
    assert (world.opened, world.open) == (2, 0)


async def test_ids_are_asked_for_a_hundred_at_a_time(make: Make) -> None:
    def answer(read: Read) -> Iterable[Item]:
        yield page(*(conversation(each) for each in read.ids))
        yield read_end(unique=len(read.ids))

    world = make(answer)
    ids = tuple(f"9d2f7c1e-0000-4000-8000-{number:012x}" for number in range(230))
    assert await world.extract(Query(interaction_ids=ids)) == list(ids)
    assert [len(read.ids) for read in world.source.reads] == [100, 100, 30]


async def test_row_4_a_query_is_refused_when_it_is_executed_and_nothing_is_opened(make: Make) -> None:
    world = make(one_a_day)
    with pytest.raises(producer.QueryRefused):
        world.retriever.execute(Query())
    assert (world.opened, world.told.actions, world.told.ended, world.retriever.metrics) == (0, [], [], None)


async def test_row_13_metrics_are_of_the_extraction_that_runs_and_then_of_the_last(make: Make) -> None:
    world = make(one_a_day)
    query = Query(channel_types=("ALL",), start_time=DAYS.start_time, end_time=DAYS.end_time, size=2)
    seen: list[int] = []
    async for _ in world.retriever.execute(query):
        assert world.retriever.metrics is not None
        seen.append(world.retriever.metrics.total_records_extracted)
    assert seen == [2, 4, 6]
    assert world.retriever.metrics == world.told.ended[0].metrics


def test_what_is_wrong_with_a_connection_is_told_at_once_without_its_secret() -> None:
    with pytest.raises(SettingsRefused) as refused:
        ConversationRetriever(Connection(client_id="", client_secret="canary-secret"))
    assert [problem.names[0] for problem in refused.value.problems] == ["genesys.client_id", "genesys.region"]
    assert "canary" not in str(refused.value) + repr(ACCESS)


async def test_row_12_an_audit_may_be_a_logger(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = make(one_a_day, audit=to_logger(logging.getLogger("audit")))
    await world.extract()
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "audit"]
    assert [line["action"] for line in lines] == ["EXTRACTION_STARTED", *["PAGE_PROCESSED"] * 6, "EXTRACTION_COMPLETED"]
    assert {line["complianceVersion"] for line in lines} == {"1.0"}


async def test_row_10_a_record_has_every_field_of_the_schema(make: Make) -> None:
    def answer(_: Read) -> Iterable[Item]:
        yield page(conversation(ID, start="2025-03-04T10:00:00.250Z", end="2025-03-04T10:01:00Z"))
        yield read_end()

    world = make(answer)
    ((record,),) = [chunk async for chunk in world.retriever.execute(Query(interaction_ids=(ID,)))]
    told = {
        name: record[name] for name in ("recordId", "startTime", "endTime", "durationMs", "queueName", "selfServed")
    }
    assert told == {
        "recordId": ID,
        "startTime": to_millis(DAY) - 6 * 86_400_000 + 36_000_250,
        "endTime": to_millis(DAY) - 6 * 86_400_000 + 36_060_000,
        "durationMs": 59_750,
        "queueName": None,
        "selfServed": None,
    }
    assert record["normalizedAt"] == to_millis(DAY + timedelta(hours=12))


def test_importing_the_package_alone_imports_nothing_of_it() -> None:
    asked = "import sys, producer; print(sorted(name for name in sys.modules if name.startswith(('producer.', 'aio'))))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_what_the_package_offers_is_there() -> None:
    assert {name: getattr(producer, name).__name__ for name in producer.__all__} == {n: n for n in producer.__all__}
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = producer.Nothing
