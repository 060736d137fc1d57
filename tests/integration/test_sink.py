"""The sink on a real broker: what it commits, what it restores, what it refuses."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from producer.dev.broker import Broker
from producer.kafka import topics
from producer.kafka.options import KafkaOptions
from producer.kafka.partitioner import partition_of
from producer.kafka.sink import KafkaSink
from producer.model.batch import Outgoing, Topic
from tests.support.sinks import (
    SOURCE,
    START,
    StandingClock,
    batch,
    checkpoint,
    nothing_left_behind,
    options,
    read_committed,
    state,
)


@pytest.fixture
async def there(broker: Broker, topic_prefix: str) -> KafkaOptions:
    """Options whose topics exist."""
    made = options(broker, topic_prefix)
    await topics.create(made)
    return made


def sink_on(there: KafkaOptions) -> KafkaSink:
    return KafkaSink(there, lane=1, clock=StandingClock())


@asynccontextmanager
async def opened(there: KafkaOptions) -> AsyncIterator[KafkaSink]:
    sink = sink_on(there)
    try:
        await sink.open()
        yield sink
    finally:
        await sink.close()


async def test_a_batch_arrives_whole_on_all_its_topics(broker: Broker, there: KafkaOptions) -> None:
    audit = Outgoing(Topic.AUDIT, b"request", b"audit", (("ce_id", b"1"),))
    letter = Outgoing(Topic.DEAD_LETTERS, None, b"{broken")
    before = int(time.time() * 1000)
    async with nothing_left_behind(), opened(there) as sink:
        receipt = await sink.commit(batch(1, "a", "b", more=(audit, letter)))

    def found(topic: Topic) -> list[tuple[int, bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]]:
        records = read_committed(broker, there.topics[topic])
        assert all(before <= record.timestamp <= time.time() * 1000 for record in records), "real time"
        return [(record.partition, record.key, record.value, record.headers) for record in records]

    avro = (("content-type", b"application/avro"),)
    expected = [(partition_of(key, 3), key, key + b" on page 1", avro) for key in (b"a", b"b")]
    assert found(Topic.CONVERSATIONS) == sorted(expected)
    assert found(Topic.AUDIT) == [(partition_of(b"request", 2), b"request", b"audit", (("ce_id", b"1"),))]
    assert found(Topic.DEAD_LETTERS) == [(0, None, b"{broken", ())]
    assert [(partition, key) for partition, key, _, _ in found(Topic.STATE)] == [
        (1, b"f|default|a"),
        (1, b"f|default|b"),
        (1, b"c|default"),
    ]
    assert (receipt.records, receipt.committed_at) == (4, START)
    assert sorted(receipt.offsets) == sorted(
        sum(1 for key in (b"a", b"b") if partition_of(key, 3) == partition) for partition in range(3)
    )


async def test_what_was_committed_is_known_at_once_and_after_a_restore(there: KafkaOptions) -> None:
    async with opened(there) as sink:
        await sink.commit(batch(1, "a", "b"))
        await sink.commit(batch(2, "b", "c"))
        assert sink.known(SOURCE, ["a", "b", "c", "d"]) == {"a": state("a", 1), "b": state("b", 2), "c": state("c", 2)}
        assert sink.known("another", ["a"]) == {}

    successor = sink_on(there)
    restored = await successor.open()
    assert (restored.checkpoints, restored.conversations) == ({SOURCE: checkpoint(2)}, 3)
    assert successor.known(SOURCE, ["a", "b", "c", "d"]) == {"a": state("a", 1), "b": state("b", 2), "c": state("c", 2)}
    await successor.close()
