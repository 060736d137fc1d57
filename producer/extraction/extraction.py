"""One extraction from the first request to the last chunk: pages in, records out, everything told.

It keeps what it must and no more: the chunk in the making, and the ids that may come again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from producer import errors, events
from producer.extraction.choice import choice_of
from producer.extraction.given import Given
from producer.extraction.query import Asked
from producer.extraction.reading import Ahead, Answered, Arrival, Entered
from producer.extraction.result import ExtractionEnded, Tally, end_of
from producer.extraction.trail import Trail
from producer.model.instants import to_millis
from producer.model.outcome import Emitted, Poison, Sighting
from producer.model.reads import Page, RawConversation, Read, ReadEnd
from producer.ports import Clock, Compare, Observer

Record = dict[str, Any]

_NEVER_COMPLETE = 1 << 31
"""The horizon of who remembers nothing: every record says that earlier states may exist (`resumed`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What extractions of one retriever share. `defaults` are the fields that a record has when nothing is said."""

    source: str
    compare: Compare
    defaults: Record
    clock: Clock
    observe: Observer


@dataclass(slots=True, kw_only=True)
class Extraction:
    """One extraction. `finished` is told its end, at once and without failing."""

    asked: Asked
    request_id: str
    means: Means
    trail: Trail
    ahead: Ahead
    tally: Tally
    finished: Callable[[ExtractionEnded], None]
    _given: Given = field(default_factory=Given)

    async def chunks(self) -> AsyncGenerator[list[Record], None]:
        """Lists of records, each of `size` but the last. Raises as ports.Source.read, and what `trail` raises."""
        try:
            await self.trail.started(self.asked, self.tally.began)
            async with aclosing(self._full_chunks()) as chunks:
                async for chunk in chunks:
                    self.tally.records += len(chunk)
                    yield chunk
        except BaseException as error:
            await self._failed(error)
            raise
        await self._completed()

    async def _full_chunks(self) -> AsyncGenerator[list[Record], None]:
        size, waiting = self.asked.size, list[Record]()
        async with self.ahead, aclosing(self.ahead.arrivals()) as arrivals:
            async for arrival in arrivals:
                waiting += await self._records(arrival)
                while len(waiting) >= size:
                    chunk, waiting = waiting[:size], waiting[size:]
                    yield chunk
        if waiting:
            yield waiting

    async def _records(self, arrival: Arrival) -> list[Record]:
        """What is to be given of an arrival. Raises WindowRefused where a part can't be read."""
        match arrival:
            case Entered():
                self._given.enter()
            case Answered(read, Page() as page):
                return await self._of_page(read, page)
            case Answered(answer=ReadEnd() as end):
                self.tally.verdicts[end.verdict] += 1
                if end.unread is not None:
                    message = f"a part of {arrival.read.slice} holds more than the API pages through"
                    raise errors.WindowRefused(message, code=end.unread)
            case Answered():
                pass  # it was split: its parts follow
            case _:
                self._given.leave(arrival.read)
        return []

    async def _of_page(self, read: Read, page: Page) -> list[Record]:
        self.tally.page(page)
        self.means.observe(
            events.PageFetched(
                source=self.means.source,
                read=read,
                number=page.number,
                conversations=len(page.conversations),
                size=page.size,
            )
        )
        now = self.means.clock.now()
        records, malformed = self._sorted_out(page, self._sighting(read, page, now))
        for each in malformed:
            self._tell_malformed(read, each)
        self.tally.malformed += len(malformed)
        await self.trail.page(self.tally.pages, page, len(records), malformed, now)
        return records

    def _sorted_out(self, page: Page, sighting: Sighting) -> tuple[list[Record], list[Poison]]:
        """The records of a page that were asked for and not given before, and what can't be made one."""
        chosen = choice_of(self.asked)
        records: list[Record] = []
        malformed: list[Poison] = []
        for raw in page.conversations:
            outcome = self._settled(raw, sighting)
            if isinstance(outcome, Poison):
                malformed.append(outcome)
            elif outcome is None or outcome["recordId"] in self._given:
                self.tally.repeated += 1
            elif not chosen(outcome):
                self.tally.left_out += 1
            else:
                self._given.add(outcome["recordId"], outcome["endTime"])
                records.append(outcome)
        return records, malformed

    def _settled(self, raw: RawConversation, sighting: Sighting) -> Record | Poison | None:
        """One conversation as a record; None when it was given already, which its raw bytes mostly tell."""
        if raw.id is not None and raw.id in self._given:
            return None
        outcome = self.means.compare(raw, _nothing_known, sighting)
        if isinstance(outcome, Emitted):
            return {**self.means.defaults, **outcome.record}
        if isinstance(outcome, Poison):
            return outcome
        raise errors.ProducerError(f"nothing is known, and a conversation came out as {type(outcome).__name__}")

    def _sighting(self, read: Read, page: Page, now: datetime) -> Sighting:
        return Sighting(
            source=self.means.source,
            request_id=self.request_id,
            origin=read.origin,
            as_of=to_millis(page.as_of),
            observed_at=to_millis(page.observed_at),
            normalized_at=to_millis(now),
            horizon_day=_NEVER_COMPLETE,
        )

    def _tell_malformed(self, read: Read, poison: Poison) -> None:
        self.means.observe(
            events.ConversationMalformed(
                source=self.means.source,
                read=read,
                conversation_id=poison.id,
                reason=poison.reason,
                path=poison.path,
                message=poison.message,
            )
        )

    # --- the end ----------------------------------------------------------------------------------------------------

    async def _completed(self) -> None:
        ended = end_of(self.request_id, self.tally, self.means.clock.now(), None)
        try:
            await self.trail.completed(self.tally, ended.metrics, ended.timestamp)
        finally:
            self.finished(ended)

    async def _failed(self, error: BaseException) -> None:
        ended = end_of(self.request_id, self.tally, self.means.clock.now(), error)
        try:
            await self.trail.failed(ended, getattr(error, "correlation_id", None))
        finally:
            self.finished(ended)


def _nothing_known(_conversation_id: str) -> None:
    """An extraction remembers nothing of what was extracted before."""
