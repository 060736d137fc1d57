"""The writing loop: turns steps into batches, one transaction at a time.

A batch goes out when it is full, when its oldest record has waited `linger`, or when nothing more is on its way. The
next batch is built only after the commit has returned, so nothing ever stands on a transaction that may yet fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from producer import events
from producer.assembly.batch import Assembly
from producer.model import steps
from producer.model.batch import Batch, Receipt
from producer.model.checkpoint import Checkpoint
from producer.model.coverage import HEAD
from producer.model.instants import from_millis
from producer.planning.head import HeadPolicy, due_edge
from producer.ports import Clock, Observer, Sink

_STEPS = 8  # on the way from reader to writer, at most; pages in flight over HTTP come on top, bounded by the source
_LONG_COMMIT = timedelta(seconds=5)  # real time; an ordinary one takes 10 to 40 ms


@dataclass(slots=True, kw_only=True)
class Writer:
    """Commits one source. `linger` is real time: how long a record may wait for company in a transaction."""

    name: str
    sink: Sink
    assembly: Assembly
    clock: Clock
    observe: Observer
    head: HeadPolicy
    linger: timedelta
    committed: Callable[[Batch], None]
    _queue: asyncio.Queue[steps.Step | asyncio.Future[None]] = field(default_factory=lambda: asyncio.Queue(_STEPS))
    _uncommitted: bool = False

    async def put(self, step: steps.Step) -> None:
        """Take a step, once there is room."""
        await self._queue.put(step)

    async def settled(self) -> None:
        """Wait until every step put so far is committed; that is then done at once."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._queue.put(done)
        await done

    def checkpoint(self) -> Checkpoint:
        """Where the source stands, as committed."""
        return self.assembly.checkpoint

    async def run(self) -> None:
        """Commit what comes, until cancelled. Raises what the sink raises; then this writer is not used again."""
        loop = asyncio.get_running_loop()
        deadline: float | None = None
        if not self.assembly.empty:  # what the lane itself has to say: its start, reads that a predecessor left open
            await self._commit()
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    step = await self._queue.get()
            except TimeoutError:
                await self._commit()
                deadline = None
                continue
            if isinstance(step, asyncio.Future):
                if self._uncommitted:
                    await self._commit()
                    deadline = None
                if not step.done():  # whoever waited may have been told to stop
                    step.set_result(None)
                continue
            self._uncommitted = True
            self.assembly.take(step, self.clock.now())
            if self.assembly.full or (self._queue.empty() and not self.assembly.reading):
                await self._commit()
                deadline = None
            elif deadline is None:
                deadline = loop.time() + self.linger.total_seconds()

    async def _commit_patiently(self, batch: Batch) -> Receipt:
        """Commit; one that takes long is told while it is waited for, since the sink gives up much later."""
        delayed = events.CommitDelayed(source=self.name, waited=_LONG_COMMIT)
        telling = asyncio.get_running_loop().call_later(_LONG_COMMIT.total_seconds(), self.observe, delayed)
        try:
            return await self.sink.commit(batch)
        finally:
            telling.cancel()

    async def _commit(self) -> None:
        self._uncommitted = False
        batch = self.assembly.build(self.clock.now())
        receipt = await self._commit_patiently(batch)
        self.committed(batch)
        now = self.clock.now()
        for event in self.assembly.committed(batch, receipt, now):
            self.observe(event)
        checkpoint = self.assembly.checkpoint
        self.observe(
            events.BatchCommitted(
                source=self.name,
                records=receipt.records,
                took=receipt.took,
                checkpoint=checkpoint,
                tracked=self.assembly.tracked,
            )
        )
        coverage, due = checkpoint.coverage, due_edge(now, self.head)
        self.observe(
            events.CoverageMeasured(
                source=self.name,
                head=checkpoint.published.head,
                final=checkpoint.published.final,
                uncovered=coverage.uncovered(due),
                holes=coverage.holes,
                clock=now,
                ahead=max(coverage.watermarks[HEAD] - due, timedelta(0)),
            )
        )
        self.observe(self._watch_measured(now))

    def _watch_measured(self, now: datetime) -> events.WatchMeasured:
        """How much is looked after, and how late."""
        watched = self.sink.watched(self.name)
        late = now - from_millis(watched.due_since) if watched.due_since is not None else timedelta(0)
        return events.WatchMeasured(
            source=self.name, watched=watched.watched, open=watched.open, lateness=max(late, timedelta(0))
        )
