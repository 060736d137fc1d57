"""The heartbeat of the event loop: how late a coroutine wakes is how long something held the loop.

Real time on purpose: liveness must not run faster in a demo.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from producer import events
from producer.ports import Observer

INTERVAL = 1.0


async def heartbeat(
    observer: Observer,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Emit LoopLagMeasured once a second, until cancelled."""
    while True:
        begun = monotonic()
        await sleep(INTERVAL)
        lag = max(0.0, monotonic() - begun - INTERVAL)
        observer(events.LoopLagMeasured(lag=timedelta(seconds=lag)))
