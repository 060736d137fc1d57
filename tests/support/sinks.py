"""What the tests of the sink share: options with topics of their own, batches, and an independent reader."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from producer.dev.broker import Broker
from producer.kafka.options import DEFAULT_NAMES, KafkaOptions
from producer.kafka.sink import KafkaSink
from producer.model.batch import Batch, Outgoing, Topic
from producer.model.checkpoint import Checkpoint, Published
from producer.model.conversation import ConversationState
from producer.model.coverage import Coverage

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SOURCE = "default"
LANE = 1


class StandingClock:
    """Product time that stands still, far from real time."""

    def now(self) -> datetime:
        return START

    async def sleep(self, duration: timedelta) -> None:
        await asyncio.sleep(0)


def options(broker: Broker, prefix: str, **changes: Any) -> KafkaOptions:
    """Options for topics of this test's own, with few partitions so that they are made quickly."""
    base = KafkaOptions(
        bootstrap_servers=broker.bootstrap_servers,
        topics={topic: f"{prefix}.{name}" for topic, name in DEFAULT_NAMES.items()},
        partitions={
            Topic.CONVERSATIONS: 3,
            Topic.AUDIT: 2,
            Topic.DEAD_LETTERS: 1,
            Topic.WATERMARKS: 1,
            Topic.COMMANDS: 1,
        },
        lanes=2,
        replication_factor=1,
        min_insync_replicas=1,
    )
    return replace(base, **changes)


def state(conversation_id: str, revision: int = 1) -> ConversationState:
    return ConversationState(id=conversation_id, fingerprint=bytes(16), revision=revision, version=revision)


def checkpoint(page: int, offsets: tuple[int, ...] = ()) -> Checkpoint:
    """The position after so many pages."""
    mark = START + timedelta(minutes=page)
    return Checkpoint(
        source=SOURCE,
        capture_start=START,
        coverage=Coverage(since=START, watermarks=(mark,)),
        published=Published(head=START, final=START),
        horizon_day=20_000,
        offsets=offsets,
    )


def page_of(point: Checkpoint | None) -> int:
    """How many pages a checkpoint stands for."""
    return 0 if point is None else (point.coverage.watermarks[0] - START) // timedelta(minutes=1)


def conversation(conversation_id: str, value: bytes) -> Outgoing:
    return Outgoing(Topic.CONVERSATIONS, conversation_id.encode(), value, (("content-type", b"application/avro"),))


def batch(page: int, *ids: str, more: tuple[Outgoing, ...] = (), offsets: tuple[int, ...] = ()) -> Batch:
    """A page: one record and one state for each id, and the checkpoint behind it."""
    return Batch(
        source=SOURCE,
        records=(*(conversation(each, f"{each} on page {page}".encode()) for each in ids), *more),
        states=tuple(state(each, page) for each in ids),
        checkpoint=checkpoint(page, offsets),
    )


@dataclass(frozen=True, slots=True)
class Found:
    """A record as another client library reads it."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp: int


def read_committed(broker: Broker, topic: str) -> list[Found]:
    """Everything that is committed on a topic, by partition and offset, read with confluent-kafka."""
    consumer = Consumer(
        {
            "bootstrap.servers": broker.bootstrap_servers,
            "group.id": "independent",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 50,
        }
    )
    try:
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
        found, ended = [], 0
        while ended < len(partitions):
            message = consumer.poll(10)
            assert message is not None, f"{topic}: no end within 10 s"
            error = message.error()
            if error is None:
                found.append(_found(message))
                continue
            assert error.code() == KafkaError._PARTITION_EOF, error
            ended += 1
        return sorted(found, key=lambda each: (each.partition, each.offset))
    finally:
        consumer.close()


def _found(message: Any) -> Found:
    return Found(
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        tuple(message.headers() or ()),
        message.timestamp()[1],
    )


def values(broker: Broker, topic: str) -> list[str]:
    """The committed values of a topic as sorted text."""
    return sorted((found.value or b"").decode() for found in read_committed(broker, topic))


def make_topic(broker: Broker, name: str, partitions: int, **configuration: str) -> None:
    """Make a topic otherwise than we would; underscores in the names of its configuration stand for dots."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    config = {key.replace("_", "."): value for key, value in configuration.items()}
    admin.create_topics([NewTopic(name, partitions, 1, config=config)])[name].result(timeout=15)


def open_sockets() -> set[str]:
    """The sockets that this process holds open."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the folder's own descriptor is closed by now
            target = str(descriptor.readlink())
            if target.startswith("socket:"):
                found.add(target)
    return found


@asynccontextmanager
async def nothing_left_behind() -> AsyncIterator[None]:
    """Fails when tasks, sockets or unseen exceptions remain that were not there before.

    A connection that the peer closes gets a moment: aiokafka does not wait for the farewell of TLS after a refusal.
    """
    loop = asyncio.get_running_loop()
    complaints: list[dict[str, Any]] = []
    tasks, sockets, handler = asyncio.all_tasks(), open_sockets(), loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    try:
        yield
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                while open_sockets() - sockets:  # noqa: ASYNC110 - nobody announces that a socket is closed
                    await asyncio.sleep(0)
        gc.collect()
        left = (asyncio.all_tasks() - tasks, open_sockets() - sockets, complaints)
        assert left == (set(), set(), []), left
    finally:
        loop.set_exception_handler(handler)


@asynccontextmanager
async def opened(there: KafkaOptions, kind: type[KafkaSink] = KafkaSink) -> AsyncIterator[KafkaSink]:
    """A sink that has the lane, let go at the end."""
    sink = kind(there, lane=LANE, clock=StandingClock())
    try:
        await sink.open()
        yield sink
    finally:
        await sink.close()


async def committed_page(sink: KafkaSink) -> int:
    """Open the lane anew, and say how many pages are committed."""
    return page_of((await sink.open()).checkpoints.get(SOURCE))
