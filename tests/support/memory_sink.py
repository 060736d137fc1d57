"""A sink in memory that fails as Kafka does: a commit may be refused, or be applied and still raise.

As the real one it demands `open` after any failure, and gives no memory of what was not committed. Offsets count as on
a real topic: a transaction's marker takes one in every partition it touched, aborted records keep theirs.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from producer.kafka.partitioner import partition_of
from producer.model.batch import Batch, Outgoing, Receipt, Restored, Topic
from producer.model.checkpoint import Checkpoint
from producer.model.conversation import ConversationState
from producer.ports import Clock

PARTITIONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """What a commit does instead of returning. `applied`: it raises although everything is on the topics."""

    error: Exception
    applied: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hanging:
    """A commit that does not return until the gate opens."""

    gate: asyncio.Event


@dataclass(slots=True, kw_only=True)
class MemorySink:
    """`commits` and `opens` say what the next calls do (None: they succeed); when they run out, all succeed."""

    clock: Clock
    commits: deque[Failing | Hanging | None] = field(default_factory=deque)
    opens: deque[Exception | None] = field(default_factory=deque)
    batches: list[Batch] = field(default_factory=list)
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)
    states: dict[str, dict[str, ConversationState]] = field(default_factory=dict)
    opened: int = 0
    closed: int = 0
    max_record_bytes: dict[Topic, int] = field(default_factory=lambda: dict.fromkeys(Topic, 1_000_000))
    _usable: bool = False
    _offsets: list[int] = field(default_factory=lambda: [0] * PARTITIONS)

    async def open(self) -> Restored:
        self._usable = False
        await asyncio.sleep(0)
        failure = self.opens.popleft() if self.opens else None
        if failure is not None:
            raise failure
        self.opened += 1
        self._usable = True
        return Restored(
            checkpoints=dict(self.checkpoints),
            offsets=tuple(self._offsets),
            max_record_bytes=self.max_record_bytes,
            conversations=sum(len(states) for states in self.states.values()),
            took=timedelta(milliseconds=30),
        )

    async def commit(self, batch: Batch) -> Receipt:
        assert self._usable, "a sink is opened before a commit, and again after a failed one"
        self._usable = False
        self._advance(batch)
        script = self.commits.popleft() if self.commits else None
        await asyncio.sleep(0)
        if isinstance(script, Hanging):
            await script.gate.wait()
        if isinstance(script, Failing):
            if script.applied:
                self._apply(batch)
            raise script.error
        self._apply(batch)
        self._usable = True
        return Receipt(
            offsets=tuple(self._offsets),
            committed_at=self.clock.now(),
            took=timedelta(milliseconds=10),
            records=len(batch.records),
        )

    def known(self, source: str, ids: Iterable[str]) -> Mapping[str, ConversationState]:
        states = self.states.get(source, {})
        return {each: states[each] for each in ids if each in states}

    async def close(self) -> None:
        self._usable = False
        self.closed += 1

    def records(self, topic: Topic) -> list[Outgoing]:
        """What a read_committed consumer of the topic sees, in order of the commits."""
        return [record for batch in self.batches for record in batch.records if record.topic is topic]

    def _advance(self, batch: Batch) -> None:
        keys = [record.key for record in batch.records if record.topic is Topic.CONVERSATIONS]
        touched = [partition_of(key, PARTITIONS) for key in keys]
        for partition in [*touched, *set(touched)]:
            self._offsets[partition] += 1

    def _apply(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.checkpoints[batch.source] = batch.checkpoint
        self.states.setdefault(batch.source, {}).update({state.id: state for state in batch.states})
