"""The reading loop: plans what is due, brings its pages, and hands them on as steps.

It makes no record and keeps no position: it plans from committed coverage, so whatever is lost on the way is planned
again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta

from producer import errors, events
from producer.assembly.batch import reason_of
from producer.clock import pause
from producer.model import steps
from producer.model.checkpoint import Checkpoint
from producer.model.coverage import HEAD
from producer.model.reads import Page, Read, ReadEnd, ReadKind, Split
from producer.model.windows import Slice
from producer.planning.head import MOST_HOLES, HeadPolicy, plan_head
from producer.planning.pace import poll_interval, wait_after
from producer.ports import Clock, Observer, Source

Answers = AsyncGenerator[Page | Split | ReadEnd, None]

CLOCK_TOLERANCE = timedelta(seconds=2)
"""How far a window may reach beyond the server's clock: its Date leaves out fractions of a second."""
MOST_AHEAD = timedelta(seconds=30)
"""How far our clock may be ahead of the server's: answers are dated by it, and later ones must not look older."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPolicy:
    """How the head is paced. `budget` is requests per minute, `head_share` the head's part of it, from 0 to 1."""

    head: HeadPolicy
    poll_interval: timedelta
    budget: float
    head_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tally:
    """What a read came to: requests made, and why (a part of) it was refused."""

    requests: int
    refused: str | None = None


@dataclass(slots=True, kw_only=True)
class Reader:
    """Reads one source. `put` takes a step (waiting for room), `settled` waits until all steps are committed."""

    name: str
    source: Source
    clock: Clock
    observe: Observer
    policy: ReadPolicy
    new_id: Callable[[], str]
    checkpoint: Callable[[], Checkpoint]
    put: Callable[[steps.Step], Awaitable[None]]
    settled: Callable[[], Awaitable[None]]
    expected_organisation: str | None = None
    _failures: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until `stop`: a window that is being read is finished first."""
        identified = False
        while not stop.is_set():
            started = self.clock.now()
            try:
                if not identified:
                    await self._identify()
                    identified = True
                requests = await self._poll(stop)
            except errors.SourceError as error:
                await self._wait(error, stop)
                continue
            self._recover()
            if not self._behind(started):
                share = self.policy.budget * self.policy.head_share
                interval = poll_interval(self.policy.poll_interval, requests, share)
                await pause(self.clock, started + interval - self.clock.now(), stop)

    async def _identify(self) -> None:
        """Refuse a token of another organisation, or one that may not read, before anything is due.

        Raises WrongOrganisation, PermissionMissing.
        """
        actual = await self.source.organisation_id()
        remembered = self.checkpoint().organisation_id
        if actual is None and self.expected_organisation is not None:
            self.observe(events.OrganisationUnverified(source=self.name, expected=self.expected_organisation))
        for expected, where in ((self.expected_organisation, "genesys.realm_id"), (remembered, "the checkpoint")):
            if actual is not None and expected is not None and expected != actual:
                raise errors.WrongOrganisation(f"the token belongs to organisation {actual}, {where} says {expected}")
        await self.source.permitted(self.clock.now())
        if actual is not None and remembered is None:
            await self.put(steps.Identified(organisation_id=actual))

    async def _poll(self, stop: asyncio.Event) -> int:
        """Read every window that is due and wait until that is committed; returns the requests it took.

        Raises SourceError; TooManyHoles when nothing is read because too much was missed.
        """
        if len(self.checkpoint().coverage.holes) >= MOST_HOLES:
            raise errors.TooManyHoles(f"the head has left {MOST_HOLES:,} holes and waits")
        requests = 0
        for part in plan_head(self.checkpoint().coverage, self.clock.now(), self.policy.head):
            if stop.is_set():
                break
            requests += (await self._read(part, covers=True)).requests
        await self.settled()
        return requests

    def _behind(self, polled_at: datetime) -> bool:
        """A poll did not reach what was due when it began: catch up without a pause."""
        return bool(plan_head(self.checkpoint().coverage, polled_at, self.policy.head))

    async def _read(self, part: Slice, *, covers: bool) -> _Tally:
        """Make one read or, when it holds too much, one for each part. `covers`: its end covers its whole window."""
        read = Read(request_id=self.new_id(), kind=ReadKind.HEAD, slice=part, tier=HEAD)
        await self.put(steps.Started(read=read, at=self.clock.now()))
        self.observe(events.ReadStarted(source=self.name, read=read))
        try:
            async with aclosing(self.source.read(read)) as answers:
                outcome = await self._take_in(read, answers)
        except errors.WindowRefused as error:
            misses = part.window if covers else None
            await self.put(steps.Failed(read=read, error=error, at=self.clock.now(), misses=misses))
            return _Tally(requests=1, refused=reason_of(error))
        except errors.SourceError as error:
            await self.put(steps.Failed(read=read, error=error, at=self.clock.now()))
            raise
        now = self.clock.now()
        if isinstance(outcome, Split):
            await self.put(steps.Parted(read=read, split=outcome, at=now))
            return await self._read_parts(part, outcome, covers=covers)
        await self.put(steps.Ended(read=read, end=outcome, at=now, covers=part.window if covers else None))
        return _Tally(requests=outcome.attempts, refused=outcome.unread)

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

    async def _read_parts(self, whole: Slice, split: Split, *, covers: bool) -> _Tally:
        tallies = [await self._read(part, covers=covers and split.in_time) for part in split.parts]
        refused = next((tally.refused for tally in tallies if tally.refused), None)
        if covers and not split.in_time:
            await self.put(steps.Settled(window=whole.window, tier=HEAD, at=self.clock.now(), reason=refused))
        return _Tally(requests=sum(tally.requests for tally in tallies) + 1, refused=refused)

    async def _wait(self, error: errors.SourceError, stop: asyncio.Event) -> None:
        self._failures += 1
        wait = wait_after(error, self._failures)
        self.observe(
            events.SourceBlocked(
                source=self.name,
                reason=type(error).__name__,
                message=str(error),
                what_to_do=error.what_to_do,
                wait=wait,
                correlation_id=error.correlation_id,
            )
        )
        await self.settled()
        await pause(self.clock, wait, stop)

    def _recover(self) -> None:
        if self._failures:
            self._failures = 0
            self.observe(events.SourceRecovered(source=self.name))


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


def first_head(capture_start: datetime, now: datetime) -> datetime:
    """Where the head of a new source begins: at most a day back; what lies before is a hole `history`."""
    return max(capture_start, now - timedelta(days=1))
