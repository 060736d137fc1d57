"""Whatever lives when, however windows are split: what lived in the range is given, once, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from producer.extraction.extraction import Extraction
from producer.extraction.query import Asked
from producer.extraction.reading import Ahead, reads_of, whole
from producer.extraction.result import ExtractionEnded, Status, Tally
from producer.extraction.trail import Trail
from producer.library import means_of
from producer.model.reads import RawConversation, Read, Split
from producer.model.windows import Interval, Slice, Window
from producer.settings import Settings
from producer.transform.fingerprint import raw_hash
from tests.support.build import DAY, page, read_end
from tests.support.clock import FakeClock
from tests.support.lane import counted
from tests.support.scripted_source import Item, ScriptedSource

MINUTES = 3 * 24 * 60
MEANS = means_of(Settings(), FakeClock(DAY + timedelta(days=4)), lambda _: None)


@dataclass(frozen=True)
class Life:
    """A conversation by the minute; `end` None: it is open."""

    number: int
    start: int
    end: int | None

    @property
    def times(self) -> tuple[datetime, datetime | None]:
        begin = DAY + timedelta(minutes=self.start)
        return begin, None if self.end is None else DAY + timedelta(minutes=self.end)

    def is_in(self, window: Window | Interval) -> bool:
        """The API's rule: it lives in the interval, and began on a day that the interval touches."""
        start, end = self.times
        last = window.end - timedelta(milliseconds=1)
        days = window.start.date() <= start.date() <= last.date()
        return days and start < window.end and (end is None or end >= window.start)

    def raw(self) -> RawConversation:
        start, end = self.times
        content = {"conversationId": f"c-{self.number}", "conversationStart": start.isoformat()}
        text = json.dumps(content | ({"conversationEnd": end.isoformat()} if end else {})).encode()
        return RawConversation(f"c-{self.number}", text, raw_hash(text))


@st.composite
def lives(draw: st.DrawFn) -> list[Life]:
    starts = draw(st.lists(st.integers(0, MINUTES - 1), max_size=25))
    lengths = st.one_of(st.none(), st.integers(0, 30), st.integers(0, 2_000))
    return [
        Life(number, start, None if (length := draw(lengths)) is None else start + length)
        for number, start in enumerate(starts)
    ]


@st.composite
def ranges(draw: st.DrawFn) -> Interval:
    start = draw(st.integers(0, MINUTES - 1))
    end = draw(st.integers(start + 1, MINUTES))
    return Interval(DAY + timedelta(minutes=start), DAY + timedelta(minutes=end))


def organisation(population: list[Life], bound: int, *, late: bool) -> ScriptedSource:
    """Splits what holds more than `bound`, `late` only once it has given a page; repeats rows over its pages."""

    def answer(read: Read) -> Iterable[Item]:
        assert read.slice is not None
        window = read.slice.window
        found = [life.raw() for life in population if life.is_in(window)]
        halves = window.halves(timedelta(minutes=1))
        if len(found) > bound and halves:
            if late:
                yield page(*found[:2])
            yield Split(parts=tuple(Slice(window=half) for half in halves), hits=len(found))
            return
        for first in range(0, len(found), 3):
            yield page(*found[max(0, first - 1) : first + 3])
        yield read_end(unique=len(found))

    return ScriptedSource(clock=FakeClock(), answer=answer)


async def extracted(source: ScriptedSource, asked: Asked) -> tuple[list[str], list[Mapping[str, Any]], Extraction]:
    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[ScriptedSource]:
        yield source

    told: list[Mapping[str, Any]] = []
    ended: list[ExtractionEnded] = []
    now = MEANS.clock.now()
    extraction = Extraction(
        asked=asked,
        request_id="r",
        means=MEANS,
        trail=Trail(request_id="r", source="default", tell=told.append, new_id=counted("a")),
        ahead=Ahead(opened, reads_of(asked, "r", now), lambda at, read: whole(at, read, lambda _: None, "default")),
        tally=Tally(began=now),
        finished=ended.append,
    )
    chunks = [chunk async for chunk in extraction.chunks()]
    assert [len(chunk) for chunk in chunks[:-1]] == [asked.size] * (len(chunks) - 1)
    assert [each.status for each in ended] == [Status.SUCCESS]
    return [record["recordId"] for chunk in chunks for record in chunk], told, extraction


@given(lives(), ranges(), st.integers(1, 12), st.integers(1, 7), st.booleans())
def test_row_7_what_lived_in_the_range_is_given_once_and_nothing_else(
    population: list[Life],
    asked_range: Interval,
    bound: int,
    size: int,
    late: bool,  # noqa: FBT001 - drawn
) -> None:
    asked = Asked(interval=asked_range, size=size)
    source = organisation(population, bound, late=late)
    found, told, extraction = asyncio.run(extracted(source, asked))
    assert sorted(found) == sorted(f"c-{life.number}" for life in population if life.is_in(asked_range))
    assert sum(event["recordCount"] or 0 for event in told) == len(found)
    assert len(extraction._given) == 0
    assert source.closed == len(source.reads)
