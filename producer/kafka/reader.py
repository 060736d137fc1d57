"""Reading a topic for people: `tail` and `state show`. No group, nothing committed to the broker, read_committed."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal

from aiokafka import TopicPartition

from producer.errors import SinkRefused
from producer.kafka.client import admin, consumer
from producer.kafka.failures import as_sink_errors
from producer.kafka.metadata import describe
from producer.kafka.options import KafkaOptions
from producer.model.batch import Headers
from producer.model.instants import Millis

_RECORDS_AT_ONCE = 500
_POLL = 200  # ms


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRecord:
    """A record as it stands on a topic. `timestamp` is when it was appended (real time)."""

    topic: str
    partition: int
    offset: int
    timestamp: Millis
    key: bytes | None
    value: bytes | None
    headers: Headers


async def tail(
    options: KafkaOptions, topic: str, *, start: Literal["beginning", "end"], follow: bool
) -> AsyncGenerator[RawRecord, None]:
    """Yield the records of a topic, in order per partition, from its beginning or its end.

    Without `follow` it ends with what was committed when it began. Close it (`contextlib.aclosing`) to stop earlier.
    Raises SinkUnavailable, SinkRefused.
    """
    with as_sink_errors(f"reading {topic} at {options.bootstrap_servers}"):
        async with admin(options) as client:
            facts = (await describe(client, [topic])).get(topic)
        if facts is None:
            raise SinkRefused(f"there is no topic {topic} at {options.bootstrap_servers}")
        partitions = [TopicPartition(topic, number) for number in range(facts.partitions)]
        async with consumer(options) as reading:
            reading.assign(partitions)
            firsts, ends = await reading.beginning_offsets(partitions), await reading.end_offsets(partitions)
            for partition in partitions:
                reading.seek(partition, (firsts if start == "beginning" else ends)[partition])
            while follow or [each for each in partitions if await reading.position(each) < ends[each]]:
                found = await reading.getmany(timeout_ms=_POLL, max_records=_RECORDS_AT_ONCE)
                for partition, records in found.items():
                    for record in records:
                        if follow or record.offset < ends[partition]:
                            yield RawRecord(
                                topic=topic,
                                partition=record.partition,
                                offset=record.offset,
                                timestamp=Millis(record.timestamp),
                                key=record.key,
                                value=record.value,
                                headers=tuple(record.headers),
                            )
