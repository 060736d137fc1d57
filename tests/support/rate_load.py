"""The real client under load against a simulated organisation with a limit, and what the organisation's log says of it.

The clock runs faster and the simulator's latency is shortened by as much, so that an answer takes 100 ms of the time
that the limit is counted in.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from producer.clock import VirtualClock
from producer.events import Event
from producer.genesys.options import ClientOptions, Credentials
from producer.genesys.source import GenesysSource
from producer.model.regions import Endpoints
from producer.simulator import Simulator, SimulatorOptions, serve
from producer.simulator.clock import MINUTE, millis
from producer.transform.split import split

_LATENCY = timedelta(milliseconds=100)
_ORIGIN = datetime(2026, 3, 10, 10, tzinfo=UTC)
_API = "/api/"
_OK, _REFUSED = 200, 429


class Load:
    """As many requests as the limiter allows. Its figures are those of the server's own log."""

    def __init__(self, simulator: Simulator, clock: VirtualClock) -> None:
        self.simulator = simulator
        self._clock = clock
        self._begun = clock.now()
        self._limits = [(millis(self._begun), simulator.front.quotas.limit)]

    async def minutes(self, count: float) -> None:
        """Go on for so long, in the time that the limit is counted in."""
        await self._clock.sleep(timedelta(minutes=count))

    async def used(self, count: float) -> float:
        """Requests per minute that are accepted in so many minutes to come."""
        begin = millis(self._clock.now())
        await self.minutes(count)
        end = millis(self._clock.now())
        accepted = self._accepted()
        return (bisect_left(accepted, end) - bisect_left(accepted, begin)) / ((end - begin) / MINUTE)

    def change(self, limit: int, notice: timedelta = timedelta(0)) -> None:
        """The server has another limit, now or after a notice."""
        self._limits.append((millis(self._clock.now() + notice), limit))
        self.simulator.limit(limit, notice=notice)

    def refused(self, together: timedelta) -> int:
        """The 429s; those that come within such a span of the first of them count as one."""
        groups, until = 0, 0
        for at in sorted(line["at"] for line in self._log() if line["status"] == _REFUSED):
            if at >= until:
                groups, until = groups + 1, at + together // timedelta(milliseconds=1)
        return groups

    def over(self, since: timedelta = timedelta(0)) -> int:
        """How far our accepted requests were above the limit in a sliding minute, at most.

        Minutes count that end from so long after the beginning on, and not within 60 s after a decrease.
        """
        accepted, first = self._accepted(), millis(self._begun + since)
        over = [
            nth + 1 - bisect_right(accepted, at - MINUTE) - limit
            for nth, at in enumerate(accepted)
            if at >= first and (limit := self._allowed(at)) is not None
        ]
        return max(over)

    def _allowed(self, at: int) -> int | None:
        """The limit that a minute is held against; None right after a decrease."""
        begun = bisect_right(self._limits, at, key=lambda change: change[0]) - 1
        since, limit = self._limits[begun]
        lowered = begun > 0 and self._limits[begun - 1][1] > limit
        return None if lowered and at - since <= MINUTE else limit

    def _accepted(self) -> list[int]:
        return sorted(line["at"] for line in self._log() if line["status"] == _OK)

    def _log(self) -> Iterator[dict[str, Any]]:
        front = self.simulator.front
        lines = front.answers.lines(0, self.simulator.organisation.identifier)
        return (one for line in lines if str((one := orjson.loads(line))["path"]).startswith(_API))


def _unseen(_event: Event) -> None:
    """What the client says of itself is not what is measured here."""


@contextlib.asynccontextmanager
async def loaded(speed: float, **options: Any) -> AsyncIterator[Load]:
    """A simulator with these options, and a client that asks without end."""
    epoch = time.time()
    clock = VirtualClock(origin=_ORIGIN, epoch=epoch, speed=speed)
    simulated = SimulatorOptions(origin=_ORIGIN, epoch=epoch, speed=speed, latency=_LATENCY / speed, **options)
    asked = ClientOptions()
    async with (
        serve(simulated) as simulator,
        GenesysSource(
            endpoints=Endpoints(api=simulator.url, login=simulator.url),
            credentials=Credentials(client_id="simulator", secret=lambda: "simulator-secret"),
            options=asked,
            clock=clock,
            observe=_unseen,
            split=split,
        ) as source,
        asyncio.TaskGroup() as group,
    ):
        asking = [group.create_task(_ask_for_ever(source)) for _ in range(asked.concurrency)]
        yield Load(simulator, clock)
        for task in asking:
            task.cancel()


async def _ask_for_ever(source: GenesysSource) -> None:
    while True:
        await source.organisation_id()
