"""What kind of record the conversations topic holds already. It never holds two, so any one record tells."""

from __future__ import annotations

from contextlib import aclosing

from aiokafka import TopicPartition

from producer.kafka.client import consumer
from producer.kafka.extent import Extent, committed_records
from producer.kafka.failures import as_sink_errors
from producer.kafka.options import KafkaOptions
from producer.model.batch import Topic


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
