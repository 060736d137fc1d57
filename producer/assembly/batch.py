"""The batch in the making, and where the lane stands: the one place for a lane's state.

It takes steps in order, keeps what they add to the next transaction, and freezes it into a Batch. What `build` gave is
memory only once `committed` is called; after a failed commit the whole object is dropped and made anew from what was
restored. Pure but for the clock it is handed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from producer import audit, errors, events
from producer.assembly.absent import missed
from producer.assembly.draft import Draft
from producer.assembly.ledger import moved, promised
from producer.assembly.pages import PageResult, PageWorker
from producer.assembly.progress import Progress
from producer.assembly.records import watermark, watermark_record
from producer.model import steps
from producer.model.actions import Action
from producer.model.batch import Batch, Receipt
from producer.model.checkpoint import Checkpoint, OpenRead, Usage
from producer.model.conversation import ConversationState
from producer.model.coverage import Coverage, Hole
from producer.model.delivery import MOST_PENDING, Delivery
from producer.model.instants import to_millis
from producer.model.reads import Read
from producer.model.windows import Window
from producer.ports import Encode

_LONGEST_REASON = 100  # characters; codes come from outside and go into the checkpoint
_LONGEST_PATH = 200  # characters of a drift path; names come from outside too
_TOLD_AT_ONCE = 100  # drift paths in one audit event
_KNOWN_DRIFT = 1_000  # paths remembered, so that each is reported once a run; beyond it they are only counted


@dataclass(frozen=True, slots=True, kw_only=True)
class AssemblyTools:
    """What the assembly works with. `run_id` is the request id of what happens outside reads; `deliver` says what of
    an audit event the webhook is told.
    """

    pages: PageWorker
    encode_audit: Encode
    encode_watermark: Encode
    new_id: Callable[[], str]
    usage: Callable[[], Usage]
    may_forget: Callable[[ConversationState, Coverage], bool]
    run_id: str
    deliver: Callable[[audit.Record], Delivery | None] = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchBounds:
    """When a batch is full: records and bytes. It may exceed them by one page, since a page is never divided."""

    records: int
    size: int


class Assembly:
    """The memory of one lane and source between a restore and the next one."""

    def __init__(
        self, tools: AssemblyTools, bounds: BatchBounds, checkpoint: Checkpoint, *, tracked: int = 0, pending: int = 0
    ) -> None:
        """`tracked` conversations are remembered, `pending` deliveries wait."""
        self._tools = tools
        self._tracked = tracked
        self._pending = pending
        self._bounds = bounds
        self._source = checkpoint.source
        self._next = checkpoint  # with all steps taken, committed or not
        self._committed = checkpoint
        self._progress: dict[str, Progress] = {}
        self._draft = self._new_draft()
        self._drift: set[str] = set()
        self._watermarks = 0

    @property
    def checkpoint(self) -> Checkpoint:
        """Where the source stands, as committed."""
        return self._committed

    @property
    def tracked(self) -> int:
        """How many conversations are remembered, with those of the batch in the making."""
        return self._tracked

    @property
    def full(self) -> bool:
        """Time to commit, whatever comes next."""
        return len(self._draft.records) >= self._bounds.records or self._draft.size >= self._bounds.size

    @property
    def empty(self) -> bool:
        """Nothing to commit."""
        return not self._draft.records

    @property
    def reading(self) -> bool:
        """A read is open: more pages are to come."""
        return bool(self._progress)

    def take(self, step: steps.Step, now: datetime) -> None:
        """Add one step to the next transaction."""
        match step:
            case steps.Started():
                self._start(step)
            case steps.Arrived():
                self._arrive(step, now)
            case steps.Parted():
                self._part(step)
            case steps.Ended():
                self._end(step)
            case steps.Failed():
                self._fail(step)
            case steps.Settled():
                self._settle(step.window, step.read, step.reason, step.at)
            case _:
                self._take_other(step)

    def _take_other(
        self,
        step: steps.Abandoned | steps.Identified | steps.Noted | steps.Adopted | steps.Forgotten | steps.Delivered,
    ) -> None:
        """Steps that are not about one read."""
        match step:
            case steps.Abandoned():
                for progress in list(self._progress.values()):
                    self._fail(steps.Failed(read=progress.read, error=None, at=step.at))
            case steps.Identified():
                self._next = replace(self._next, organisation_id=step.organisation_id)
            case steps.Noted():
                self._draft.audit(step.action, self._tools.run_id, step.at, step.details)
            case steps.Adopted():
                self._next = replace(self._next, adoption_done=True)
            case steps.Forgotten():
                self._forget(step.ids)
            case steps.Delivered():
                self._draft.settled.append(step.delivery_id)

    def interrupted(self, reads: Sequence[OpenRead], at: datetime) -> None:
        """Reads that a predecessor left open: they are reported, and made again by the planner."""
        for read in reads:
            details = audit.failure_of(None, hole=False) | {"subject": read.subject, "kind": read.kind}
            self._draft.audit(Action.EXTRACTION_FAILED, read.request_id, at, details)

    def build(self, now: datetime) -> Batch:
        """Freeze what is pending. A watermark for what was committed before rides along, once anything was."""
        published = promised(self._committed)
        self._next = replace(self._next, published=published)
        if self._committed.written_at:
            self._watermarks += 1
            event_id = f"{self._tools.run_id}:{self._watermarks}"
            told = watermark(self._committed, published)
            self._draft.append(watermark_record(told, self._tools.encode_watermark, event_id, self._tools.run_id, now))
        return Batch(
            source=self._source,
            records=tuple(self._draft.records),
            states=tuple(self._draft.states.values()),
            forgotten=tuple(sorted(self._draft.forgotten)),
            deliveries=tuple(self._draft.deliveries),
            settled=tuple(self._draft.settled),
            checkpoint=replace(
                self._next,
                usage=self._tools.usage(),
                written_at=to_millis(now),
                open_reads=tuple(each.open for each in self._progress.values()),
            ),
        )

    def committed(self, batch: Batch, receipt: Receipt, now: datetime) -> list[events.Event]:
        """The batch is on the topics: move on, and tell what happened."""
        self._committed = self._next = replace(batch.checkpoint, offsets=receipt.offsets)
        self._pending += len(batch.deliveries) - len(batch.settled)
        draft, self._draft = self._draft, self._new_draft()
        self._tracked -= len(draft.forgotten)
        return draft.told(now)

    def _new_draft(self) -> Draft:
        tools = self._tools
        room = MOST_PENDING - self._pending
        return Draft(
            source=self._source, encode_audit=tools.encode_audit, new_id=tools.new_id, deliver=tools.deliver, room=room
        )

    # --- steps ------------------------------------------------------------------------------------------------------

    def _start(self, step: steps.Started) -> None:
        self._progress[step.read.request_id] = Progress(read=step.read, started_at=step.at)
        self._draft.audit(Action.EXTRACTION_STARTED, step.read.request_id, step.at, audit.subject_of(step.read))

    def _arrive(self, step: steps.Arrived, now: datetime) -> None:
        read, page = step.read, step.page
        result = self._tools.pages.work(
            read, page, pending=self._draft.states, horizon_day=self._next.horizon_day, now=now
        )
        emitted = result.emitted.total()
        self._draft.take_page(result, read, page.number)
        self._draft.forgotten.difference_update(raw.id for raw in page.conversations)  # it was returned all the same
        self._draft.forgotten.difference_update(result.states)
        self._tracked += result.first_seen
        self._progress[read.request_id].page(page.conversations, emitted)
        self._draft.audit(
            Action.PAGE_PROCESSED if page.conversations else Action.EMPTY_PAGE,
            read.request_id,
            now,
            pageNumber=page.number,
            totalHits=page.total_hits,
            conversationsRead=len(page.conversations),
            recordCount=emitted if page.conversations else None,
            unchanged=result.unchanged + result.regressed,
            stale=result.stale,
            deadLetters=len(result.letters),
        )
        self._report_drift(result, read, now)

    def _report_drift(self, result: PageResult, read: Read, now: datetime) -> None:
        seen = {each.path[:_LONGEST_PATH] for each in result.drift}
        fresh = sorted(seen - self._drift)[: min(_TOLD_AT_ONCE, _KNOWN_DRIFT - len(self._drift))]
        self._drift.update(fresh)
        if fresh:
            self._draft.audit(Action.SCHEMA_DRIFT, read.request_id, now, {"paths": fresh})
            self._draft.news.append(events.SchemaDrifted(source=self._source, read=read, paths=tuple(fresh)))

    def _part(self, step: steps.Parted) -> None:
        progress = self._progress.pop(step.read.request_id)
        details = audit.split_of(step.split)
        self._draft.audit(Action.WINDOW_SPLIT, step.read.request_id, step.at, details, **progress.totals(step.at))
        self._draft.news.append(
            events.WindowSplit(source=self._source, read=step.read, hits=step.split.hits, parts=step.split.parts)
        )

    def _end(self, step: steps.Ended) -> None:
        progress = self._progress.pop(step.read.request_id)
        absent = self._miss(progress.absent, step.at)
        self._draft.audit(
            Action.EXTRACTION_COMPLETED,
            step.read.request_id,
            step.at,
            audit.end_of(step.read, step.end) | absent,
            **progress.outcome(step.at, step.end),
        )
        self._draft.news.append(
            events.ReadCompleted(
                source=self._source,
                read=step.read,
                end=step.end,
                took=step.at - progress.started_at,
                records=progress.records,
            )
        )
        if step.covers is not None:
            self._settle(step.covers, step.read, step.end.unread, step.at)

    def _miss(self, ids: Sequence[str], at: datetime) -> dict[str, int]:
        """What is said of ids that were asked for and are not there: absent ones, and those given up as gone."""
        if not ids:
            return {}
        known = {**self._tools.pages.known(self._source, ids), **self._draft.states}
        missing = {each: missed(known[each], to_millis(at)) for each in ids if each in known}
        self._draft.states.update(missing)
        gone = sum(state.watch is None and known[each].watch is not None for each, state in missing.items())
        return {"absent": len(ids), "gone": gone}

    def _forget(self, ids: Sequence[str]) -> None:
        """Forget what no read can return any more, by the coverage that this very batch will have."""
        known = self._tools.pages.known(self._source, [each for each in ids if each not in self._draft.states])
        gone = [state for state in known.values() if self._tools.may_forget(state, self._next.coverage)]
        self._draft.forgotten.update(state.id for state in gone)
        horizon = max([self._next.horizon_day, *(state.start_day + 1 for state in gone)])
        self._next = replace(self._next, horizon_day=horizon)  # of what began before, not all is known any more

    def _fail(self, step: steps.Failed) -> None:
        progress = self._progress.pop(step.read.request_id)
        error = step.error
        opened = self._move(step.misses, step.read, reason_of(error), step.at) if step.misses else ()
        hole = bool(opened)  # none when the window lies in what was covered before: the overlap of the head
        self._draft.audit(
            Action.EXTRACTION_FAILED,
            step.read.request_id,
            step.at,
            audit.failure_of(step.error, hole=hole),
            **progress.totals(step.at),
        )
        self._draft.news.append(
            events.ReadFailed(
                source=self._source,
                read=step.read,
                error=type(error).__name__ if error else "interrupted",
                message=str(error) if error else "the read was interrupted",
                what_to_do=error.what_to_do if error else "nothing: the window is read again",
                correlation_id=getattr(error, "correlation_id", None),
                hole=hole,
            )
        )
        self._report_holes(opened, step.at)

    def _settle(self, window: Window, read: Read, reason: str | None, at: datetime) -> None:
        self._report_holes(self._move(window, read, reason, at), at)

    def _move(self, window: Window, read: Read, reason: str | None, at: datetime) -> tuple[Hole, ...]:
        """Move coverage past a window: covered, or missed for a reason; returns the holes that this opened."""
        move = moved(self._next.coverage, window, read, reason, at)
        self._next = replace(self._next, coverage=move.coverage)
        for hole, part in move.closed:
            details = {"window": str(part), "tier": hole.tier, "reason": hole.reason}
            self._draft.audit(Action.HOLE_CLOSED, self._tools.run_id, at, details)
            self._draft.news.append(events.HoleClosed(source=self._source, hole=hole, closed=part))
        return move.opened

    def _report_holes(self, holes: Sequence[Hole], at: datetime) -> None:
        for hole in holes:
            details = {"window": str(hole.interval), "tier": hole.tier, "reason": hole.reason}
            self._draft.audit(Action.HOLE_OPENED, self._tools.run_id, at, details)
            self._draft.news.append(events.HoleOpened(source=self._source, hole=hole))


def reason_of(error: errors.ProducerError | None) -> str:
    """Why a window is a hole: the API's own code, bounded in length, else the class of the error."""
    return (getattr(error, "code", "") or type(error).__name__)[:_LONGEST_REASON]
