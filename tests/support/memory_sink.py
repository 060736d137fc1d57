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
from producer.kafka.working_copy import Plan, no_plan
from producer.model.batch import Batch, Mark, Outgoing, Receipt, Restored, Topic, Watched
from producer.model.checkpoint import Checkpoint
from producer.model.conversation import NO_AGENDA, Agenda, ConversationState
from producer.model.delivery import Delivery, UnreadableDelivery
from producer.model.instants import Millis
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
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    unreadable: dict[str, UnreadableDelivery] = field(default_factory=dict)
    plan: Plan = no_plan
    agendas: dict[str, Agenda] = field(default_factory=dict)
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
            deliveries=tuple(self.deliveries.values()),
            unreadable=tuple(self.unreadable.values()),
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

    def due(self, source: str, now: Millis, most: int) -> list[str]:
        turns = [(agenda.due, each) for each, agenda in self._agendas(source) if agenda.due is not None]
        return [each for due, each in sorted(turns) if due <= now][:most]

    def asked(self, source: str, ids: Iterable[str]) -> None:
        for each, state in self.known(source, ids).items():
            self.agendas[each] = self.plan(state, restoring=False)

    def forgettable(self, source: str, before: int, after: Mark | None, most: int) -> list[Mark]:
        marks = [
            Mark(agenda.forget_day, each) for each, agenda in self._agendas(source) if agenda.forget_day is not None
        ]
        return [mark for mark in sorted(marks) if mark.day < before and (after is None or mark > after)][:most]

    def nameless(self, source: str, after: str, most: int) -> list[ConversationState]:
        behind = sorted(each for each in self.states.get(source, {}).items() if each[0] > after)
        return [state for _, state in behind if state.names_missing][:most]

    def watched(self, source: str) -> Watched:
        agendas = [agenda for _, agenda in self._agendas(source)]
        turns = [agenda.due for agenda in agendas if agenda.due is not None]
        return Watched(
            watched=len(turns), open=sum(agenda.open for agenda in agendas), due_since=min(turns, default=None)
        )

    def _agendas(self, source: str) -> list[tuple[str, Agenda]]:
        return [(each, self.agendas.get(each, NO_AGENDA)) for each in self.states.get(source, {})]

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
        states = self.states.setdefault(batch.source, {})
        states.update({state.id: state for state in batch.states})
        self.agendas.update({state.id: self.plan(state, restoring=False) for state in batch.states})
        for forgotten in batch.forgotten:
            states.pop(forgotten, None)
        self.deliveries.update({each.id: each for each in batch.deliveries})
        for settled in batch.settled:
            del (self.unreadable if settled in self.unreadable else self.deliveries)[settled]
