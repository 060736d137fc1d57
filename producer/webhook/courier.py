"""Delivers what is pending, again and again until it is taken or given up, beside everything else.

The mutable state: what waits, by when it is due; what is under way; until when the receiver asked to be left alone.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from producer import events
from producer.clock import pause
from producer.model.delivery import MOST_PENDING, Delivery
from producer.model.instants import EPOCH, from_millis
from producer.ports import Clock, Observer, Pending
from producer.webhook.answers import Again, GivenUp, Outcome, Patience, Taken, Unanswered

_AT_ONCE = 4  # attempts under way: one that is never answered must not hold up the others
_NOBODY = timedelta(0)

Send = Callable[[Delivery, datetime], Awaitable[Outcome]]
"""Makes one attempt at an instant of product time."""


@dataclass(frozen=True, slots=True, order=True)
class _Waiting:
    """A delivery in the queue; of those that are due at once, the first come is the first served."""

    due: datetime
    number: int
    delivery: Delivery = field(compare=False)
    attempts: int = field(compare=False, default=0)


@dataclass(slots=True, kw_only=True)
class Courier:
    """Delivers for one process of one source. `take` at any time; `run` does the work until it is cancelled."""

    send: Send
    patience: Patience
    clock: Clock
    observe: Observer
    jitter: Callable[[], float] = random.random
    _queue: list[_Waiting] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _under_way: int = 0
    _not_before: datetime = EPOCH
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _begun: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def pending(self) -> int:
        """How many are neither taken nor given up."""
        return len(self._queue) + self._under_way

    @property
    def full(self) -> bool:
        """No more may be pending."""
        return self.pending >= MOST_PENDING

    def take(self, delivery: Delivery) -> None:
        """Deliver this one too, as soon as may be."""
        self._push(_Waiting(self.clock.now(), next(self._numbers), delivery))

    async def idle(self) -> None:
        """Wait until nothing is pending any more, what `run` finds waiting included."""
        await self._begun.wait()
        while self.pending:
            self._idle.clear()
            await self._idle.wait()

    async def run(self, pending: Pending) -> None:
        """Deliver what waits there and what is taken, until cancelled. Raises only what `pending.settle` raises."""
        for delivery in pending.waiting():
            self.take(delivery)
        self._begun.set()
        slots = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            while True:
                await slots.acquire()
                waiting = await self._next()
                self._under_way += 1
                attempt = group.create_task(self._attempt(waiting, pending))
                attempt.add_done_callback(lambda _: slots.release())

    async def _next(self) -> _Waiting:
        """The first that is due, once it is."""
        while True:
            self._woken.clear()
            if not self._queue:
                await self._woken.wait()
                continue
            wait = max(self._queue[0].due, self._not_before) - self.clock.now()
            if wait <= timedelta(0):
                return heapq.heappop(self._queue)
            await pause(self.clock, wait, self._woken)

    async def _attempt(self, waiting: _Waiting, pending: Pending) -> None:
        delivery, attempts = waiting.delivery, waiting.attempts + 1
        try:
            outcome = await self.send(delivery, self.clock.now())
        except Exception as error:  # noqa: BLE001 - a defect of ours must not end what is captured
            outcome = Unanswered(reason="defect", message=f"{type(error).__name__} while it was sent")
        try:
            await self._conclude(replace(waiting, attempts=attempts), outcome, pending)
        finally:
            self._under_way -= 1
            self._idle.set()

    async def _conclude(self, waiting: _Waiting, outcome: Outcome, pending: Pending) -> None:
        delivery, now = waiting.delivery, self.clock.now()
        about = {"source": delivery.source, "delivery_id": delivery.id, "about": delivery.about}
        match self.patience.judge(outcome, delivery, waiting.attempts, now, jitter=self.jitter()):
            case Taken():
                age = max(now - from_millis(delivery.created_at), _NOBODY)
                self.observe(events.WebhookDelivered(**about, attempts=waiting.attempts, age=age))
                await pending.settle(delivery)
            case GivenUp(reason=reason, message=message):
                self.observe(events.WebhookGivenUp(**about, reason=reason, message=message))
                await pending.settle(delivery)
            case Again() as again:
                if again.all_wait:
                    self._not_before = max(self._not_before, now + again.wait)
                self._push(replace(waiting, due=now + again.wait))
                self.observe(
                    events.WebhookRetried(
                        **about,
                        reason=again.reason,
                        message=again.message,
                        attempt=waiting.attempts,
                        wait=again.wait,
                    )
                )

    def _push(self, waiting: _Waiting) -> None:
        heapq.heappush(self._queue, waiting)
        self._woken.set()
