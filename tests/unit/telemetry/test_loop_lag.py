from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from producer import events
from producer.telemetry.loop_lag import heartbeat


async def test_it_tells_how_late_each_beat_was() -> None:
    instants = iter([0.0, 1.0, 1.0, 2.25, 2.25, 3.0, 3.0])
    told: list[events.Event] = []

    async def sleep(seconds: float) -> None:
        assert seconds == 1.0
        if len(told) == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await heartbeat(told.append, monotonic=lambda: next(instants), sleep=sleep)
    assert told == [
        events.LoopLagMeasured(lag=timedelta(0)),
        events.LoopLagMeasured(lag=timedelta(milliseconds=250)),
        events.LoopLagMeasured(lag=timedelta(0)),
    ]
