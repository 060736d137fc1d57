"""A producer can be dropped in any state, in bounded time, and nothing of it remains."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerFenced

from producer.dev.broker import Broker
from producer.errors import SinkUnavailable
from producer.kafka import topics
from producer.kafka.client import admin, consumer, start_producer
from producer.kafka.discard import GRACE, discard
from producer.kafka.options import KafkaOptions
from producer.model.batch import Topic
from tests.support.sinks import nothing_left_behind, options

BOUND = 2 * GRACE + 0.5


@pytest.fixture(scope="module")
def fragile(broker: Broker) -> Iterator[Broker]:
    """A broker for the tests of this file to break; the shared one has made sure that it can run."""
    with Broker.started() as own:
        yield own


@pytest.fixture
async def there(fragile: Broker, topic_prefix: str) -> KafkaOptions:
    """Options whose topics exist; the broker runs."""
    fragile.start()
    made = options(fragile, topic_prefix)
    await topics.create(made)
    return made


@asynccontextmanager
async def discarding(there: KafkaOptions) -> AsyncIterator[AIOKafkaProducer]:
    """A started producer, and after the block its discard, which must be quick and complete."""
    async with nothing_left_behind():
        producer = await start_producer(there, 0)
        yield producer
        began = time.monotonic()
        await discard(producer)
        del producer
        assert time.monotonic() - began < BOUND


async def send_one(producer: AIOKafkaProducer, there: KafkaOptions) -> asyncio.Future[object]:
    builder = producer.create_batch()
    builder.append(key=b"k", value=b"v", headers=[], timestamp=None)
    future: asyncio.Future[object] = await producer.send_batch(builder, there.topics[Topic.AUDIT], partition=0)
    future.add_done_callback(lambda done: done.cancelled() or done.exception())  # this one is the caller's to look at
    return future


async def test_healthy(there: KafkaOptions) -> None:
    async with discarding(there) as producer:
        await producer.begin_transaction()
        await (await send_one(producer, there))
        await producer.commit_transaction()


async def test_transaction_open_and_broker_alive(there: KafkaOptions) -> None:
    async with discarding(there) as producer:
        await producer.begin_transaction()
        await send_one(producer, there)


@pytest.mark.parametrize("broken", ["kill", "pause"])
async def test_transaction_open_and_broker_gone(fragile: Broker, there: KafkaOptions, broken: str) -> None:
    async with discarding(there) as producer:
        await producer.begin_transaction()
        await (await send_one(producer, there))
        getattr(fragile, broken)()
        await send_one(producer, there)
        await asyncio.sleep(0.2)  # long enough for the client to notice and to begin its retries
    fragile.resume()


async def test_a_batch_that_waits_to_be_sent_again(fragile: Broker, there: KafkaOptions) -> None:
    """aiokafka takes it from where it is not any more, and would complain of itself."""
    async with discarding(there) as producer:
        await producer.begin_transaction()
        await (await send_one(producer, there))
        fragile.kill()
        await send_one(producer, there)
        queues = producer._message_accumulator._batches
        async with asyncio.timeout(5):
            while not any(batch.retry_count for queue in queues.values() for batch in queue):  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0)
    fragile.resume()


@pytest.mark.parametrize("broken", ["kill", "pause"])
async def test_commit_pending_and_broker_gone(fragile: Broker, there: KafkaOptions, broken: str) -> None:
    async with discarding(there) as producer:
        await producer.begin_transaction()
        await (await send_one(producer, there))
        getattr(fragile, broken)()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await producer.commit_transaction()
    fragile.resume()


async def test_fatal(there: KafkaOptions) -> None:
    async with discarding(there) as producer:
        await producer.begin_transaction()
        await (await send_one(producer, there))
        successor = await start_producer(there, 0)
        with pytest.raises(ProducerFenced):
            await producer.commit_transaction()
        await discard(successor)


async def test_cancelled_while_it_starts(fragile: Broker, there: KafkaOptions) -> None:
    async with nothing_left_behind():
        fragile.pause()
        starting = asyncio.ensure_future(start_producer(there, 0))
        await asyncio.sleep(0.2)
        starting.cancel()
        began = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert time.monotonic() - began < BOUND
        del starting
    fragile.resume()


async def test_no_broker_while_it_starts(fragile: Broker, there: KafkaOptions) -> None:
    fragile.kill()
    hurried = options(fragile, "unused", start_timeout=there.start_timeout / 10)
    async with nothing_left_behind():
        began = time.monotonic()
        with pytest.raises(SinkUnavailable, match=r"taking over lane 0 at 127\.0\.0\.1:\d+: .*Connect"):
            await start_producer(hurried, 0)
        assert time.monotonic() - began < hurried.start_timeout.total_seconds() + BOUND


@pytest.mark.parametrize("broken", ["kill", "pause"])
async def test_consumer_and_admin_with_the_broker_gone(fragile: Broker, there: KafkaOptions, broken: str) -> None:
    async with nothing_left_behind():
        async with consumer(there) as reading, admin(there):
            await reading.topics()
            getattr(fragile, broken)()
            began = time.monotonic()
        assert time.monotonic() - began < 2 * BOUND
        del reading
    fragile.resume()
