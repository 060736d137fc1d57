"""What a lane finds when it starts: in which cases the kept copy is enough, and what large batches look like."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from producer.dev.broker import Broker
from producer.errors import SinkRefused, SinkUnavailable
from producer.kafka import sink as sink_module
from producer.kafka import topics
from producer.kafka.client import start_producer
from producer.kafka.discard import discard
from producer.kafka.options import KafkaOptions
from producer.kafka.partitioner import partition_of
from producer.kafka.reader import RawRecord, tail
from producer.kafka.sink import KafkaSink
from producer.kafka.state import StateKey, encode_conversation, encode_delivery
from producer.model.batch import Batch, Outgoing, Restored, Topic
from tests.support.sinks import (
    SOURCE,
    StandingClock,
    batch,
    checkpoint,
    conversation,
    options,
    page_of,
    read_committed,
    state,
)
from tests.support.webhook import delivery

LANE = 1
UNTOLD = "only in the copy"


@pytest.fixture
async def there(broker: Broker, topic_prefix: str, tmp_path: Path) -> KafkaOptions:
    """Options that keep their copies; the topics exist."""
    made = options(broker, topic_prefix, state_path=tmp_path)
    await topics.create(made)
    return made


@asynccontextmanager
async def opened(there: KafkaOptions) -> AsyncIterator[tuple[KafkaSink, Restored]]:
    sink = KafkaSink(there, lane=LANE, clock=StandingClock())
    try:
        yield sink, await sink.open()
    finally:
        await sink.close()


def copy_of(there: KafkaOptions) -> sqlite3.Connection:
    assert there.state_path is not None
    return sqlite3.connect(there.state_path / f"lane-{LANE}.sqlite", isolation_level=None)


async def one_page_and_a_mark(there: KafkaOptions) -> None:
    """Commit a page, then remember something in the copy alone: it is still there exactly if the copy was kept."""
    async with opened(there) as (sink, _):
        await sink.commit(batch(1, "a"))
    connection = copy_of(there)
    stored = encode_conversation(state(UNTOLD))
    connection.execute(
        "INSERT INTO conversation (source, id, value, open, nameless) VALUES (?, ?, ?, 0, 0)", (SOURCE, UNTOLD, stored)
    )
    connection.close()


async def test_a_kept_copy_needs_only_the_tail(there: KafkaOptions) -> None:
    await one_page_and_a_mark(there)
    async with opened(replace(there, state_path=None)) as (elsewhere, _):
        await elsewhere.commit(batch(2, "b"))
    async with opened(there) as (sink, restored):
        assert sink.known(SOURCE, ["a", "b", UNTOLD]) == {"a": state("a"), "b": state("b", 2), UNTOLD: state(UNTOLD)}
        assert (restored.checkpoints, restored.conversations) == ({SOURCE: checkpoint(2)}, 3)


async def test_what_is_pending_is_restored_until_it_is_settled_with_a_kept_copy_or_without(there: KafkaOptions) -> None:
    one, two = delivery("a", "10:00"), delivery("b", "10:01")
    anew = replace(there, state_path=None)
    async with opened(there) as (sink, _):
        await sink.commit(replace(batch(1, "a"), deliveries=(one, two)))
    for options_of_next in (there, anew):
        async with opened(options_of_next) as (sink, restored):
            assert restored.deliveries == (one, two)
            assert sink.known(SOURCE, ["a", "b"]) == {"a": state("a")}
    async with opened(anew) as (sink, _):
        await sink.commit(replace(batch(2), settled=("a",)))
    for options_of_next in (there, anew):
        async with opened(options_of_next) as (_, restored):
            assert restored.deliveries == (two,)


async def test_what_stands_among_the_deliveries_and_is_none_is_told_and_can_be_settled(
    there: KafkaOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound, broken = delivery("a"), delivery("b")
    with monkeypatch.context() as patched:
        patched.setattr(sink_module, "encode_delivery", lambda each: b"{" if each is broken else encode_delivery(each))
        async with opened(there) as (sink, _):
            await sink.commit(replace(batch(1, "a"), deliveries=(sound, broken)))
    async with opened(there) as (sink, restored):
        assert (restored.deliveries, [each.id for each in restored.unreadable]) == ((sound,), ["b"])
        assert (restored.pending(SOURCE), restored.pending("another")) == (2, 0)
        await sink.commit(replace(batch(2), settled=("b",)))
    async with opened(replace(there, state_path=None)) as (_, restored):
        assert (restored.deliveries, restored.unreadable) == ((sound,), ())


def _too_old(there: KafkaOptions) -> None:
    half_of_delete_retention = 12 * 3_600_000
    connection = copy_of(there)
    connection.execute("UPDATE position SET at = at - ?", (half_of_delete_retention,))
    connection.close()


def _ahead_of_the_topic(there: KafkaOptions) -> None:
    connection = copy_of(there)
    connection.execute("UPDATE position SET next_offset = 1000")
    connection.close()


def _of_another_topic(there: KafkaOptions) -> None:
    connection = copy_of(there)
    connection.execute("UPDATE position SET topic_id = x'00'")
    connection.close()


@pytest.mark.parametrize("spoil", [_too_old, _ahead_of_the_topic, _of_another_topic])
async def test_a_copy_that_may_have_missed_something_is_made_anew(
    there: KafkaOptions, spoil: Callable[[KafkaOptions], None]
) -> None:
    await one_page_and_a_mark(there)
    spoil(there)
    async with opened(there) as (sink, restored):
        assert sink.known(SOURCE, ["a", UNTOLD]) == {"a": state("a")}
        assert (restored.checkpoints, restored.conversations) == ({SOURCE: checkpoint(1)}, 1)


async def test_a_topic_made_anew_begins_anew(broker: Broker, there: KafkaOptions) -> None:
    await one_page_and_a_mark(there)
    name = there.topics[Topic.STATE]
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    admin.delete_topics([name])[name].result(timeout=10)
    async with asyncio.timeout(10):
        while not (await topics.check(there)).differences:
            pass
    await topics.create(there)
    async with opened(there) as (sink, restored):
        assert (sink.known(SOURCE, ["a", UNTOLD]), restored.checkpoints) == ({}, {})


async def test_what_another_owner_left_open_or_aborted_is_passed_over(there: KafkaOptions) -> None:
    async with opened(there) as (sink, _):
        await sink.commit(batch(1, "a"))
    for _attempt in range(2):
        killed = await start_producer(there, LANE)
        await killed.begin_transaction()
        builder = killed.create_batch()
        key = StateKey(SOURCE, "a").encoded()
        builder.append(key=key, value=encode_conversation(state("a", 9)), headers=[], timestamp=None)
        await (await killed.send_batch(builder, there.topics[Topic.STATE], partition=LANE))
        await discard(killed)
    async with opened(there) as (sink, restored):
        assert sink.known(SOURCE, ["a"]) == {"a": state("a", 1)}
        assert page_of(restored.checkpoints[SOURCE]) == 1


async def test_tombstones_and_other_lanes(broker: Broker, there: KafkaOptions) -> None:
    async with opened(there) as (sink, _):
        await sink.commit(batch(1, "a", "b"))
    other = Producer({"bootstrap.servers": broker.bootstrap_servers})
    other.produce(there.topics[Topic.STATE], None, StateKey(SOURCE, "a").encoded(), partition=LANE)
    other.produce(there.topics[Topic.STATE], encode_conversation(state("c")), b"f|default|c", partition=0)
    assert other.flush(10) == 0
    async with opened(there) as (sink, restored):
        assert sink.known(SOURCE, ["a", "b", "c"]) == {"b": state("b")}
        assert restored.conversations == 1


async def test_a_restore_that_does_not_come_forward_gives_up(
    broker: Broker, there: KafkaOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(there) as (sink, _):
        await sink.commit(batch(1, "a"))

    async def nothing(*_: object, **__: object) -> dict[object, object]:
        return {}

    monkeypatch.setattr("aiokafka.AIOKafkaConsumer.getmany", nothing)
    hurried = replace(there, restore_patience=timedelta(milliseconds=50), state_path=None)
    with pytest.raises(SinkUnavailable, match=r"restoring .*genesys.state.v1-1 stands at 0 of \d"):
        await KafkaSink(hurried, lane=LANE, clock=StandingClock()).open()


async def test_a_large_batch_keeps_its_order_in_every_partition(broker: Broker, there: KafkaOptions) -> None:
    """Several megabytes, so that every partition takes several of aiokafka's batches."""
    count, padding = 1_500, b"." * 3_000
    ids = [f"id{number % 50}" for number in range(count)]
    records = tuple(conversation(each, b"%d" % number + padding) for number, each in enumerate(ids))
    async with opened(there) as (sink, before):
        receipt = await sink.commit(
            Batch(
                source=SOURCE,
                records=records,
                states=tuple(state(f"s{number}") for number in range(20_000)),
                checkpoint=checkpoint(1),
            )
        )
        assert sink.known(SOURCE, ["s0", "s19999"]) == {"s0": state("s0"), "s19999": state("s19999")}
    found = read_committed(broker, there.topics[Topic.CONVERSATIONS])
    for partition in range(3):
        expected = [r.value for r in records if partition_of(r.key, 3) == partition]
        assert [each.value for each in found if each.partition == partition] == expected
        assert receipt.offsets[partition] == before.offsets[partition] + len(expected)
    async with opened(replace(there, state_path=None)) as (_, restored):
        assert restored.conversations == 20_000
        assert all(now > said for now, said in zip(restored.offsets, receipt.offsets, strict=True)), "behind the marker"


