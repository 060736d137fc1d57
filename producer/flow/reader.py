"""Reading one source: the head, and what comes behind it, each at its own pace and all of them from committed coverage.

Nothing here keeps a position: whatever is lost on the way is planned again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from producer import errors, events
from producer.clock import pause
from producer.flow.behind import Behind, Chore
from producer.flow.identity import refuse_other
from producer.flow.naming import Naming
from producer.flow.reading import Readings
from producer.model import steps
from producer.model.checkpoint import Checkpoint
from producer.model.reads import Due, ReadKind
from producer.planning.head import MOST_HOLES, HeadPolicy, plan_head
from producer.planning.pace import poll_interval, wait_after
from producer.ports import Clock, Observer, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPolicy:
    """How the head is paced. `budget` is requests per minute, `head_share` the head's part of it, from 0 to 1."""

    head: HeadPolicy
    poll_interval: timedelta
    budget: float
    head_share: float


@dataclass(slots=True, kw_only=True)
class Reader:
    """Reads one source. `put` takes a step (waiting for room), `settled` waits until all steps are committed.

    `chores` are what is read behind the head, by name: each gives what is due next. `naming` looks up names beside it.
    """

    name: str
    source: Source
    clock: Clock
    observe: Observer
    policy: ReadPolicy
    readings: Readings
    chores: tuple[Callable[[], Chore | None], ...]
    checkpoint: Callable[[], Checkpoint]
    put: Callable[[steps.Step], Awaitable[None]]
    settled: Callable[[], Awaitable[None]]
    expected_organisation: str | None = None
    naming: Naming | None = None
    _failures: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop`: a window that is being read is finished first."""
        identified = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(identified, stop))
            if self.naming is not None:
                group.create_task(self.naming.run(identified, stop))
            for chore in self.chores:
                behind = Behind(
                    next=chore,
                    readings=self.readings,
                    clock=self.clock,
                    put=self.put,
                    settled=self.settled,
                    pause=self.policy.poll_interval,
                )
                group.create_task(behind.run(identified, stop))

    async def _follow(self, identified: asyncio.Event, stop: asyncio.Event) -> None:
        """Poll the head."""
        while not stop.is_set():
            started = self.clock.now()
            try:
                if not identified.is_set():
                    await self._identify()
                    identified.set()
                requests = await self._poll(stop)
            except errors.SourceError as error:
                await self._wait(error, stop)
                continue
            self._recover()
            if not self._late(started):
                share = self.policy.budget * self.policy.head_share
                interval = poll_interval(self.policy.poll_interval, requests, share)
                await pause(self.clock, started + interval - self.clock.now(), stop)
        identified.set()  # who still waits for it sees the stop

    async def _identify(self) -> None:
        """Refuse a token of another organisation, or one that may not read, before anything is due.

        Raises WrongOrganisation, PermissionMissing.
        """
        actual = await self.source.organisation_id()
        remembered = self.checkpoint().organisation_id
        if actual is None and self.expected_organisation is not None:
            self.observe(events.OrganisationUnverified(source=self.name, expected=self.expected_organisation))
        refuse_other(actual, realm_id=self.expected_organisation, remembered=remembered)
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
        now, coverage = self.clock.now(), self.checkpoint().coverage
        for part in plan_head(coverage, now, self.policy.head):
            if stop.is_set():
                break
            due = Due(kind=ReadKind.HEAD, slice=part, satisfies=coverage.satisfied_by(part.window.end, now))
            requests += (await self.readings.make(due)).requests
        await self.settled()
        return requests

    def _late(self, polled_at: datetime) -> bool:
        """A poll did not reach what was due when it began: catch up without a pause."""
        return bool(plan_head(self.checkpoint().coverage, polled_at, self.policy.head))

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


def first_head(capture_start: datetime, now: datetime) -> datetime:
    """Where the head of a new source begins: at most a day back; what lies before is a hole `history`."""
    return max(capture_start, now - timedelta(days=1))
