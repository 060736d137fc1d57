"""The sink: one lane of Kafka. What it accepts is on the topics exactly once, with the checkpoint it belongs to.

After any failure between begin and commit-returned the producer is dropped and the lane opened again: the outcome of
a commit that did not return is only told by what is found in the state topic.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from aiokafka import AIOKafkaProducer, TopicPartition

from producer.clock import real_now
from producer.errors import SinkRefused, SinkUnavailable
from producer.kafka.client import start_producer
from producer.kafka.discard import GRACE, discard
from producer.kafka.failures import FOREIGN, as_sink_error
from producer.kafka.holding import raise_if_hidden
from producer.kafka.options import KafkaOptions
from producer.kafka.partitioner import partition_of
from producer.kafka.restore import restore
from producer.kafka.state import StateKey, encode_checkpoint, encode_conversation, encode_delivery
from producer.kafka.topics import check
from producer.kafka.transaction import Load, fatal_cause, transact
from producer.kafka.working_copy import Change, Plan, Position, WorkingCopy, no_plan
from producer.model.batch import Batch, Mark, Outgoing, Receipt, Restored, Topic, Watched
from producer.model.checkpoint import Checkpoint
from producer.model.conversation import ConversationState
from producer.model.instants import Millis, to_millis
from producer.ports import Clock

RECORD_OVERHEAD = 16 << 10
"""Bytes of max.message.bytes that are left to a record's key, headers and framing."""

COMMIT_GRACE = 2.0
"""Seconds that a commit may still take after whoever waits for it was cancelled; then it is discarded."""


@dataclass(slots=True)
class _Lane:
    """What is held while the lane is ours."""

    producer: AIOKafkaProducer
    topic_id: bytes
    max_record_bytes: Mapping[Topic, int]
    offsets: list[int]


