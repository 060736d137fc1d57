"""Signs of life of a lane, looked for without taking it: when it was last written to."""

from __future__ import annotations

from aiokafka import TopicPartition

from producer.errors import SinkRefused
from producer.kafka.client import admin, consumer
from producer.kafka.failures import as_sink_errors
from producer.kafka.metadata import describe
from producer.kafka.options import KafkaOptions
from producer.model.batch import Topic
from producer.model.instants import Millis

_LOOKED_AT = 2_000  # records from the end: more than one transaction writes
_POLL = 200  # ms
_EMPTY_POLLS = 10  # in a row, after which nothing more is there: markers and compaction leave gaps before the end


async def last_written(options: KafkaOptions, lane: int) -> Millis | None:
    """When something was last appended to the lane's state (real time); None when its end holds no record.

    Raises SinkUnavailable, SinkRefused.
    """
    partition = TopicPartition(options.topics[Topic.STATE], lane)
    last: Millis | None = None
    with as_sink_errors(f"looking at {partition.topic} at {options.bootstrap_servers}"):
        async with admin(options) as client:
            facts = (await describe(client, [partition.topic])).get(partition.topic)
        if facts is None:
            raise SinkRefused(f"there is no topic {partition.topic} at {options.bootstrap_servers}")
        async with consumer(options) as reading:
            reading.assign([partition])
            first = (await reading.beginning_offsets([partition]))[partition]
            end = (await reading.end_offsets([partition]))[partition]
            reading.seek(partition, max(first, end - _LOOKED_AT))
            empty = 0
            while empty < _EMPTY_POLLS and await reading.position(partition) < end:
                found = (await reading.getmany(partition, timeout_ms=_POLL)).get(partition, [])
                empty = 0 if found else empty + 1
                last = Millis(max([last or 0, *(record.timestamp for record in found)])) if found else last
    return last
