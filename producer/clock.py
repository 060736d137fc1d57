"""Product time: the wall clock carried on by the monotonic one, or a virtual clock that runs from an origin at a speed.

All planning, waiting and stamping uses it; sockets, Kafka timeouts and liveness use real time. The only file that asks
the machine what time it is for the product.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from producer.model.instants import EPOCH
from producer.ports import Clock

T = TypeVar("T")

_TOLERATED_DRIFT = 0.5  # seconds; beyond it the carried clock is led back to wall time
_CATCH_UP_RATE = 0.01  # a carried clock that is ahead gives back this part of the elapsed time: it never steps back
_FAR_AHEAD = 5.0  # seconds; beyond it the carried clock stands still until wall time has come up with it


@dataclass(slots=True)
class WallClock:
    """Wall time taken once and carried on by the monotonic clock: an adjustment of the machine's clock can't make it
    step back. It follows a forward step at once; a backward one it gives back slowly, a far one by standing still.
    """

    _wall: float = field(default_factory=time.time)
    _monotonic: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """The present instant, aware, UTC; never goes back."""
        monotonic = time.monotonic()
        elapsed = monotonic - self._monotonic
        carried = self._wall + elapsed
        wall = time.time()
        if wall - carried > _TOLERATED_DRIFT:
            carried = wall
        elif carried - wall > _TOLERATED_DRIFT:
            carried -= elapsed if carried - wall > _FAR_AHEAD else elapsed * _CATCH_UP_RATE
        self._wall, self._monotonic = carried, monotonic
        return datetime.fromtimestamp(carried, UTC)

    async def sleep(self, duration: timedelta) -> None:
        """Wait for a span of real time."""
        await asyncio.sleep(max(0.0, duration.total_seconds()))


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualClock:
    """`origin + (unix time - epoch) x speed`: one clock for daemon and simulator, in any number of processes.

    `epoch` is the unix time, in seconds, at which the virtual clock stood at `origin`.
    """

    origin: datetime
    epoch: float
    speed: float

    def now(self) -> datetime:
        """The present virtual instant."""
        return self.origin + timedelta(seconds=(time.time() - self.epoch) * self.speed)

    async def sleep(self, duration: timedelta) -> None:
        """Wait for a span of virtual time."""
        await asyncio.sleep(max(0.0, duration.total_seconds() / self.speed))


def real_now() -> datetime:
    """Real time, also under a virtual clock: for record timestamps and for the life of processes."""
    return EPOCH + timedelta(seconds=time.time())


async def pause(clock: Clock, duration: timedelta, until: asyncio.Event) -> None:
    """Wait for a span of the clock's time, or until the event is set; not at all for a span that is over."""
    if duration <= timedelta(0):
        return
    async with asyncio.TaskGroup() as group:
        sleeping = group.create_task(clock.sleep(duration))
        waiting = group.create_task(until.wait())
        await asyncio.wait({sleeping, waiting}, return_when=asyncio.FIRST_COMPLETED)
        sleeping.cancel()
        waiting.cancel()


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """The result of `work`, or None when `stop` was set before it was done: then it is cancelled and has ended.

    Raises what the work raises, in an exception group.
    """
    async with asyncio.TaskGroup() as group:
        working = group.create_task(work)
        stopping = group.create_task(stop.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        working.cancel()
        stopping.cancel()
    return None if working.cancelled() else working.result()
