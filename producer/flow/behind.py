"""What is read behind the head: one thing after the other, as long as something is due."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from producer import errors
from producer.clock import pause
from producer.flow.reading import Readings
from producer.model import steps
from producer.model.reads import Due
from producer.planning.pace import wait_after
from producer.ports import Clock

_SHORTEST_PAUSE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """What is due next: reads, then what is to be said once they are made, then what is to be done after the commit.

    `more` is false when nothing else is due for now.
    """

    reads: Sequence[Due] = ()
    then: steps.Step | None = None
    after: Callable[[], None] | None = None
    more: bool = True


@dataclass(slots=True, kw_only=True)
class Behind:
    """Does one kind of chore. `next` gives the next one, None when nothing is due; it looks again after `pause`."""

    next: Callable[[], Chore | None]
    readings: Readings
    clock: Clock
    put: Callable[[steps.Step], Awaitable[None]]
    settled: Callable[[], Awaitable[None]]
    pause: timedelta
    _failures: int = 0

    async def run(self, identified: asyncio.Event, stop: asyncio.Event) -> None:
        """Do what is due until `stop`, once the source is known to be the right one. A failure is waited out.

        It is not told: the head asks the same source, and says what is wrong with it.
        """
        await identified.wait()
        while not stop.is_set():
            chore = self.next()
            if chore is None:
                await self._rest(stop)
                continue
            try:
                await self._do(chore, stop)
            except errors.SourceError as error:
                self._failures += 1
                await self.settled()
                await pause(self.clock, wait_after(error, self._failures), stop)
                continue
            self._failures = 0
            if not chore.more:
                await self._rest(stop)

    async def _rest(self, stop: asyncio.Event) -> None:
        await pause(self.clock, max(self.pause, _SHORTEST_PAUSE), stop)

    async def _do(self, chore: Chore, stop: asyncio.Event) -> None:
        """Raises SourceUnavailable when a read was refused of which it would be said that all of them are made."""
        refused: str | None = None
        for due in chore.reads:
            if stop.is_set():
                return
            refused = (await self.readings.make(due)).refused or refused
        if refused is not None and chore.then is not None:
            raise errors.SourceUnavailable(f"a read behind the head was refused ({refused}); all of it is made again")
        if chore.then is not None:
            await self.put(chore.then)
        if chore.reads or chore.then is not None:
            await self.settled()
        if chore.after is not None:
            chore.after()