class KafkaSink:
    """`ports.Sink` on a real cluster. One commit at a time; not for use by several tasks at once."""

    def __init__(self, options: KafkaOptions, *, lane: int, clock: Clock, plan: Plan = no_plan) -> None:
        """Nothing is connected yet. `clock` is product time, for what receipts say; `plan` makes agendas of states."""
        self._options = options
        self._plan = plan
        self._number = lane
        self._clock = clock
        self._lane: _Lane | None = None
        self._copy: WorkingCopy | None = None

    async def open(self) -> Restored:
        """Take the lane over (older owners are fenced), then read what was committed.

        Raises SinkUnavailable, SinkRefused, StateTooNew.
        """
        started = time.monotonic()
        await self._drop()
        report = await check(self._options)
        state = report.raise_if_refused()
        raise_if_hidden(self._options, report.found)
        copy = self._working_copy()
        producer = await start_producer(self._options, self._number)
        try:
            offsets = await restore(self._options, self._number, copy, report)
            checkpoints = copy.checkpoints()
            for checkpoint in checkpoints.values():
                self._refuse_other_partitions(checkpoint, len(offsets))
                self._refuse_other_records(checkpoint)
            limits = {topic: size - RECORD_OVERHEAD for topic, size in report.max_message_bytes.items()}
            deliveries, unreadable = copy.deliveries()
            restored = Restored(
                checkpoints=checkpoints,
                offsets=offsets,
                max_record_bytes=limits,
                conversations=copy.conversations(),
                took=timedelta(seconds=time.monotonic() - started),
                records=self._options.records.kind,
                deliveries=deliveries,
                unreadable=unreadable,
            )
        except BaseException:
            await discard(producer)
            raise
        self._lane = _Lane(producer, state.topic_id, limits, list(offsets))
        return restored

    async def commit(self, batch: Batch) -> Receipt:
        """Write the whole batch in one transaction and move the memory of the lane after it.

        A cancellation lets the commit end within COMMIT_GRACE, else discards it. After any exception, `open` again.
        Raises SinkUnavailable, SinkRefused, Fenced.
        """
        started = time.monotonic()
        lane = self._opened()
        changes = _changes(batch)
        load = self._load(lane, batch, changes)
        writing = asyncio.ensure_future(self._write(lane, load, changes))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await _let_end(writing)
            raise
        return Receipt(
            offsets=tuple(lane.offsets),
            committed_at=self._clock.now(),
            took=timedelta(seconds=time.monotonic() - started),
            records=len(batch.records),
        )

    def known(self, source: str, ids: Iterable[str]) -> Mapping[str, ConversationState]:
        """What is remembered of these conversations; ids never seen are left out. Raises SinkUnavailable."""
        return self._remembered().known(source, ids)

    def due(self, source: str, now: Millis, most: int) -> list[str]:
        """Ids of conversations that are to be asked for, the oldest due first. Raises SinkUnavailable."""
        return self._remembered().due(source, now, most)

    def asked(self, source: str, ids: Iterable[str]) -> None:
        """These were asked for: they are due again when their agendas say. Raises SinkUnavailable."""
        self._remembered().asked(source, ids)

    def forgettable(self, source: str, before: int, after: Mark | None, most: int) -> list[Mark]:
        """Conversations of which nothing is expected from that day on, behind a mark. Raises SinkUnavailable."""
        return self._remembered().forgettable(source, before, after, most)

    def nameless(self, source: str, after: str, most: int) -> list[ConversationState]:
        """Conversations whose last record lacks a name, by id, behind one. Raises SinkUnavailable."""
        return self._remembered().nameless(source, after, most)

    def watched(self, source: str) -> Watched:
        """How many are watched and open, and since when the oldest is due. Raises SinkUnavailable."""
        return self._remembered().watched(source)

    async def close(self) -> None:
        """Let go in bounded time, whatever state it is in. An open transaction is aborted by the next owner."""
        await self._drop()
        if self._copy is not None:
            self._copy.close()
            self._copy = None

    async def _write(self, lane: _Lane, load: Load, changes: list[Change]) -> None:
        """Write, and only then move the memory."""
        now = to_millis(real_now())
        try:
            async with asyncio.timeout(self._options.commit_timeout.total_seconds()):
                offsets = await transact(lane.producer, load, now)
            self._moved(lane, changes, offsets, now)
        except BaseException as exc:
            cause = fatal_cause(lane.producer, exc)
            await self._drop()
            if isinstance(cause, FOREIGN):
                raise as_sink_error(
                    cause, f"committing lane {self._number} at {self._options.bootstrap_servers}"
                ) from exc
            raise

    def _moved(self, lane: _Lane, changes: list[Change], offsets: Mapping[TopicPartition, int], now: Millis) -> None:
        names = self._options.topics
        for partition, next_offset in offsets.items():
            if partition.topic == names[Topic.CONVERSATIONS]:
                lane.offsets[partition.partition] = next_offset
        state = TopicPartition(names[Topic.STATE], self._number)
        if self._copy is not None:
            self._copy.apply(changes, Position(topic_id=lane.topic_id, next_offset=offsets[state], at=now))

    def _load(self, lane: _Lane, batch: Batch, changes: list[Change]) -> Load:
        """All records by partition; the state goes to the lane's own. Raises SinkRefused for one that is too large."""
        load: dict[TopicPartition, list[Outgoing]] = {}
        names = self._options.topics
        for record in batch.records:
            number = partition_of(record.key, self._options.partitions_of(record.topic))
            load.setdefault(TopicPartition(names[record.topic], number), []).append(record)
        state = [Outgoing(Topic.STATE, key.encoded(), value) for key, value in changes]
        load[TopicPartition(names[Topic.STATE], self._number)] = state
        for record in (*batch.records, *state):
            limit = lane.max_record_bytes[record.topic]
            if record.value is not None and len(record.value) > limit:
                raise SinkRefused(
                    f"a record of {len(record.value)} bytes is too large for {names[record.topic]} (at most {limit},"
                    f" by the topic's max.message.bytes); key {record.key!r}"
                )
        return load

    def _refuse_other_partitions(self, checkpoint: Checkpoint, partitions: int) -> None:
        if checkpoint.offsets and len(checkpoint.offsets) != partitions:
            raise SinkRefused(
                f"{self._options.topics[Topic.CONVERSATIONS]} has {partitions} partitions, and had"
                f" {len(checkpoint.offsets)} when source {checkpoint.source} was last written: keys would change their"
                " partition and lose their order; name a new topic and create it: genesys-producer topics create"
            )

    def _refuse_other_records(self, checkpoint: Checkpoint) -> None:
        """What the state knows as sent was sent as another kind, to another topic: it would never come to this one."""
        names, kind = self._options.topics, self._options.records.kind
        if checkpoint.records != kind:
            raise SinkRefused(
                f"{names[Topic.STATE]} remembers what was sent of source {checkpoint.source} as {checkpoint.records},"
                f" and {kind} is to be written to {names[Topic.CONVERSATIONS]}: set record.detail back, or another"
                " kafka.topics.prefix, and create its topics: genesys-producer topics create"
            )

    def _working_copy(self) -> WorkingCopy:
        if self._copy is None or self._copy.closed:
            directory = self._options.state_path
            self._copy = WorkingCopy(directory / f"lane-{self._number}.sqlite" if directory else None, self._plan)
        return self._copy

    def _remembered(self) -> WorkingCopy:
        if self._copy is None:
            raise SinkUnavailable("the lane is not open")
        return self._copy

    def _opened(self) -> _Lane:
        if self._lane is None:
            raise SinkUnavailable("the lane is not open")
        return self._lane

    async def _drop(self) -> None:
        lane, self._lane = self._lane, None
        if lane is not None:
            await discard(lane.producer)


def _changes(batch: Batch) -> list[Change]:
    """What the batch does to the state, the checkpoint last: whoever finds it finds all that it stands for."""
    changes: list[Change] = [(StateKey(batch.source, state.id), encode_conversation(state)) for state in batch.states]
    changes += [(StateKey(batch.source, forgotten), None) for forgotten in batch.forgotten]
    changes += [(StateKey(batch.source, each.id, delivery=True), encode_delivery(each)) for each in batch.deliveries]
    changes += [(StateKey(batch.source, settled, delivery=True), None) for settled in batch.settled]
    changes.append((StateKey(batch.source), encode_checkpoint(batch.checkpoint)))
    return changes


async def _let_end(writing: asyncio.Future[None]) -> None:
    """Wait for a commit that nobody waits for any more; beyond COMMIT_GRACE it is cancelled, which discards it."""
    try:
        await asyncio.wait({writing}, timeout=COMMIT_GRACE)
    finally:
        writing.cancel()
        await asyncio.wait({writing}, timeout=3 * GRACE)
        if writing.done() and not writing.cancelled():
            writing.exception()  # seen: the caller gets the cancellation
