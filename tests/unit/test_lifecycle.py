"""Signals: the first asks, the second insists."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from producer.events import Event, StopRequested
from producer.lifecycle import SIGNALS, stop_on_signals


async def _sent(number: signal.Signals, heard: asyncio.Event) -> None:
    os.kill(os.getpid(), number)
    async with asyncio.timeout(5):
        await heard.wait()


@pytest.mark.parametrize("first", SIGNALS)
@pytest.mark.parametrize("second", SIGNALS)
async def test_the_first_signal_is_soft_and_the_second_hard(first: signal.Signals, second: signal.Signals) -> None:
    stop, hard = asyncio.Event(), asyncio.Event()
    observed: list[Event] = []

    with stop_on_signals(stop, hard.set, observed.append):
        await _sent(first, stop)
        assert not hard.is_set()
        await _sent(second, hard)

    assert observed == [StopRequested(signal=first.name, hard=False), StopRequested(signal=second.name, hard=True)]


async def test_handlers_are_gone_afterwards_also_when_the_block_failed() -> None:
    loop = asyncio.get_running_loop()

    with pytest.raises(ZeroDivisionError), stop_on_signals(asyncio.Event(), lambda: None, lambda event: None):
        raise ZeroDivisionError

    assert [loop.remove_signal_handler(number) for number in SIGNALS] == [False, False]
