"""What is committed on several topics at one moment between two transactions, and reading just that.

A transaction is committed on one partition a little sooner than on another; so the ends are taken while none is under
way. Topics that are compared then hold the same transactions, also beside a daemon that goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from producer.errors import SinkRefused, SinkUnavailable
from producer.kafka.client import admin, consumer
from producer.kafka.failures import as_sink_errors
from producer.kafka.metadata import describe
from producer.kafka.options import KafkaOptions
from producer.kafka.reader import RawRecord
from producer.model.instants import Millis

PATIENCE = timedelta(seconds=90)
"""How long a moment without a transaction is waited for: longer than one that its owner left open may last."""

_PAUSE = 0.05  # seconds between two looks
_POLL = 200  # ms
_RECORDS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """One topic from its first offsets to its ends, by partition."""

    topic: str
    firsts: tuple[int, ...]
    ends: tuple[int, ...]

    @property
    def partitions(self) -> int:
        """How many it has."""
        return len(self.ends)

    @property
    def offsets(self) -> int:
        """How many offsets there are to read; transaction markers and compaction take some of them."""
        return sum(self.ends) - sum(self.firsts)


async def standing_still(
    options: KafkaOptions, topics: Sequence[str], patience: timedelta = PATIENCE
) -> dict[str, Extent]:
    """The extents of topics at a moment when no transaction on any of them is under way.

    Raises SinkUnavailable (no such moment came), SinkRefused (a topic is missing, or we may not look at it).
    """
    doing = f"looking at the topics at {options.bootstrap_servers}"
    with as_sink_errors(doing):
        async with admin(options) as client:
            facts = await describe(client, list(topics))
        if missing := [name for name in topics if name not in facts]:
            raise SinkRefused(f"there is no topic {', '.join(missing)} at {options.bootstrap_servers}")
        partitions = [TopicPartition(name, number) for name in topics for number in range(facts[name].partitions)]
        async with consumer(options) as committed, consumer(options, isolation="read_uncommitted") as written:
            firsts = await committed.beginning_offsets(partitions)
            ends = await _ends_between_transactions(committed, written, partitions, patience)
    return {
        name: Extent(
            topic=name,
            firsts=tuple(firsts[each] for each in partitions if each.topic == name),
            ends=tuple(ends[each] for each in partitions if each.topic == name),
        )
        for name in topics
    }


async def _ends_between_transactions(
    committed: AIOKafkaConsumer, written: AIOKafkaConsumer, partitions: list[TopicPartition], patience: timedelta
) -> dict[TopicPartition, int]:
    """Ends that are the same for what is written and what is committed, and did not move while one looked."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience.total_seconds()
    while True:
        before = await written.end_offsets(partitions)
        ends: dict[TopicPartition, int] = await committed.end_offsets(partitions)
        if before == ends == await written.end_offsets(partitions):
            return ends
        if loop.time() > deadline:
            raise SinkUnavailable(
                f"for {patience.total_seconds():.0f} s there was no moment without an open transaction on the topics"
            )
        await asyncio.sleep(_PAUSE)


async def committed_records(options: KafkaOptions, extent: Extent) -> AsyncGenerator[tuple[list[RawRecord], int], None]:
    """Yield what is committed in an extent, partition by partition in order, and how many offsets that took.

    One partition at a time: no more than a few fetches are in memory. Close it (`contextlib.aclosing`) to stop earlier.
    Raises SinkUnavailable, SinkRefused.
    """
    with as_sink_errors(f"reading {extent.topic} at {options.bootstrap_servers}"):
        for number, (first, end) in enumerate(zip(extent.firsts, extent.ends, strict=True)):
            if first == end:
                continue
            partition = TopicPartition(extent.topic, number)
            async with consumer(options) as client:
                client.assign([partition])
                client.seek(partition, first)
                reached = first
                while reached < end:
                    found = await _next(client, partition, options.restore_patience, reached, end)
                    position = min(await client.position(partition), end)
                    records = [_raw(each) for each in found if each.offset < end]
                    yield records, position - reached
                    reached = position


async def _next(
    client: AIOKafkaConsumer, partition: TopicPartition, patience: timedelta, reached: int, end: int
) -> Sequence[ConsumerRecord]:
    """What comes next; nothing where only markers were passed. Raises SinkUnavailable when it stands still."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience.total_seconds()
    while True:
        found = await client.getmany(partition, timeout_ms=_POLL, max_records=_RECORDS_AT_ONCE)
        if found or await client.position(partition) > reached:
            records: Sequence[ConsumerRecord] = found.get(partition, ())
            return records
        if loop.time() > deadline:
            raise SinkUnavailable(
                f"reading {partition.topic}-{partition.partition} stands at {reached} of {end}; a topic that is"
                " deleted or compacted away meanwhile does that"
            )


def _raw(record: ConsumerRecord) -> RawRecord:
    return RawRecord(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp=Millis(record.timestamp),
        key=record.key,
        value=record.value,
        headers=tuple(record.headers),
    )
