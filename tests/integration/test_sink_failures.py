"""The failure matrix of the sink on a real broker: each line deterministic, and each guard seen to catch its mutant."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import RecordMetadata
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.cimpl import NewPartitions

from producer.clock import real_now
from producer.dev.broker import Broker
from producer.errors import Fenced, SinkRefused, SinkUnavailable, StateTooNew
from producer.kafka import sink as sink_module
from producer.kafka import topics
from producer.kafka.client import start_producer
from producer.kafka.options import KafkaOptions
from producer.kafka.restore import restore
from producer.kafka.sink import RECORD_OVERHEAD, KafkaSink
from producer.kafka.transaction import Load
from producer.kafka.working_copy import Position
from producer.model.batch import Restored, Topic
from producer.model.conversation import ConversationState
from producer.model.instants import Millis, to_millis
from tests.support.sinks import (
    LANE,
    SOURCE,
    StandingClock,
    batch,
    conversation,
    nothing_left_behind,
    opened,
    options,
    page_of,
    read_committed,
    state,
    values,
)


@pytest.fixture
async def there(broker: Broker, topic_prefix: str) -> KafkaOptions:
    """Options whose topics exist on the shared broker."""
    made = options(broker, topic_prefix)
    await topics.create(made)
    return made


def limit_records(broker: Broker, topic: str, size: int) -> None:
    """Lower what the broker takes, and return when it does so."""
    entry = ConfigEntry("max.message.bytes", str(size), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    admin.incremental_alter_configs([resource])[resource].result(timeout=10)
    while admin.describe_configs([resource])[resource].result(timeout=10)["max.message.bytes"].value != str(size):
        pass


async def page_on_topic(sink: KafkaSink) -> int:
    """Open the lane again, as after every failure, and say how many pages are committed."""
    return page_of((await sink.open()).checkpoints.get(SOURCE))


# --- between begin and commit-returned ------------------------------------------------------------------------------


async def test_what_was_sent_and_not_committed_is_never_seen(broker: Broker, there: KafkaOptions) -> None:
    async def killed_before_commit(producer: AIOKafkaProducer, load: Load, _: Millis) -> None:
        await producer.begin_transaction()
        for partition, records in load.items():
            builder = producer.create_batch()
            for record in records:
                builder.append(key=record.key, value=record.value, headers=[], timestamp=None)
            await (await producer.send_batch(builder, partition.topic, partition=partition.partition))
        raise ConnectionResetError("the process was killed")

    async with opened(there) as sink:
        await sink.commit(batch(1, "a"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sink_module, "transact", killed_before_commit)
            with pytest.raises(SinkUnavailable, match="the process was killed"):
                await sink.commit(batch(2, "a", "b"))
    async with opened(there) as successor:
        assert await page_on_topic(successor) == 1
        assert successor.known(SOURCE, ["a", "b"]) == {"a": state("a", 1)}
        await successor.commit(batch(2, "a", "b"))
    assert values(broker, there.topics[Topic.CONVERSATIONS]) == ["a on page 1", "a on page 2", "b on page 2"]


@pytest.mark.parametrize("applied", [True, False])
async def test_the_restore_decides_what_became_of_a_commit_without_an_answer(
    broker: Broker, there: KafkaOptions, monkeypatch: pytest.MonkeyPatch, *, applied: bool
) -> None:
    commit = AIOKafkaProducer.commit_transaction

    async def unanswered(producer: AIOKafkaProducer) -> None:
        if applied:
            await commit(producer)
        raise TimeoutError

    async with opened(there) as sink:
        with monkeypatch.context() as patch:
            patch.setattr(AIOKafkaProducer, "commit_transaction", unanswered)
            with pytest.raises(SinkUnavailable, match=r"committing lane 1 at .*: no answer in time"):
                await sink.commit(batch(1, "a"))
        assert sink.known(SOURCE, ["a"]) == {}, "memory stands still until the restore"
        if await page_on_topic(sink) < 1:
            await sink.commit(batch(1, "a"))
        assert sink.known(SOURCE, ["a"]) == {"a": state("a", 1)}
    assert values(broker, there.topics[Topic.CONVERSATIONS]) == ["a on page 1"]


async def test_a_cancelled_commit_is_whole_or_not_at_all(broker: Broker, there: KafkaOptions) -> None:
    async with nothing_left_behind(), opened(there) as sink:
        for page in range(1, 12):  # cancelled after another time each: before, amid and after the transaction
            committing = asyncio.ensure_future(sink.commit(batch(page, f"id{page}")))
            await asyncio.sleep(page * 0.001)
            committing.cancel()
            await asyncio.wait({committing})
            found = await page_on_topic(sink)
            assert found in {page, page - 1}
            if found < page:
                await sink.commit(batch(page, f"id{page}"))
    expected = sorted(f"id{page} on page {page}" for page in range(1, 12))
    assert values(broker, there.topics[Topic.CONVERSATIONS]) == expected


# --- one batch refused ----------------------------------------------------------------------------------------------


async def _page_after_a_refused_batch(broker: Broker, there: KafkaOptions) -> int:
    """Commit a page of which the broker refuses a record; return how many pages the checkpoint then stands for."""
    async with opened(there) as sink:
        await sink.commit(batch(1, "a"))
        limit_records(broker, there.topics[Topic.CONVERSATIONS], 40_000)
        with suppress(SinkRefused):
            await sink.commit(batch(2, "b", more=(conversation("large", secrets.token_bytes(50_000)),)))
        return await page_on_topic(sink)


async def test_a_refused_batch_leaves_checkpoint_and_topics_as_they_were(broker: Broker, there: KafkaOptions) -> None:
    assert await _page_after_a_refused_batch(broker, there) == 1
    assert values(broker, there.topics[Topic.CONVERSATIONS]) == ["a on page 1"]


async def test_a_mutant_that_does_not_await_the_batch_futures_is_caught(
    broker: Broker, there: KafkaOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_batch = AIOKafkaProducer.send_batch

    async def not_awaited(self: AIOKafkaProducer, builder: Any, topic: str, *, partition: int) -> Any:
        (await send_batch(self, builder, topic, partition=partition)).add_done_callback(lambda done: done.exception())
        supposed: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        supposed.set_result(RecordMetadata(topic, partition, TopicPartition(topic, partition), 0, -1, 0, 0))
        return supposed

    monkeypatch.setattr(AIOKafkaProducer, "send_batch", not_awaited)
    assert await _page_after_a_refused_batch(broker, there) == 2, "the checkpoint claims a page that is not there"


async def test_a_record_above_the_topic_s_limit_is_refused_before_anything_is_sent(
    broker: Broker, there: KafkaOptions
) -> None:
    limit_records(broker, there.topics[Topic.CONVERSATIONS], 40_000)
    sink = KafkaSink(there, lane=LANE, clock=StandingClock())
    limit = (await sink.open()).max_record_bytes[Topic.CONVERSATIONS]
    assert limit == 40_000 - RECORD_OVERHEAD
    with pytest.raises(SinkRefused, match=rf"a record of {limit + 1} bytes is too large for .*conversations.v1"):
        await sink.commit(batch(1, more=(conversation("large", secrets.token_bytes(limit + 1)),)))
    await sink.commit(batch(1, more=(conversation("fits", secrets.token_bytes(limit)),)))
    await sink.close()
    assert [found.key for found in read_committed(broker, there.topics[Topic.CONVERSATIONS])] == [b"fits"]


# --- another owner --------------------------------------------------------------------------------------------------


async def test_a_second_owner_fences_the_first(broker: Broker, there: KafkaOptions) -> None:
    async with opened(there) as first:
        await first.commit(batch(1, "a"))
        async with opened(there) as second:
            with pytest.raises(Fenced, match="committing lane 1"):
                await first.commit(batch(2, "zombie"))
            await second.commit(batch(2, "a"))
            assert await page_on_topic(first) == 2, "it may take the lane back, and finds what the other wrote"
            with pytest.raises(Fenced):
                await second.commit(batch(3, "zombie"))
    assert values(broker, there.topics[Topic.CONVERSATIONS]) == ["a on page 1", "a on page 2"]


async def test_a_zombie_amid_a_transaction_can_not_end_it(
    broker: Broker, there: KafkaOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = AIOKafkaProducer.commit_transaction
    stopped, continued = asyncio.Event(), asyncio.Event()

    async def stopped_before_commit(producer: AIOKafkaProducer) -> None:
        stopped.set()
        await continued.wait()
        await commit(producer)

    async with opened(there) as zombie:
        with monkeypatch.context() as patch:
            patch.setattr(AIOKafkaProducer, "commit_transaction", stopped_before_commit)
            late = asyncio.ensure_future(zombie.commit(batch(1, "a")))
            await stopped.wait()
        async with opened(there) as successor:
            assert await page_on_topic(successor) == 0
            await successor.commit(batch(1, "a"))
            continued.set()
            with pytest.raises(Fenced):
                await late
    assert values(broker, there.topics[Topic.CONVERSATIONS]) == ["a on page 1"]


class _RestoresFirst(KafkaSink):
    """The mutant: reads what was committed before it takes the lane over."""

    def __init__(self, there: KafkaOptions, predecessor: KafkaSink) -> None:
        super().__init__(there, lane=LANE, clock=StandingClock())
        self._predecessor = predecessor

    async def open(self) -> Restored:
        restored_early: list[tuple[int, ...]] = []

        async def early(there: KafkaOptions, lane: int) -> AIOKafkaProducer:
            restored_early.append(await restore(there, lane, self._working_copy(), await topics.check(there)))
            await self._predecessor.commit(batch(2, "a"))
            return await start_producer(there, lane)

        async def late(*_: object) -> tuple[int, ...]:
            return restored_early[0]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sink_module, "start_producer", early)
            patch.setattr(sink_module, "restore", late)
            return await super().open()


async def _read_the_second_page(successor: KafkaSink) -> None:
    """Commit the second page unless it is committed."""
    restored = await successor.open()
    if page_of(restored.checkpoints.get(SOURCE)) < 2:
        await successor.commit(batch(2, "a"))
    await successor.close()


async def test_the_lane_is_taken_over_before_it_is_restored(
    broker: Broker, there: KafkaOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(there) as predecessor:
        await predecessor.commit(batch(1, "a"))

        async def predecessor_commits_meanwhile(*arguments: Any) -> tuple[int, ...]:
            with pytest.raises(Fenced):
                await predecessor.commit(batch(2, "a"))
            return await restore(*arguments)

        monkeypatch.setattr(sink_module, "restore", predecessor_commits_meanwhile)
        await _read_the_second_page(KafkaSink(there, lane=LANE, clock=StandingClock()))
    assert values(broker, there.topics[Topic.CONVERSATIONS]) == ["a on page 1", "a on page 2"]


async def test_a_mutant_that_restores_first_doubles_a_page(broker: Broker, there: KafkaOptions) -> None:
    async with opened(there) as predecessor:
        await predecessor.commit(batch(1, "a"))
        await _read_the_second_page(_RestoresFirst(there, predecessor))
    assert values(broker, there.topics[Topic.CONVERSATIONS]) == ["a on page 1", "a on page 2", "a on page 2"]


# --- memory and topic -----------------------------------------------------------------------------------------------


class _MovesMemoryFirst(KafkaSink):
    """The mutant: its working copy is ahead of the topic while a commit is under way."""

    async def _write(self, lane: Any, load: Load, changes: Any) -> None:
        position = Position(topic_id=lane.topic_id, next_offset=1, at=to_millis(real_now()))
        self._working_copy().apply(changes, position)
        await super()._write(lane, load, changes)


async def _known_after_a_failed_commit(there: KafkaOptions, kind: type[KafkaSink]) -> Mapping[str, ConversationState]:
    async def failed(_: AIOKafkaProducer) -> None:
        raise TimeoutError

    async with opened(there, kind) as sink:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(AIOKafkaProducer, "commit_transaction", failed)
            with pytest.raises(SinkUnavailable):
                await sink.commit(batch(1, "a"))
        await sink.open()
        return sink.known(SOURCE, ["a"])


async def test_memory_moves_after_the_commit(there: KafkaOptions) -> None:
    assert await _known_after_a_failed_commit(there, KafkaSink) == {}


async def test_a_mutant_that_moves_memory_before_the_commit_is_caught(there: KafkaOptions) -> None:
    assert await _known_after_a_failed_commit(there, _MovesMemoryFirst) == {"a": state("a", 1)}, "a would be skipped"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (b"f|default|a", b"\x02new", r"genesys.state.v1-1, offset 0: format 2, and this version knows 1"),
        (b"c|default", b"\x02{}", r"genesys.state.v1-1, offset 0: format 2, and this version knows 1"),
        (b"w|default|hook", b"\x02new", r"genesys.state.v1-1, offset 0: format 2, and this version knows 1"),
        (b"z|default", b"\x01", r"genesys.state.v1-1, offset 0: a key of an unknown kind: b'z|default'"),
    ],
)
async def test_state_of_a_newer_version_stops_the_lane(
    broker: Broker, there: KafkaOptions, key: bytes, value: bytes, message: str
) -> None:
    newer = Producer({"bootstrap.servers": broker.bootstrap_servers})
    newer.produce(there.topics[Topic.STATE], value, key, partition=LANE)
    assert newer.flush(10) == 0
    sink = KafkaSink(there, lane=LANE, clock=StandingClock())
    async with nothing_left_behind():
        with pytest.raises(StateTooNew, match=message.replace("|", r"\|")):
            await sink.open()
    await sink.close()


async def test_a_changed_number_of_partitions_is_refused(broker: Broker, there: KafkaOptions) -> None:
    sink = KafkaSink(there, lane=LANE, clock=StandingClock())
    offsets = (await sink.open()).offsets
    await sink.commit(batch(1, "a", offsets=offsets))
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    name = there.topics[Topic.CONVERSATIONS]
    admin.create_partitions([NewPartitions(name, 4)])[name].result(timeout=10)
    with pytest.raises(SinkRefused, match=f"{name}: the number of partitions is 4, declared 3; .*lose their order"):
        await sink.open()
    await sink.close()
    declared_too = replace(there, partitions={**there.partitions, Topic.CONVERSATIONS: 4})
    sink = KafkaSink(declared_too, lane=LANE, clock=StandingClock())
    with pytest.raises(SinkRefused, match=f"{name} has 4 partitions, and had 3 when source default was last written"):
        await sink.open()
    await sink.close()


async def test_topics_that_are_missing_are_refused_and_not_made(broker: Broker, topic_prefix: str) -> None:
    sink = KafkaSink(options(broker, topic_prefix), lane=LANE, clock=StandingClock())
    async with nothing_left_behind():
        with pytest.raises(SinkRefused, match=r"missing, .*: genesys-producer topics create"):
            await sink.open()
    await sink.close()
    there = AdminClient({"bootstrap.servers": broker.bootstrap_servers}).list_topics(timeout=10).topics
    assert [name for name in there if name.startswith(topic_prefix)] == []
