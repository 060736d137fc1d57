"""Dropping a producer in any state, with the broker dead, frozen or alive, in bounded time and without a trace.

aiokafka's own ways out (stop, flush, abort, commit) wait for a broker that may never answer, and an abort after a
refused request can publish what it aborted. A dropped producer's transaction is aborted by the coordinator, at the
latest when the lane's next producer starts. Uses private parts of aiokafka 0.14; `test_discard.py` pins them.
"""

# ruff: noqa: SLF001 - the private parts named above; there is no public way

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import ProducerClosed

GRACE = 0.5
"""Seconds that each of the two steps, ending the tasks and closing the connections, may take."""


async def discard(producer: AIOKafkaProducer) -> None:
    """Drop a producer: it is never used again. Takes 2 x GRACE at most; no task, socket or unseen exception remains."""
    producer._closed = True
    pending = _futures(producer)
    running = _tasks(producer)
    _fail_everything_pending(producer)
    try:
        await _end(running)
    finally:
        await close_in_time(producer.client, producer.client.close)
    for future in {*pending, *_futures(producer), *running}:
        if future.done() and not future.cancelled():
            future.exception()  # seen: else Python reports it as never retrieved


async def close_in_time(client: AIOKafkaClient, close: Callable[[], Awaitable[None]]) -> None:
    """Close what stands on an aiokafka client; connections that don't close within GRACE (a frozen broker) are cut."""
    transports = [conn._writer.transport for conn in client._conns.values() if conn._writer is not None]
    try:
        with suppress(Exception):
            async with asyncio.timeout(GRACE):
                await close()
    finally:
        for transport in transports:
            transport.abort()
    await asyncio.sleep(0)  # a cut connection gives its socket back in the next round of the loop


def _tasks(producer: AIOKafkaProducer) -> set[asyncio.Future[Any]]:
    """The sender and the requests it has under way; it keeps those in a local variable only."""
    sender = producer._sender.sender_task
    if sender is None or sender.done():
        return set()
    frame = sender.get_coro().cr_frame
    return {sender, *(frame.f_locals.get("tasks", ()) if frame else ())}


async def _end(tasks: set[asyncio.Future[Any]]) -> None:
    """Cancel all at once: the sender alone, when cancelled, would wait for requests that never end."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=GRACE)


def _futures(producer: AIOKafkaProducer) -> set[asyncio.Future[Any]]:
    """Everything that can hold an exception which nobody asks for any more."""
    batches = [*producer._message_accumulator._pending_batches, *_queued(producer)]
    waiter = producer._txn_manager._transaction_waiter
    return {
        *(batch.future for batch in batches),
        *(batch._drain_waiter for batch in batches),
        *((waiter,) if waiter is not None else ()),
    }


def _queued(producer: AIOKafkaProducer) -> list[Any]:
    """The batches that are to be sent, for the first time or again."""
    return [batch for queue in producer._message_accumulator._batches.values() for batch in queue]


def _fail_everything_pending(producer: AIOKafkaProducer) -> None:
    """Wake whoever still waits for this producer."""
    closed = ProducerClosed()
    accumulator = producer._message_accumulator
    accumulator._closed = True
    accumulator._pending_batches.update(_queued(producer))  # one that waits to be sent again is taken out of there
    accumulator.fail_all(closed)
    transaction = producer._txn_manager
    if transaction._transaction_waiter is not None and not transaction.is_fatal_error():
        transaction.fatal_error(closed)
