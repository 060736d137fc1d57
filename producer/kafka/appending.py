"""Appending single records to a topic, each acknowledged before the next: for who has no lane and no state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from producer.clock import real_now
from producer.kafka.client import start_appender
from producer.kafka.discard import discard
from producer.kafka.failures import as_sink_errors
from producer.kafka.options import KafkaOptions
from producer.kafka.partitioner import partition_of
from producer.model.batch import Outgoing
from producer.model.instants import to_millis


@asynccontextmanager
async def appending(options: KafkaOptions) -> AsyncIterator[Callable[[Outgoing], Awaitable[None]]]:
    """A function that appends one record and returns once the brokers have it. Raises SinkUnavailable, SinkRefused."""
    producer = await start_appender(options)

    async def append(record: Outgoing) -> None:
        """Append it. Raises SinkUnavailable, SinkRefused."""
        topic = options.topics[record.topic]
        with as_sink_errors(f"appending to {topic} at {options.bootstrap_servers}"):
            async with asyncio.timeout(options.commit_timeout.total_seconds()):
                await producer.send_and_wait(
                    topic,
                    value=record.value,
                    key=record.key,
                    partition=partition_of(record.key, options.partitions_of(record.topic)),
                    timestamp_ms=to_millis(real_now()),
                    headers=list(record.headers),
                )

    try:
        yield append
    finally:
        await discard(producer)
