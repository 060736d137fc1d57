"""Topics read from beginning to end with confluent-kafka, as a read_committed consumer sees them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError

from producer.dev.confluent import PATIENCE_SECONDS, ReadFailed, reading
from producer.kafka.options import KafkaOptions

_AT_ONCE = 1_000
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One committed record of a topic. `at` is the append, epoch milliseconds."""

    partition: int
    offset: int
    at: int
    key: str | None
    value: bytes | None


def entries(kafka: KafkaOptions, topic: str) -> Iterator[Entry]:
    """Yield what is committed, each partition in order, up to where it ends now. Raises ReadFailed."""
    quick = 50  # ms for which a broker holds back the answer that a topic ends here
    with reading(kafka, topic, enable_partition_eof=True, fetch_wait_max_ms=quick) as (consumer, partitions):
        yield from _until_the_end(consumer, topic, open_partitions=set(partitions))


def _until_the_end(consumer: Consumer, topic: str, *, open_partitions: set[int]) -> Iterator[Entry]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while open_partitions:
        messages = consumer.consume(_AT_ONCE, timeout=_POLL_SECONDS)  # waits so long unless so many are there
        if messages:
            deadline = time.monotonic() + PATIENCE_SECONDS
        elif time.monotonic() > deadline:
            raise ReadFailed(
                f"{topic}: nothing came for {PATIENCE_SECONDS:.0f} s, partitions {sorted(open_partitions)}"
            )
        for message in messages:
            error = message.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                open_partitions.discard(message.partition())
            elif error is not None:
                raise ReadFailed(f"{topic}: {error.str()}")
            else:
                yield _entry(message)


def _entry(message: Any) -> Entry:  # its type says that all of it may be None, which is so for errors only
    key = message.key()
    return Entry(
        partition=message.partition(),
        offset=message.offset(),
        at=message.timestamp()[1],
        key=None if key is None else key.decode(),
        value=message.value(),
    )


def transactions(kafka: KafkaOptions, state_topic: str) -> int:
    """Count the committed transactions: runs of neighbouring offsets on the state topic, which each one writes to.

    Its marker takes an offset, so two transactions are never neighbours. Exact until compaction takes records away
    (a topic of more than 64 MiB, or older than an hour).
    """
    following: dict[int, int] = {}
    runs = 0
    for entry in entries(kafka, state_topic):
        runs += following.get(entry.partition) != entry.offset
        following[entry.partition] = entry.offset + 1
    return runs
