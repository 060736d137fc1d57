"""The moment between two transactions, and reading just what was committed up to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from datetime import timedelta

import pytest
from confluent_kafka import Producer

from producer.dev.broker import Broker
from producer.errors import SinkRefused, SinkUnavailable
from producer.kafka.extent import Extent, committed_records, standing_still
from producer.kafka.options import KafkaOptions
from producer.kafka.topics import COMPACTION_LAG, configurations
from tests.support.sinks import make_topic, options

SHORT = timedelta(seconds=0.3)


@pytest.fixture
def writer(broker: Broker, topic_prefix: str) -> Iterator[Producer]:
    """Writes to two topics, in transactions."""
    make_topic(broker, f"{topic_prefix}.one", 2)
    make_topic(broker, f"{topic_prefix}.two", 1, cleanup_policy="compact", min_compaction_lag_ms="7")
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "transactional.id": topic_prefix})
    producer.init_transactions(10)
    yield producer
    producer.flush(10)


def write(writer: Producer, topic: str, *values: str, partition: int = 0, commit: bool = True) -> None:
    writer.begin_transaction()
    for value in values:
        writer.produce(topic, value.encode(), b"key", partition)
    writer.flush(10)
    if commit:
        writer.commit_transaction(10)


async def read(there: KafkaOptions, extent: Extent) -> tuple[list[tuple[int, str]], int]:
    """The values by partition, and how many offsets they took."""
    found: list[tuple[int, str]] = []
    offsets = 0
    async with aclosing(committed_records(there, extent)) as batches:
        async for records, passed in batches:
            found += [(each.partition, (each.value or b"").decode()) for each in records]
            offsets += passed
    return found, offsets


async def test_what_is_committed_is_read_up_to_that_moment(broker: Broker, topic_prefix: str, writer: Producer) -> None:
    there, one, two = options(broker, topic_prefix), f"{topic_prefix}.one", f"{topic_prefix}.two"
    write(writer, one, "a", "b")
    write(writer, one, "c", partition=1)
    write(writer, one, "never", commit=False)
    writer.abort_transaction(10)
    write(writer, one, "d")
    extents = await standing_still(there, [one, two])
    write(writer, one, "later")

    assert extents[one] == Extent(topic=one, firsts=(0, 0), ends=(7, 2))
    assert (extents[one].partitions, extents[one].offsets) == (2, 9)
    assert await read(there, extents[one]) == ([(0, "a"), (0, "b"), (0, "d"), (1, "c")], 9)
    assert await read(there, extents[two]) == ([], 0)


async def test_a_transaction_that_is_open_is_waited_for(broker: Broker, topic_prefix: str, writer: Producer) -> None:
    there, one = options(broker, topic_prefix), f"{topic_prefix}.one"
    write(writer, one, "a", commit=False)
    with pytest.raises(SinkUnavailable, match="no moment without an open transaction"):
        await standing_still(there, [one], patience=SHORT)
    waiting = asyncio.create_task(standing_still(there, [one]))
    await asyncio.sleep(0)
    await asyncio.to_thread(writer.commit_transaction, 10)
    assert (await waiting)[one].ends == (2, 0)


async def test_a_topic_that_is_missing_is_named(broker: Broker, topic_prefix: str, writer: Producer) -> None:
    there = options(broker, topic_prefix)
    with pytest.raises(SinkRefused, match="there is no topic nowhere"):
        await standing_still(there, [f"{topic_prefix}.one", "nowhere"])


async def test_what_is_in_force_on_a_topic(broker: Broker, topic_prefix: str, writer: Producer) -> None:
    two = f"{topic_prefix}.two"
    assert (await configurations(options(broker, topic_prefix), [two]))[two][COMPACTION_LAG] == "7"


async def test_a_topic_that_does_not_go_on_is_not_waited_for_for_ever(
    broker: Broker, topic_prefix: str, writer: Producer
) -> None:
    there = options(broker, topic_prefix, restore_patience=SHORT)
    one = f"{topic_prefix}.one"
    write(writer, one, "a")
    with pytest.raises(SinkUnavailable, match="stands at 2 of 9"):
        await read(there, Extent(topic=one, firsts=(0, 0), ends=(9, 0)))
