"""The local Apache Kafka itself: starts, keeps data, dies with its parent."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from producer.dev.broker import Broker

PARENT = """
import sys, threading, time
from producer.dev.broker import Broker

def start():  # from a thread that ends before its broker
    broker = Broker.started()
    print(broker.pid, flush=True)
    brokers.append(broker)

brokers = []
thread = threading.Thread(target=start)
thread.start()
thread.join()
sys.stdin.read()
"""


@pytest.fixture
def own_broker(broker: Broker) -> Iterator[Broker]:
    """A broker that the test may break; the shared one has made sure that it can run."""
    with Broker.started() as own:
        yield own


def create_topic(broker: Broker, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    admin.create_topics([NewTopic(topic, num_partitions=1)])[topic].result(timeout=15)


def read_committed(broker: Broker, topic: str, count: int) -> list[bytes | None]:
    consumer = Consumer(
        {"bootstrap.servers": broker.bootstrap_servers, "group.id": "none", "isolation.level": "read_committed"}
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    messages: list[Message] = consumer.consume(count, timeout=15)
    consumer.close()
    return [message.value() for message in messages]


async def write_in_transactions(broker: Broker, topic: str, *, aborted: bytes, committed: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers, transactional_id=topic)
    async with producer:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, aborted)
        await producer.abort_transaction()
        await producer.begin_transaction()
        await producer.send_and_wait(topic, committed)
        await producer.commit_transaction()


async def test_what_a_transaction_commits_is_read_back_and_what_it_aborts_is_not(
    broker: Broker, topic_prefix: str
) -> None:
    create_topic(broker, topic_prefix)
    await write_in_transactions(broker, topic_prefix, aborted=b"no", committed=b"yes")

    assert read_committed(broker, topic_prefix, 1) == [b"yes"]


@pytest.mark.parametrize("end", [Broker.stop, Broker.kill])
async def test_data_and_address_outlive_a_stop_and_a_kill(own_broker: Broker, topic_prefix: str, end: object) -> None:
    address = own_broker.bootstrap_servers
    create_topic(own_broker, topic_prefix)
    await write_in_transactions(own_broker, topic_prefix, aborted=b"no", committed=b"yes")
    assert callable(end)

    end(own_broker)
    own_broker.start()

    assert own_broker.bootstrap_servers == address
    assert read_committed(own_broker, topic_prefix, 1) == [b"yes"]


async def test_two_brokers_at_once_do_not_share_anything(broker: Broker, own_broker: Broker, topic_prefix: str) -> None:
    create_topic(broker, topic_prefix)
    create_topic(own_broker, topic_prefix)
    await asyncio.gather(
        write_in_transactions(broker, topic_prefix, aborted=b"no", committed=b"first"),
        write_in_transactions(own_broker, topic_prefix, aborted=b"no", committed=b"second"),
    )

    assert read_committed(broker, topic_prefix, 1) == [b"first"]
    assert read_committed(own_broker, topic_prefix, 1) == [b"second"]


async def test_a_paused_broker_answers_nothing_until_it_is_resumed(own_broker: Broker, topic_prefix: str) -> None:
    create_topic(own_broker, topic_prefix)
    own_broker.pause()

    writing = asyncio.create_task(write_in_transactions(own_broker, topic_prefix, aborted=b"no", committed=b"yes"))
    finished, _ = await asyncio.wait([writing], timeout=0.5)
    assert not finished

    own_broker.resume()
    await writing
    assert read_committed(own_broker, topic_prefix, 1) == [b"yes"]


def test_a_broker_dies_with_its_parent_even_when_that_one_is_killed(broker: Broker) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        running = Path(f"/proc/{pid}")
        assert running.exists(), "the broker outlives the thread that started it"

        parent.send_signal(signal.SIGKILL)
        parent.wait()

    deadline = time.monotonic() + 10
    while running.exists() and time.monotonic() < deadline:
        os.sched_yield()
    assert not running.exists()
