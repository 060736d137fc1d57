"""Making one read: its pages, or its parts, or its failure, handed on as steps.

It makes no record and keeps no position: whatever is lost on the way is planned again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta

from producer import errors, events
from producer.assembly.batch import reason_of
from producer.model import steps
from producer.model.reads import Due, Page, Read, ReadEnd, ReadKind, Split, Verdict
from producer.ports import Clock, Observer, Source

Answers = AsyncGenerator[Page | Split | ReadEnd, None]

CLOCK_TOLERANCE = timedelta(seconds=2)
"""How far a window may reach beyond the server's clock: its Date leaves out fractions of a second."""
MOST_AHEAD = timedelta(seconds=30)
"""How far our clock may be ahead of the server's: answers are dated by it, and later ones must not look older."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a read came to: requests made, and why (a part of) it was refused."""

    requests: int
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Makes the reads of one source. `put` takes a step (waiting for room); `last_tier` is that of the oldest age."""

    name: str
    source: Source
    clock: Clock
    observe: Observer
    new_id: Callable[[], str]
    put: Callable[[steps.Step], Awaitable[None]]
    last_tier: int = 0

    async def make(self, due: Due) -> Tally:
        """Make one read or, when it holds too much, one for each part. Raises SourceError but WindowRefused."""
        read = Read.of(due, self.new_id())
        await self.put(steps.Started(read=read, at=self.clock.now()))
        self.observe(events.ReadStarted(source=self.name, read=read))
        window = due.slice.window if due.slice and due.covers else None
        try:
            async with aclosing(self.source.read(read)) as answers:
                outcome = await self._take_in(read, answers)
        except errors.WindowRefused as error:
            await self.put(steps.Failed(read=read, error=error, at=self.clock.now(), misses=window))
            return Tally(requests=1, refused=reason_of(error))
        except errors.SourceError as error:
            await self.put(steps.Failed(read=read, error=error, at=self.clock.now()))
            raise
        now = self.clock.now()
        if isinstance(outcome, Split):
            await self.put(steps.Parted(read=read, split=outcome, at=now))
            return await self._parts(due, read, outcome)
        await self.put(steps.Ended(read=read, end=self._judged(read, outcome), at=now, covers=window))
        return Tally(requests=outcome.attempts, refused=outcome.unread)

    def _judged(self, read: Read, end: ReadEnd) -> ReadEnd:
        """What does not add up at the last age will be read no more: that is said."""
        last = read.kind is ReadKind.REREAD and read.tier == self.last_tier
        return replace(end, verdict=Verdict.SHORT) if last and end.verdict is Verdict.PROVISIONAL else end

    async def _take_in(self, read: Read, answers: Answers) -> Split | ReadEnd:
        async for answer in answers:
            if not isinstance(answer, Page):
                return answer
            refuse_ahead(read, answer)
            await self.put(steps.Arrived(read=read, page=answer))
            self.observe(
                events.PageFetched(
                    source=self.name,
                    read=read,
                    number=answer.number,
                    conversations=len(answer.conversations),
                    size=answer.size,
                )
            )
        raise errors.ProducerError(f"read {read.request_id} ended without saying how")

    async def _parts(self, whole: Due, read: Read, split: Split) -> Tally:
        """Read the parts; where they share one window, that is settled once all of them were read."""
        covers = whole.covers and split.in_time
        tallies = [await self.make(replace(whole, slice=part, covers=covers)) for part in split.parts]
        refused = next((tally.refused for tally in tallies if tally.refused), None)
        if whole.covers and not split.in_time and whole.slice:
            await self.put(steps.Settled(window=whole.slice.window, read=read, at=self.clock.now(), reason=refused))
        return Tally(requests=sum(tally.requests for tally in tallies) + 1, refused=refused)


def refuse_ahead(read: Read, page: Page) -> None:
    """Refuse a page that this machine's clock would date into the server's future.

    Of a window that ends there something will happen only later; and once the clock is right again, what is newer would
    be dropped as older than what is known. Raises ClockAhead.
    """
    if page.served_at is None:
        return
    theirs = f"the source's clock shows {page.served_at.isoformat()}"
    if page.as_of - page.served_at > MOST_AHEAD:
        raise errors.ClockAhead(
            f"this machine's clock is ahead of the source's: it shows {page.as_of.isoformat()}, {theirs}",
            code="clock.ahead",
        )
    end = read.slice.window.end if read.slice else page.served_at
    ahead = end - page.served_at
    if ahead > CLOCK_TOLERANCE:
        raise errors.ClockAhead(
            f"this machine's clock is ahead of the source's: the window ends at {end.isoformat()},"
            f" {theirs}, {ahead.total_seconds():.1f} s before",
            code="clock.ahead",
        )
