"""Which reads an extraction is made of, and reading them ahead of whoever takes the answers.

Several reads are under way at once and handed on in their order. Bodies that wait are bounded: by the source for those
it fetches together, and by one answer for each read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from types import TracebackType
from typing import Self

from producer import events
from producer.extraction.query import Asked
from producer.model.instants import floor_millis
from producer.model.reads import Page, Read, ReadEnd, ReadKind, Split
from producer.model.windows import Slice, windows_between
from producer.ports import Observer, Source

IDS_OF_A_READ = 100
READS_AHEAD = 4


@dataclass(frozen=True, slots=True)
class Entered:
    """A read begins; as a part, inside the one that was split."""

    read: Read


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer of the read that was entered last."""

    read: Read
    answer: Page | Split | ReadEnd


@dataclass(frozen=True, slots=True)
class Left:
    """The read that was entered last is over, with all its parts."""

    read: Read


Arrival = Entered | Answered | Left
_Lane = asyncio.Queue["Arrival | Exception | None"]


def reads_of(asked: Asked, request_id: str, now: datetime) -> Iterator[Read]:
    """The reads of an extraction, oldest first: batches of ids, or a window for each UTC day up to now."""
    if asked.interaction_ids:
        for start in range(0, len(asked.interaction_ids), IDS_OF_A_READ):
            ids = asked.interaction_ids[start : start + IDS_OF_A_READ]
            yield Read(request_id=request_id, kind=ReadKind.QUERY, ids=ids)
    elif asked.interval is not None:
        for window in windows_between(asked.interval.start, min(asked.interval.end, floor_millis(now))):
            part = Slice(window=window, selection=asked.selection)
            yield Read(request_id=request_id, kind=ReadKind.QUERY, slice=part)


async def whole(source: Source, read: Read, observe: Observer, name: str) -> AsyncGenerator[Arrival, None]:
    """A read with its parts, where it was split. `name` is the source's. Raises as ports.Source.read."""
    observe(events.ReadStarted(source=name, read=read))
    yield Entered(read)
    split: Split | None = None
    async with aclosing(source.read(read)) as answers:
        async for answer in answers:
            yield Answered(read, answer)
            split = answer if isinstance(answer, Split) else None
    if split is not None:
        observe(events.WindowSplit(source=name, read=read, hits=split.hits, parts=split.parts))
        for part in split.parts:
            async with aclosing(whole(source, replace(read, slice=part), observe, name)) as arrivals:
                async for arrival in arrivals:
                    yield arrival
    yield Left(read)


class Ahead:
    """Reads ahead while it is entered; left, it has ended its requests, whatever it was doing.

    `opened` gives the source for as long as it is needed, `read` makes one read of it.
    """

    def __init__(
        self,
        opened: Callable[[], AbstractAsyncContextManager[Source]],
        reads: Iterable[Read],
        read: Callable[[Source, Read], AsyncGenerator[Arrival, None]],
    ) -> None:
        self._opened = opened
        self._reads = reads
        self._read = read
        self._lanes: asyncio.Queue[_Lane | Exception | None] = asyncio.Queue(READS_AHEAD - 1)
        self._work: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        # A task of its own: a group would have to be left in the step of the generator that entered it.
        self._work = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._work is not None:
            await ended(self._work)

    async def arrivals(self) -> AsyncGenerator[Arrival, None]:
        """All arrivals, in the order of the reads. Raises the failure of a read once all before it was handed on."""
        while (lane := await self._lanes.get()) is not None:
            if isinstance(lane, Exception):
                raise lane
            while (arrival := await lane.get()) is not None:
                if isinstance(arrival, Exception):
                    raise arrival
                yield arrival

    async def _run(self) -> None:
        try:
            async with self._opened() as source, asyncio.TaskGroup() as group:
                for read in self._reads:
                    lane: _Lane = asyncio.Queue(1)
                    await self._lanes.put(lane)
                    group.create_task(self._fill(lane, source, read))
        except Exception as error:  # noqa: BLE001 - handed to whoever takes the arrivals
            await self._lanes.put(error)
        else:
            await self._lanes.put(None)

    async def _fill(self, lane: _Lane, source: Source, read: Read) -> None:
        """One read, in order and within bounds; its failure is told in its turn and ends no other."""
        try:
            async with aclosing(self._read(source, read)) as arrivals:
                async for arrival in arrivals:
                    await lane.put(arrival)
        except Exception as error:  # noqa: BLE001 - as above
            await lane.put(error)
        else:
            await lane.put(None)


async def ended(work: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it is over, however often one is told to stop meanwhile."""
    told: asyncio.CancelledError | None = None
    while not work.done():
        work.cancel()
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError as error:
            told = error
    if told is not None:
        raise told
