"""One transaction from begin to commit-returned. Whatever goes wrong in between, the producer must be discarded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from itertools import zip_longest

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import IllegalOperation, InvalidTxnState, KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata

from producer.model.batch import Outgoing
from producer.model.instants import Millis

Load = Mapping[TopicPartition, Iterable[Outgoing]]
"""The records of a transaction by partition, in order."""


async def transact(producer: AIOKafkaProducer, load: Load, timestamp: Millis) -> dict[TopicPartition, int]:
    """Write everything in one transaction; return the next offset of every partition written.

    Raises what aiokafka raises; the outcome is then unknown and the producer is of no further use.
    """
    await producer.begin_transaction()
    builders = {partition: _built(producer, records, timestamp) for partition, records in load.items()}
    sent: list[tuple[BatchBuilder, asyncio.Future[RecordMetadata]]] = []
    for turn in zip_longest(*builders.values()):  # a partition takes its next batch when the one before is on its way
        for partition, builder in zip(builders, turn, strict=True):
            if builder is not None:
                future = await producer.send_batch(builder, partition.topic, partition=partition.partition)
                future.add_done_callback(_seen)
                sent.append((builder, future))
    # Every future: aiokafka would commit after a batch that failed, and lose more with later ones.
    written = await asyncio.gather(*(future for _, future in sent))
    await producer.commit_transaction()
    return _next_offsets(zip(written, (builder.record_count() for builder, _ in sent), strict=True))


def _built(producer: AIOKafkaProducer, records: Iterable[Outgoing], timestamp: Millis) -> list[BatchBuilder]:
    builders: list[BatchBuilder] = []
    for record in records:
        if not builders or not _appended(builders[-1], record, timestamp):
            builders.append(producer.create_batch())
            _appended(builders[-1], record, timestamp)  # an empty batch takes a record of any size
    return builders


def _appended(builder: BatchBuilder, record: Outgoing, timestamp: Millis) -> bool:
    done = builder.append(key=record.key, value=record.value, headers=list(record.headers), timestamp=timestamp)
    return done is not None


def _next_offsets(written: Iterable[tuple[RecordMetadata, int]]) -> dict[TopicPartition, int]:
    offsets: dict[TopicPartition, int] = {}
    for metadata, count in written:
        if metadata.offset < 0:  # a retried batch that the broker remembers, but not where
            raise KafkaError(f"the broker did not say where it put a batch of {metadata.topic_partition}")
        partition = metadata.topic_partition
        offsets[partition] = max(offsets.get(partition, 0), metadata.offset + count)
    return offsets


def _seen(future: asyncio.Future[RecordMetadata]) -> None:
    """Failures are raised by the gather above; this one may never be reached."""
    if not future.cancelled():
        future.exception()


def fatal_cause(producer: AIOKafkaProducer, exc: BaseException) -> BaseException:
    """What really happened when it came to nothing but a wrong state: the sender or the transaction had failed before.

    A refused AddPartitions is kept by the transaction, and aiokafka sends the batches all the same.
    """
    sender = producer._sender.sender_task  # noqa: SLF001 - there is no public way
    transaction = producer._txn_manager._transaction_waiter  # noqa: SLF001 - the same
    cause = exc
    if isinstance(exc, AssertionError | IllegalOperation | InvalidTxnState):
        failed = [each.exception() for each in (sender, transaction) if each.done() and not each.cancelled()]
        cause = next((each for each in failed if each is not None), exc)
    return cause.__cause__ or cause if type(cause) is KafkaError else cause  # KafkaError itself only wraps another
