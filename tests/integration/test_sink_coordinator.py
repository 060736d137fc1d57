"""What a cluster does to a transaction: coordinators that load or move, leaders that move, time that runs out.

The broker of these tests is one alone: it has no other leader to change to. So a change is told here by the answers
that a cluster gives, once each, in the place of the broker's own; a coordinator that loads is also had by a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import AddPartitionsToTxnRequest, EndTxnRequest, InitProducerIdRequest
from confluent_kafka import IsolationLevel, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from producer.dev.broker import Broker
from producer.errors import Fenced, SinkError, SinkUnavailable
from producer.kafka import sink as sink_module
from producer.kafka import topics
from producer.kafka.client import start_producer
from producer.kafka.options import KafkaOptions
from producer.model.batch import Topic
from tests.support.sinks import (
    LANE,
    SOURCE,
    batch,
    committed_page,
    nothing_left_behind,
    opened,
    options,
    values,
)

SHORT = timedelta(seconds=1)
"""A transaction's time; the broker looks every second for those that have outlived theirs."""

LEADER_NOT_AVAILABLE, NOT_LEADER = 5, 6
LOADING, NOT_AVAILABLE, NOT_COORDINATOR = 14, 15, 16


@pytest.fixture(scope="module")
def fragile(broker: Broker) -> Iterator[Broker]:
    """A broker for the tests of this file to restart; the shared one has made sure that it can run."""
    with Broker.started() as own:
        yield own


@pytest.fixture
async def there(broker: Broker, topic_prefix: str) -> KafkaOptions:
    """Options whose topics exist on the shared broker."""
    made = options(broker, topic_prefix)
    await topics.create(made)
    return made


