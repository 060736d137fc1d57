"""The product broken on purpose, each against one rule of the transactions; the judge must find every one out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import zip_longest
from types import MappingProxyType
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition

from producer.flow.pending import StatePending
from producer.kafka import sink, transaction
from producer.kafka.client import start_producer
from producer.kafka.restore import restore
from producer.kafka.sink import RECORD_OVERHEAD, KafkaSink
from producer.kafka.topics import check
from producer.kafka.transaction import Load
from producer.model.batch import Restored, Topic
from producer.model.instants import Millis
from tests.support.chaos.plans import Point
from tests.support.chaos.taps import Taps, exchange

TOO_LARGE = 9 << 20
"""Bytes: above the max.message.bytes of every topic."""

Offsets = dict[TopicPartition, int]


def checkpoint_before_records(taps: Taps) -> None:
    """State and checkpoint go into a transaction of their own, and the records into one behind it."""

    async def transact(producer: AIOKafkaProducer, load: Load, timestamp: Millis) -> Offsets:
        parts: tuple[dict[TopicPartition, Any], dict[TopicPartition, Any]] = ({}, {})
        for partition, records in load.items():
            parts[next(iter(records)).topic is not Topic.STATE][partition] = records
        states, others = parts
        offsets = await transaction.transact(producer, states, timestamp)
        if _has_conversations(others):
            taps.reached(Point.TORN)
        return offsets | (await transaction.transact(producer, others, timestamp) if others else {})

    exchange(sink, "transact", transact)


def batches_not_awaited(taps: Taps) -> None:
    """The commit is asked for without a look at what became of the batches."""

    async def transact(producer: AIOKafkaProducer, load: Load, timestamp: Millis) -> Offsets:
        await producer.begin_transaction()
        sent = []
        builders = {partition: transaction._built(producer, records, timestamp) for partition, records in load.items()}
        for turn in zip_longest(*builders.values()):
            for partition, builder in zip(builders, turn, strict=True):
                if builder is not None:
                    future = await producer.send_batch(builder, partition.topic, partition=partition.partition)
                    future.add_done_callback(transaction._seen)
                    sent.append((future, builder.record_count()))
        await producer.commit_transaction()
        return transaction._next_offsets((future.result(), n) for future, n in sent if future.exception() is None)

    exchange(sink, "transact", transact)


def restore_before_ownership(taps: Taps) -> None:
    """What was committed is read before InitProducerId: a predecessor that lives may still commit more."""

    async def open_lane(opened: KafkaSink) -> Restored:
        await opened._drop()
        report = await check(opened._options)
        copy = opened._working_copy()
        offsets = await restore(opened._options, opened._number, copy, report)
        taps.reached(Point.RESTORED_EARLY)
        producer = await start_producer(opened._options, opened._number)
        limits = {topic: size - RECORD_OVERHEAD for topic, size in report.max_message_bytes.items()}
        opened._lane = sink._Lane(producer, report.raise_if_refused().topic_id, limits, list(offsets))
        return Restored(
            checkpoints=copy.checkpoints(),
            offsets=offsets,
            max_record_bytes=limits,
            conversations=copy.conversations(),
            took=timedelta(0),
            deliveries=copy.deliveries()[0],
        )

    exchange(KafkaSink, "open", open_lane)


def pending_dropped_at_restart(_taps: Taps) -> None:
    """What the webhook was not told yet is forgotten with the process that was to tell it."""
    exchange(StatePending, "waiting", lambda _: ())


MUTANTS: Mapping[str, Callable[[Taps], None]] = MappingProxyType(
    {
        each.__name__: each
        for each in (
            checkpoint_before_records,
            batches_not_awaited,
            restore_before_ownership,
            pending_dropped_at_restart,
        )
    }
)


def refuse_one_batch() -> None:
    """No mutant, but bad luck: the broker refuses the first batch of conversations, which is too large for it."""
    refused = asyncio.Event()

    async def transact(producer: AIOKafkaProducer, load: Load, timestamp: Millis) -> Offsets:
        if _has_conversations(load) and not refused.is_set():
            refused.set()
            load = _swollen(load)
        offsets: Offsets = await sound(producer, load, timestamp)
        return offsets

    sound = exchange(sink, "transact", transact)


def _swollen(load: Load) -> Load:
    """The load, its first conversation as large as noise can make it: compression does not help."""
    swollen = {partition: list(records) for partition, records in load.items()}
    records = next(each for each in swollen.values() if each[0].topic is Topic.CONVERSATIONS)
    records[0] = replace(records[0], value=os.urandom(TOO_LARGE))
    return swollen


def _has_conversations(load: Load) -> bool:
    return any(record.topic is Topic.CONVERSATIONS for records in load.values() for record in records)
