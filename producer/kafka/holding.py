"""What kind of record the conversations topic holds already. It never holds two, so any one record tells."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing

from aiokafka import TopicPartition

from producer.errors import SinkRefused
from producer.kafka.client import consumer
from producer.kafka.extent import Extent, committed_records
from producer.kafka.failures import as_sink_errors
from producer.kafka.metadata import Operation, TopicFacts
from producer.kafka.options import KafkaOptions
from producer.model.batch import Topic


def may_be_looked_at(options: KafkaOptions, facts: TopicFacts) -> bool:
    """Whether there is anything to know of the topic's records, and our principal may Read it."""
    return bool(options.records.known) and Operation.READ not in facts.denied


def raise_if_hidden(options: KafkaOptions, found: Mapping[str, TopicFacts]) -> None:
    """Raises SinkRefused when there is no telling what the topic holds."""
    name = options.topics[Topic.CONVERSATIONS]
    if options.records.known and not may_be_looked_at(options, found[name]):
        raise SinkRefused(
            f"our principal is not authorized to Read {name}: allow it by an ACL; one record is looked at, since a"
            " topic never gets records of two kinds"
        )


async def kind_on_topic(options: KafkaOptions, partitions: int) -> str | None:
    """The kind of the oldest record that is no tombstone; None when there is none, or this version does not know it.

    `partitions` is how many the topic has.

    Raises SinkUnavailable, SinkRefused.
    """
    async with aclosing(committed_records(options, await _extent(options, partitions))) as batches:
        async for records, _ in batches:
            for record in records:
                if record.value is not None:
                    return options.records.kind_of(record.value)
    return None


async def _extent(options: KafkaOptions, partitions: int) -> Extent:
    topic = options.topics[Topic.CONVERSATIONS]
    every = [TopicPartition(topic, number) for number in range(partitions)]
    with as_sink_errors(f"looking at {topic} at {options.bootstrap_servers}"):
        async with consumer(options) as client:
            firsts, ends = await client.beginning_offsets(every), await client.end_offsets(every)
    return Extent(topic=topic, firsts=tuple(firsts[each] for each in every), ends=tuple(ends[each] for each in every))
