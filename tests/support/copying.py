"""Topics copied under another name, with something done to the copy on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from uuid import uuid4

from confluent_kafka import Consumer, Producer, TopicPartition

from producer.dev.broker import Broker
from tests.support.sinks import Found, make_topic, read_committed

Records = list[Found]
Tamper = Callable[[Records], Iterable[Found]]


def copied(broker: Broker, topic: str, tamper: Tamper, **configuration: str) -> str:
    """Copy what is committed, as tampered with, each partition in the order given; returns the copy's name.

    Keys, values, headers, partitions and append times stay. No partition of the copy ends before the original's, as
    watermarks promise offsets; underscores in the names of its configuration stand for dots.
    """
    name = f"{topic}.{uuid4().hex[:8]}"
    ends = _ends(broker, topic)
    make_topic(broker, name, len(ends), max_message_bytes=str(8 << 20), **configuration)
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "transactional.id": name})
    producer.init_transactions(20)
    records = sorted(tamper(read_committed(broker, topic)), key=lambda each: each.partition)
    written = dict.fromkeys(range(len(ends)), 0)
    producer.begin_transaction()
    for partition, group in groupby(records, lambda each: each.partition):
        for each in group:
            producer.produce(
                name, each.value, each.key, partition, timestamp=each.timestamp, headers=list(each.headers)
            )
            producer.poll(0)
            written[partition] += 1
    producer.commit_transaction(20)
    producer.begin_transaction()
    for partition, end in ends.items():
        for _ in range(end - written[partition]):
            producer.produce(name, b"filler", b"filler", partition)
    producer.flush(20)
    producer.abort_transaction(20)
    return name


def _ends(broker: Broker, topic: str) -> dict[int, int]:
    """The end offset of every partition."""
    consumer = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": "independent"})
    try:
        partitions = sorted(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
        return {each: consumer.get_watermark_offsets(TopicPartition(topic, each), timeout=10)[1] for each in partitions}
    finally:
        consumer.close()