async def test_a_topic_is_read_from_its_beginning_or_followed_from_its_end(there: KafkaOptions) -> None:
    audit = there.topics[Topic.AUDIT]

    def record(number: int) -> Outgoing:
        return Outgoing(Topic.AUDIT, b"request", b"%d" % number, (("ce_id", b"%d" % number),))

    async with opened(there) as (sink, _):
        await sink.commit(batch(1, more=(record(1), record(2))))
        assert [each async for each in tail(there, audit, start="end", follow=False)] == []
        found = [each async for each in tail(there, audit, start="beginning", follow=False)]
        partition = partition_of(b"request", 2)
        assert found == [
            RawRecord(
                topic=audit,
                partition=partition,
                offset=offset,
                timestamp=found[offset].timestamp,
                key=b"request",
                value=b"%d" % (offset + 1),
                headers=(("ce_id", b"%d" % (offset + 1)),),
            )
            for offset in (0, 1)
        ]
        async with aclosing(tail(there, audit, start="beginning", follow=True)) as following:
            assert [(await anext(following)).value for _ in range(2)] == [b"1", b"2"]
            await sink.commit(batch(2, more=(record(3),)))
            assert (await anext(following)).value == b"3"
    with pytest.raises(SinkRefused, match="there is no topic nowhere"):
        await anext(tail(there, "nowhere", start="end", follow=False))
