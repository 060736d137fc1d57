"""The life of one source on one lane. This file reads as the whole program.

Take the lane over and restore; then read and write until told to stop. When a commit fails, everything that was built
is dropped and the lane is restored: planning goes on from what was committed, so nothing is lost and nothing doubled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from producer import errors, events
from producer.assembly.batch import Assembly, AssemblyTools, BatchBounds
from producer.clock import pause, unless
from producer.flow.behind import Chore
from producer.flow.chores import Chores
from producer.flow.nameless import Nameless
from producer.flow.naming import Naming
from producer.flow.pending import StatePending
from producer.flow.reader import Reader, ReadPolicy, first_head
from producer.flow.reading import Readings
from producer.flow.writer import Writer
from producer.model import steps
from producer.model.actions import Action
from producer.model.batch import Batch, Restored
from producer.model.checkpoint import Checkpoint, Published
from producer.model.coverage import Coverage
from producer.model.instants import ONE_DAY, ONE_MILLISECOND, day_number, floor_millis
from producer.model.reads import ReadKind
from producer.planning.pace import wait_after
from producer.planning.watch import WatchPolicy
from producer.ports import Clock, Courier, Observer, Sink, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class LanePolicy:
    """How a source is captured. `capture_start` None means now; `ages` are those of the re-reads, rising; `shares`
    the parts of the budget by kind of read.

    `linger` and `grace` are real time: how long a record waits for company, and a read for its end at a stop.
    """

    capture_start: datetime | None
    ages: tuple[timedelta, ...]
    watch: WatchPolicy
    shares: Mapping[ReadKind, float]
    reads: ReadPolicy
    bounds: BatchBounds
    linger: timedelta
    grace: timedelta
    expected_organisation: str | None
    config_digest: str


@dataclass(slots=True, kw_only=True)
class Lane:
    """One source and the sink it writes to. `tools` makes the assembly's tools from what was restored, `courier` one
    that delivers to the webhook for as long as the lane is held (None: there is no webhook); `naming` is None when
    records carry no names.
    """

    name: str
    source: Source
    sink: Sink
    clock: Clock
    real_clock: Clock
    observe: Observer
    policy: LanePolicy
    tools: Callable[[Restored], AssemblyTools]
    new_id: Callable[[], str]
    naming: Naming | None = None
    started_details: Mapping[str, Any] = field(default_factory=dict)
    courier: Callable[[], Courier] | None = None
    _began: datetime | None = None
    _commits: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; every failure of Kafka is waited out. Never raises for credentials, broker or fencing."""
        failures = 0
        try:
            while not stop.is_set():
                commits = self._commits
                try:
                    restored = await unless(stop, self._open())
                    if restored is not None:
                        await self._work(restored, stop)
                except* errors.SinkError as group:
                    error = _first(group)
                else:
                    return
                # who was fenced stays away longer each time, or two owners of one identity would never settle
                settled = self._commits > commits and not isinstance(error, errors.Fenced)
                failures = 1 if settled else failures + 1
                await self._wait(error, failures, stop)
        finally:
            await self.sink.close()

    async def _open(self) -> Restored:
        restored = await self.sink.open()
        self.observe(
            events.LaneRestored(
                source=self.name,
                took=restored.took,
                conversations=restored.conversations,
                checkpoint=restored.checkpoints.get(self.name),
            )
        )
        for kind, share in self.policy.shares.items():
            self.observe(events.BudgetShared(source=self.name, read=kind.value, share=share))
        return restored

    async def _work(self, restored: Restored, stop: asyncio.Event) -> None:
        now = self.clock.now()
        before = restored.checkpoints.get(self.name)
        self._began = self._began or now  # a capture that starts now still does when its first commits fail
        checkpoint = replace(
            self._going_on(before, now) if before else first_checkpoint(self.name, self.policy, self._began),
            offsets=restored.offsets,
            records=restored.records,
            config_digest=self.policy.config_digest,
        )
        if checkpoint.usage is not None:
            self.source.resume(checkpoint.usage)
        assembly = Assembly(
            self.tools(restored),
            self.policy.bounds,
            checkpoint,
            tracked=restored.conversations,
            pending=restored.pending(self.name),
        )
        self._announce(assembly, before, now)
        assembly.interrupted(checkpoint.open_reads, now)
        courier = self.courier() if self.courier else None
        writer = Writer(
            name=self.name,
            sink=self.sink,
            assembly=assembly,
            clock=self.clock,
            observe=self.observe,
            head=self.policy.reads.head,
            linger=self.policy.linger,
            committed=partial(self._committed, courier),
        )
        reader = self._reader(writer)
        try:
            async with asyncio.timeout(None) as patience, asyncio.TaskGroup() as group:
                writing = group.create_task(writer.run())
                delivering = group.create_task(self._deliver(courier, restored, writer))
                await self._read_until_stopped(group, reader, stop)
                patience.reschedule(asyncio.get_running_loop().time() + self.policy.grace.total_seconds())
                await writer.put(steps.Abandoned(at=self.clock.now()))
                await writer.settled()
                delivering.cancel()
                await writer.put(steps.Noted(action=Action.STOPPED, at=self.clock.now()))
                await writer.settled()  # this last transaction carries the watermark of the one before
                writing.cancel()
        except* errors.SinkError as failures:
            self._discarded(_first(failures))
            raise
        except* TimeoutError:
            self._discarded(errors.SinkUnavailable("the last commits did not end within the grace of a stop"))

    def _reader(self, writer: Writer) -> Reader:
        chores = Chores(
            name=self.name,
            sink=self.sink,
            clock=self.clock,
            checkpoint=writer.checkpoint,
            watch=self.policy.watch,
            longest=self.policy.reads.head.catch_up_slice,
        )
        return Reader(
            name=self.name,
            source=self.source,
            clock=self.clock,
            observe=self.observe,
            policy=self.policy.reads,
            readings=Readings(
                name=self.name,
                source=self.source,
                clock=self.clock,
                observe=self.observe,
                new_id=self.new_id,
                put=writer.put,
                last_tier=len(self.policy.ages),
            ),
            chores=(chores.ask_by_id, chores.read_again, *self._names_again(), chores.forget),
            naming=self.naming,
            checkpoint=writer.checkpoint,
            put=writer.put,
            settled=writer.settled,
            expected_organisation=self.policy.expected_organisation,
        )

    def _names_again(self) -> tuple[Callable[[], Chore | None], ...]:
        """The chore of those that were sent without a name."""
        if self.naming is None:
            return ()
        return (Nameless(name=self.name, sink=self.sink, clock=self.clock, naming=self.naming).next,)

    def _discarded(self, error: errors.SinkError) -> None:
        if isinstance(error, errors.Fenced):
            self.observe(events.LaneFenced(source=self.name, message=str(error)))
        self.observe(
            events.BatchDiscarded(
                source=self.name, reason=type(error).__name__, message=str(error), what_to_do=error.what_to_do
            )
        )

    def _committed(self, courier: Courier | None, batch: Batch) -> None:
        self._commits += 1
        if courier is not None:
            for delivery in batch.deliveries:
                courier.take(delivery)

    def _announce(self, assembly: Assembly, before: Checkpoint | None, now: datetime) -> None:
        """Put the start of this process and a change of its settings into the first transaction that succeeds."""
        if not self._commits:
            assembly.take(steps.Noted(action=Action.STARTED, at=now, details=self.started_details), now)
        if before is not None and before.config_digest != self.policy.config_digest:
            details = {"before": before.config_digest, "after": self.policy.config_digest}
            assembly.take(steps.Noted(action=Action.CONFIG_CHANGED, at=now, details=details), now)

    async def _read_until_stopped(self, group: asyncio.TaskGroup, reader: Reader, stop: asyncio.Event) -> None:
        """Run the reader; after a stop it may finish its window as long as the grace allows, then it is interrupted."""
        reading = group.create_task(reader.run(stop))
        stopping = group.create_task(stop.wait())
        await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({reading}, timeout=self.policy.grace.total_seconds())
        reading.cancel()
        stopping.cancel()
        await asyncio.wait({reading})

    def _going_on(self, before: Checkpoint, now: datetime) -> Checkpoint:
        """What was committed, under the settings of today: other ages of re-reads, an earlier start of capture."""
        coverage = before.coverage.with_ages(self.policy.ages)
        if self.policy.capture_start is not None:
            coverage = coverage.back_to(floor_millis(self.policy.capture_start), now)
        return replace(before, coverage=coverage, capture_start=coverage.since)

    async def _deliver(self, courier: Courier | None, restored: Restored, writer: Writer) -> None:
        if courier is not None:
            await StatePending.of(self.name, restored, writer.put).deliver(courier, self.observe)

    async def _wait(self, error: errors.SinkError, failures: int, stop: asyncio.Event) -> None:
        wait = wait_after(error, failures)
        self.observe(
            events.SinkBlocked(
                source=self.name,
                reason=type(error).__name__,
                message=str(error),
                what_to_do=error.what_to_do,
                wait=wait,
            )
        )
        await pause(self.real_clock, wait, stop)


def first_checkpoint(name: str, policy: LanePolicy, now: datetime) -> Checkpoint:
    """Where a source stands of which nothing was ever committed."""
    start = floor_millis(policy.capture_start or now)
    head = floor_millis(first_head(start, now))
    return Checkpoint(
        source=name,
        capture_start=start,
        coverage=Coverage.beginning(since=start, head=head, ages=policy.ages, at=now),
        published=Published(head=start, final=start),
        horizon_day=day_number(head + ONE_DAY - ONE_MILLISECOND),  # of a day that began before, not all was seen
    )


def _first(group: BaseExceptionGroup[errors.SinkError]) -> errors.SinkError:
    """The first error of a group, however deep."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