# --- loading and moving ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("point", ["begin_transaction", "send_batch", "commit_transaction"])
async def test_a_broker_that_restarts_amid_a_transaction_loses_and_doubles_nothing(
    fragile: Broker, topic_prefix: str, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """Right before begin, between begin and the first batch, and when all batches are there and the commit is not."""
    there = options(fragile, topic_prefix)
    await topics.create(there)
    restarts, original = 0, getattr(AIOKafkaProducer, point)

    async def restarted_before(producer: AIOKafkaProducer, *arguments: Any, **named: Any) -> Any:
        nonlocal restarts
        restarts += 1
        if restarts == 1:
            fragile.kill()
            await asyncio.to_thread(fragile.start)
        return await original(producer, *arguments, **named)

    async with nothing_left_behind(), opened(there) as sink:
        await sink.commit(batch(1, "a"))
        monkeypatch.setattr(AIOKafkaProducer, point, restarted_before)
        try:
            await sink.commit(batch(2, "a", "b"))
        except SinkUnavailable:
            if await committed_page(sink) < 2:
                await sink.commit(batch(2, "a", "b"))
        await sink.commit(batch(3, "a"))
        assert await committed_page(sink) == 3
    assert restarts > 1
    expected = ["a on page 1", "a on page 2", "a on page 3", "b on page 2"]
    assert values(fragile, there.topics[Topic.CONVERSATIONS]) == expected


def _one_code(_: Any, code: int) -> object:
    return SimpleNamespace(error_code=code)


def _code_of_every_partition(request: Any, code: int) -> object:
    return SimpleNamespace(errors=[(topic, [(each, code) for each in numbers]) for topic, numbers in request._topics])


def _code_of_every_batch(request: Any, code: int) -> object:
    refused = [(topic, [(each, code, -1, -1, -1) for each, _ in batches]) for topic, batches in request._topics]
    return SimpleNamespace(API_VERSION=7, topics=refused)


Answer = Callable[[Any, int], object]
ANSWERS: list[tuple[type, Answer, int]] = [
    *((InitProducerIdRequest, _one_code, code) for code in (LOADING, NOT_AVAILABLE, NOT_COORDINATOR)),
    *((AddPartitionsToTxnRequest, _code_of_every_partition, c) for c in (LOADING, NOT_AVAILABLE, NOT_COORDINATOR)),
    *((ProduceRequest, _code_of_every_batch, code) for code in (LEADER_NOT_AVAILABLE, NOT_LEADER)),
    *((EndTxnRequest, _one_code, code) for code in (LOADING, NOT_AVAILABLE, NOT_COORDINATOR)),
]


@pytest.mark.parametrize(("kind", "answer", "code"), ANSWERS)
async def test_a_coordinator_or_leader_that_is_not_there_yet_is_asked_again(
    broker: Broker, there: KafkaOptions, monkeypatch: pytest.MonkeyPatch, kind: type, answer: Answer, code: int
) -> None:
    asked, send = 0, AIOKafkaClient.send

    async def not_yet(client: AIOKafkaClient, node: int, request: Any, **named: Any) -> Any:
        nonlocal asked
        if isinstance(request, kind):
            asked += 1
            if asked == 1:
                return answer(request, code)
        return await send(client, node, request, **named)

    monkeypatch.setattr(AIOKafkaClient, "send", not_yet)
    async with nothing_left_behind(), opened(there) as sink:
        await sink.commit(batch(1, "a"))
        await sink.commit(batch(2, "a", "b"))
        assert await committed_page(sink) == 2
    assert asked > 1
    assert values(broker, there.topics[Topic.CONVERSATIONS]) == ["a on page 1", "a on page 2", "b on page 2"]


async def test_a_connection_that_drops_behind_the_request_for_a_commit(
    broker: Broker, there: KafkaOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    drops, send = 0, AIOKafkaConnection.send

    def dropped(connection: AIOKafkaConnection, request: Any, *arguments: Any, **named: Any) -> Any:
        nonlocal drops
        answer = send(connection, request, *arguments, **named)
        if isinstance(request, EndTxnRequest):
            drops += 1
            if drops == 1:  # in the loop's next round the request is on the wire
                asyncio.get_running_loop().call_soon(connection._writer.transport.abort)
        return answer

    monkeypatch.setattr(AIOKafkaConnection, "send", dropped)
    async with nothing_left_behind(), opened(there) as sink:
        try:
            await sink.commit(batch(1, "a"))
        except SinkUnavailable:
            if await committed_page(sink) < 1:
                await sink.commit(batch(1, "a"))
        await sink.commit(batch(2, "a"))
    assert drops > 1
    assert values(broker, there.topics[Topic.CONVERSATIONS]) == ["a on page 1", "a on page 2"]


# --- time that runs out ---------------------------------------------------------------------------------------------


def stand_still_until_aborted(broker: Broker, there: KafkaOptions) -> None:
    """Block the whole process, as SIGSTOP does, until the coordinator has aborted the lane's open transaction.

    An open transaction holds the last stable offset back; its abort lets it go, behind a marker.
    """
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    state = TopicPartition(there.topics[Topic.STATE], LANE)

    def end(isolation: IsolationLevel) -> int:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call] # the client's own types are not complete
        asked = admin.list_offsets({state: latest}, isolation_level=isolation)
        offset: int = asked[state].result(timeout=10).offset
        return offset

    assert end(IsolationLevel.READ_COMMITTED) < end(IsolationLevel.READ_UNCOMMITTED), "a transaction is open"
    while end(IsolationLevel.READ_COMMITTED) < end(IsolationLevel.READ_UNCOMMITTED):
        pass


async def _through_an_abort(broker: Broker, there: KafkaOptions, kind: type[SinkError]) -> None:
    """A page whose transaction the coordinator aborts before its commit is refused, and then taken once."""
    commit = AIOKafkaProducer.commit_transaction

    async def late(producer: AIOKafkaProducer) -> None:
        stand_still_until_aborted(broker, there)
        await commit(producer)

    async with nothing_left_behind(), opened(there) as sink:
        await sink.commit(batch(1, "a"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(AIOKafkaProducer, "commit_transaction", late)
            with pytest.raises(kind, match="committing lane 1"):
                await sink.commit(batch(2, "a"))
        assert sink.known(SOURCE, ["a"])["a"].revision == 1, "memory stands still"
        assert await committed_page(sink) == 1
        await sink.commit(batch(2, "a"))
    assert values(broker, there.topics[Topic.CONVERSATIONS]) == ["a on page 1", "a on page 2"]


async def test_a_process_that_stood_still_past_its_transaction_restores_and_sends_the_page_once(
    broker: Broker, there: KafkaOptions
) -> None:
    """Either the sink's own, shorter time is up first, or the coordinator's refusal arrives: both end the same way."""
    short = replace(there, transaction_timeout=SHORT, commit_timeout=SHORT / 2)
    await _through_an_abort(broker, short, SinkError)


async def test_a_transaction_that_the_coordinator_gave_up_is_fenced(
    broker: Broker, there: KafkaOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A coordinator with less patience than the sink, so that its refusal is what the sink is told."""

    async def hurried(given: KafkaOptions, lane: int) -> AIOKafkaProducer:
        return await start_producer(replace(given, transaction_timeout=SHORT, commit_timeout=SHORT / 2), lane)

    monkeypatch.setattr(sink_module, "start_producer", hurried)
    await _through_an_abort(broker, there, Fenced)
