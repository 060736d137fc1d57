"""Signs of life of a lane, looked for without taking it: when it was last written to."""

from __future__ import annotations

import asyncio

from aiokafka import TopicPartition

from producer.errors import SinkRefused, SinkUnavailable
from producer.kafka.client import admin, consumer
from producer.kafka.failures import as_sink_errors
from producer.kafka.metadata import describe
from producer.kafka.options import KafkaOptions
from producer.model.batch import Topic
from producer.model.instants import Millis

_LOOKED_AT = 2_000  # records from the end: more than one transaction writes
_POLL = 200  # ms
_PATIENCE = 20.0  # seconds


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
            deadline = asyncio.get_running_loop().time() + _PATIENCE
            while await reading.position(partition) < end:
                for record in (await reading.getmany(partition, timeout_ms=_POLL)).get(partition, []):
                    last = Millis(max(last or 0, record.timestamp))
                if asyncio.get_running_loop().time() > deadline:
                    raise SinkUnavailable(f"the end of {partition.topic}-{lane} was not reached in {_PATIENCE:g} s")
    return last
