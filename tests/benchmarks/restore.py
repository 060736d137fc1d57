"""What a restore costs: a lane's state topic with many conversations, read into a new working copy."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from confluent_kafka import Producer

from producer.dev.broker import Broker
from producer.kafka import topics
from producer.kafka.options import KafkaOptions
from producer.kafka.sink import KafkaSink
from producer.kafka.state import StateKey, encode_conversation
from producer.model.batch import Topic
from producer.model.conversation import ConversationState
from producer.model.instants import Millis
from tests.benchmarks.figures import Figure, noted
from tests.support.sinks import SOURCE, StandingClock, options

CONVERSATIONS = 100_000
LANE = 1
_SEEN = Millis(1_764_180_000_000)
_DAY = 20_418


def restore() -> list[Figure]:
    """CPU-seconds, since the machine may be shared."""
    with Broker.started() as broker, tempfile.TemporaryDirectory(prefix="genesys-producer-bench-") as folder:
        there = replace(options(broker, "bench"), state_path=Path(folder) / "state")
        asyncio.run(topics.create(there))
        _fill(there)
        first, again = asyncio.run(_opened(there)), asyncio.run(_opened(there))
        disk = sum(file.stat().st_size for file in (Path(folder) / "state").iterdir())
    return [
        noted(f"restore of {CONVERSATIONS:,} conversations, CPU-seconds", first),
        noted("the same with a working copy that was kept", again),
        noted("working copy on disk, bytes a conversation", disk / CONVERSATIONS),
    ]


def _fill(there: KafkaOptions) -> None:
    producer = Producer({"bootstrap.servers": there.bootstrap_servers, "queue.buffering.max.messages": CONVERSATIONS})
    for _ in range(CONVERSATIONS):
        state = ConversationState(
            id=str(uuid4()),
            fingerprint=os.urandom(16),
            raw_hash=os.urandom(16),
            revision=3,
            version=_SEEN,
            as_of=_SEEN,
            start_day=_DAY,
            last_day=_DAY,
        )
        key = StateKey(SOURCE, state.id).encoded()
        producer.produce(there.topics[Topic.STATE], encode_conversation(state), key, partition=LANE)
    if producer.flush(120):
        raise SystemExit("the local Kafka does not take the states")


async def _opened(there: KafkaOptions) -> float:
    sink = KafkaSink(there, lane=LANE, clock=StandingClock())
    began = time.process_time()
    restored = await sink.open()
    took = time.process_time() - began
    await sink.close()
    if restored.conversations != CONVERSATIONS:
        raise SystemExit(f"restored {restored.conversations:,} conversations of {CONVERSATIONS:,}")
    return took
