"""How much of the rate limit's cap is used under load, and that the server never refuses.

The real client and limiter against the simulator, whose clock runs faster: its latency is shortened by as much, so that
an answer takes 100 ms of the time that the limit is counted in.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Literal

from producer import events
from producer.clock import VirtualClock
from producer.genesys.limiter import LimiterPolicy
from producer.genesys.options import ClientOptions, Credentials
from producer.genesys.regions import Endpoints
from producer.genesys.source import GenesysSource
from producer.simulator.options import SimulatorOptions
from producer.simulator.server import serve
from producer.transform.split import split
from tests.benchmarks.figures import Figure, at_least, at_most

SPEED = 8.0
MINUTES = 4
"""Minutes that are counted, after one that fills the limiter's places."""
_LATENCY = timedelta(milliseconds=100)
_MINUTE = timedelta(minutes=1)
Window = Literal["fixed", "sliding"]
_WINDOWS: tuple[Window, ...] = ("fixed", "sliding")
_ORIGIN = datetime(2026, 3, 10, 10, tzinfo=UTC)


class Counted:
    """An observer that counts answers and refusals."""

    def __init__(self) -> None:
        self.answered = 0
        self.refused = 0

    def __call__(self, event: events.Event) -> None:
        match event:
            case events.RateLimitHit():
                self.refused += 1
            case events.RequestFinished(endpoint="organisation", status=200):
                self.answered += 1
            case _:
                pass


def rate_limit() -> list[Figure]:
    """Against a fixed and a sliding window of the server, at the same time."""
    with asyncio.Runner() as runner:
        return runner.run(_both())


async def _both() -> list[Figure]:
    async with asyncio.TaskGroup() as group:
        under_way = {window: group.create_task(_loaded(window)) for window in _WINDOWS}
    figures = []
    for window, task in under_way.items():
        share, refused = task.result()
        figures.append(at_least(f"rate limit, {window} window: share of the cap used", share, 0.97))
        figures.append(at_most(f"rate limit, {window} window: requests refused (429)", refused, 0))
    return figures


async def _loaded(window: Window) -> tuple[float, int]:
    """The share of the cap that was used, and how many requests were refused."""
    epoch, counted = time.time(), Counted()
    clock = VirtualClock(origin=_ORIGIN, epoch=epoch, speed=SPEED)
    options = ClientOptions(limiter=LimiterPolicy())
    simulated = SimulatorOptions(
        origin=_ORIGIN, epoch=epoch, speed=SPEED, latency=_LATENCY / SPEED, limit_window=window
    )
    async with (
        serve(simulated) as simulator,
        GenesysSource(
            endpoints=Endpoints(api=simulator.url, login=simulator.url),
            credentials=Credentials(client_id="simulator", secret=lambda: "simulator-secret"),
            options=options,
            clock=clock,
            observe=counted,
            split=split,
        ) as source,
        asyncio.TaskGroup() as group,
    ):
        asking = [group.create_task(_ask_for_ever(source)) for _ in range(options.concurrency)]
        await clock.sleep(_MINUTE)
        began, before = clock.now(), counted.answered
        await clock.sleep(MINUTES * _MINUTE)
        used, minutes = counted.answered - before, (clock.now() - began) / _MINUTE
        for task in asking:
            task.cancel()
    return used / minutes / options.limiter.cap, counted.refused


async def _ask_for_ever(source: GenesysSource) -> None:
    while True:
        await source.organisation_id()
