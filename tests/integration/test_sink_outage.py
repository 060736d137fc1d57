"""The sink while its broker is away: it says so in bounded time, and afterwards nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import TypeVar

import pytest

from producer.dev.broker import Broker
from producer.errors import SinkUnavailable
from producer.kafka import topics
from producer.kafka.discard import GRACE
from producer.kafka.options import KafkaOptions
from producer.kafka.sink import COMMIT_GRACE, KafkaSink
from producer.model.batch import Topic
from tests.support.sinks import SOURCE, StandingClock, batch, nothing_left_behind, options, page_of, values

T = TypeVar("T")

START_TIMEOUT = timedelta(seconds=1)
COMMIT_TIMEOUT = timedelta(seconds=1)
DISCARD = timedelta(seconds=2 * GRACE)
SLACK = timedelta(seconds=1)


@pytest.fixture(scope="module")
def fragile(broker: Broker) -> Iterator[Broker]:
    """A broker for the tests of this file to break; the shared one has made sure that it can run."""
    with Broker.started() as own:
        yield own


async def when_back(attempt: Callable[[], Awaitable[T]]) -> T:
    """The outcome of the first attempt that finds the broker there."""
    async with asyncio.timeout(20):
        while True:
            with suppress(SinkUnavailable):
                return await attempt()


@pytest.fixture
async def there(fragile: Broker, topic_prefix: str) -> KafkaOptions:
    """Impatient options whose topics exist; the broker runs."""
    fragile.start()
    await when_back(lambda: topics.create(options(fragile, topic_prefix)))
    return options(fragile, topic_prefix, start_timeout=START_TIMEOUT, commit_timeout=COMMIT_TIMEOUT)


def sink_on(there: KafkaOptions) -> KafkaSink:
    return KafkaSink(there, lane=0, clock=StandingClock())


async def opened_when_back(sink: KafkaSink) -> int:
    """Open until it succeeds, as the pipeline does; return the committed page."""
    return page_of((await when_back(sink.open)).checkpoints.get(SOURCE))


async def test_broker_down_at_open_then_there(fragile: Broker, there: KafkaOptions) -> None:
    async with nothing_left_behind():
        sink = sink_on(there)
        fragile.kill()
        began = time.monotonic()
        with pytest.raises(SinkUnavailable, match=r"looking at the topics at 127\.0\.0\.1:\d+: ConnectionRefused"):
            await sink.open()
        assert time.monotonic() - began < (START_TIMEOUT + DISCARD + SLACK).total_seconds()
        await asyncio.to_thread(fragile.start)
        assert await opened_when_back(sink) == 0
        await sink.commit(batch(1, "a"))
        await sink.close()
    assert values(fragile, there.topics[Topic.CONVERSATIONS]) == ["a on page 1"]


@pytest.mark.parametrize("broken", ["kill", "pause"])
async def test_broker_gone_between_commits_then_back(fragile: Broker, there: KafkaOptions, broken: str) -> None:
    async with nothing_left_behind():
        sink = sink_on(there)
        await sink.open()
        await sink.commit(batch(1, "a"))
        getattr(fragile, broken)()
        began = time.monotonic()
        with pytest.raises(SinkUnavailable, match=r"committing lane 0 at 127\.0\.0\.1:\d+: no answer in time"):
            await sink.commit(batch(2, "a"))
        with pytest.raises(SinkUnavailable):
            await sink.open()
        bound = COMMIT_TIMEOUT + START_TIMEOUT + 3 * DISCARD + SLACK
        assert time.monotonic() - began < bound.total_seconds()
        await asyncio.to_thread(fragile.resume if broken == "pause" else fragile.start)
        found = await opened_when_back(sink)
        assert found in {1, 2}
        for page in range(found + 1, 4):
            await sink.commit(batch(page, "a"))
        await sink.close()
    assert values(fragile, there.topics[Topic.CONVERSATIONS]) == [f"a on page {page}" for page in (1, 2, 3)]


async def test_broker_killed_amid_a_commit_and_soon_back(fragile: Broker, there: KafkaOptions) -> None:
    patient = options(fragile, there.topics[Topic.STATE].removesuffix(".genesys.state.v1"))
    sink = sink_on(patient)
    await sink.open()
    committing = asyncio.ensure_future(sink.commit(batch(1, "a")))
    await asyncio.sleep(0.002)
    fragile.kill()
    await asyncio.to_thread(fragile.start)
    await committing  # the client repeats what was not answered; the broker drops what it has already
    assert sink.known(SOURCE, ["a"]) != {}
    await sink.close()
    assert values(fragile, there.topics[Topic.CONVERSATIONS]) == ["a on page 1"]


@pytest.mark.parametrize("broken", ["kill", "pause"])
async def test_a_cancelled_commit_ends_in_bounded_time(fragile: Broker, there: KafkaOptions, broken: str) -> None:
    patient = options(fragile, there.topics[Topic.STATE].removesuffix(".genesys.state.v1"))
    async with nothing_left_behind():
        sink = sink_on(patient)
        await sink.open()
        getattr(fragile, broken)()
        committing = asyncio.ensure_future(sink.commit(batch(1, "a")))
        await asyncio.sleep(0.1)
        committing.cancel()
        began = time.monotonic()
        await asyncio.wait({committing})
        assert committing.cancelled()
        assert time.monotonic() - began < COMMIT_GRACE + (DISCARD + SLACK).total_seconds()
        await sink.close()
        del committing
    fragile.resume()


async def test_close_is_bounded_without_a_broker(fragile: Broker, there: KafkaOptions) -> None:
    async with nothing_left_behind():
        sink = sink_on(there)
        await sink.open()
        fragile.pause()
        began = time.monotonic()
        await sink.close()
        assert time.monotonic() - began < (DISCARD + SLACK).total_seconds()
    fragile.resume()
