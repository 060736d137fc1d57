"""Reading a lane's state back: from where the working copy stands to what was committed when the lane became ours.

Runs after InitProducerId, never before: only then is no predecessor able to commit something that was not read here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from producer.clock import real_now
from producer.errors import SinkUnavailable, StateTooNew
from producer.kafka.client import consumer
from producer.kafka.failures import as_sink_errors
from producer.kafka.options import KafkaOptions
from producer.kafka.state import check_format, check_format_of_delivery, parse_key
from producer.kafka.topics import TopicReport
from producer.kafka.working_copy import Change, Position, WorkingCopy
from producer.model.batch import Topic
from producer.model.instants import to_millis

_RECORDS_AT_ONCE = 10_000  # sorted, they go in twice as fast as by the thousand; 0.1 s in which nothing else runs
_POLL = 100  # ms; also how long the last, empty look may take


async def restore(options: KafkaOptions, lane: int, copy: WorkingCopy, report: TopicReport) -> tuple[int, ...]:
    """Bring the copy up to date; return the next offsets of the conversations topic, one per partition.

    Memory is bounded by the copy's cache and one fetch. Raises SinkUnavailable, SinkRefused, StateTooNew.
    """
    partition = TopicPartition(options.topics[Topic.STATE], lane)
    with as_sink_errors(f"restoring lane {lane} from {partition.topic}"):
        async with consumer(options) as client:
            client.assign([partition])
            first = (await client.beginning_offsets([partition]))[partition]
            end = (await client.end_offsets([partition]))[partition]
            start = _start(copy, report, first, end)
            client.seek(partition, start.next_offset)
            await _read(client, partition, end, copy, start.topic_id, options.restore_patience)
        return await _conversation_offsets(options)


def _start(copy: WorkingCopy, report: TopicReport, first: int, end: int) -> Position:
    """Where to read from: the copy's position, if the topic still has all that came after it, else the beginning.

    Tombstones are what a copy that is too old would miss: they are compacted away after delete.retention.ms.
    """
    state, now = report.raise_if_refused(), to_millis(real_now())
    position = copy.position()
    if (
        position is not None
        and position.topic_id == state.topic_id
        and first <= position.next_offset <= end
        and 0 <= now - position.at < report.state_delete_retention / 2
    ):
        return position
    beginning = Position(topic_id=state.topic_id, next_offset=first, at=now)
    copy.clear(beginning)
    return beginning


async def _read(
    client: AIOKafkaConsumer,
    partition: TopicPartition,
    end: int,
    copy: WorkingCopy,
    topic_id: bytes,
    patience: timedelta,
) -> None:
    """Read up to `end`. Transaction markers and compaction leave gaps, so the position counts, not the records."""
    loop = asyncio.get_running_loop()
    began_at = to_millis(real_now())
    reached = await client.position(partition)
    deadline = loop.time() + patience.total_seconds()
    while reached < end:
        found = await client.getmany(partition, timeout_ms=_POLL, max_records=_RECORDS_AT_ONCE)
        position = await client.position(partition)
        if position > reached:
            reached, deadline = position, loop.time() + patience.total_seconds()
            changes = _changes(found.get(partition, ()))
            copy.apply(changes, Position(topic_id=topic_id, next_offset=reached, at=began_at), restoring=True)
        elif loop.time() > deadline:
            raise SinkUnavailable(f"restoring {partition.topic}-{partition.partition} stands at {reached} of {end}")


def _changes(records: Sequence[ConsumerRecord]) -> list[Change]:
    changes: list[Change] = []
    for record in records:
        try:
            key = parse_key(record.key)
            if record.value is not None:
                (check_format_of_delivery if key.delivery else check_format)(record.value)
        except StateTooNew as exc:
            raise StateTooNew(f"{record.topic}-{record.partition}, offset {record.offset}: {exc}") from None
        changes.append((key, record.value))
    return changes


async def _conversation_offsets(options: KafkaOptions) -> tuple[int, ...]:
    """The high watermarks: another lane's open transaction may hold the last stable offset below what we wrote."""
    topic = options.topics[Topic.CONVERSATIONS]
    partitions = [TopicPartition(topic, number) for number in range(options.partitions_of(Topic.CONVERSATIONS))]
    async with consumer(options, isolation="read_uncommitted") as client:
        ends = await client.end_offsets(partitions)
    return tuple(ends[partition] for partition in partitions)
