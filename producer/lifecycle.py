"""How the process is told to stop: the first SIGTERM or SIGINT is a soft stop, the second a hard one.

Soft: no new reads; the current one may finish for a short grace; the commit in flight is finished; exit 0. Hard: what
is in flight is dropped, Kafka sees to it that nothing half-written becomes visible; exit 130.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from producer.events import StopRequested
from producer.ports import Observer

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stop_on_signals(stop: asyncio.Event, harder: Callable[[], object], observe: Observer) -> Iterator[None]:
    """Set `stop` at the first signal, call `harder` at every further one, for as long as the block runs."""
    loop = asyncio.get_running_loop()

    def heard(number: signal.Signals) -> None:
        again = stop.is_set()
        observe(StopRequested(signal=number.name, hard=again))
        if again:
            harder()
        stop.set()

    for number in SIGNALS:
        loop.add_signal_handler(number, heard, number)
    try:
        yield
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
