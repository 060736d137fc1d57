"""Remembers what the events said of each source, of the last reads and of the last errors, and shows it as snapshots.

Bounded in everything it keeps; asks nobody anything.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from producer import events
from producer.model.checkpoint import Checkpoint
from producer.model.coverage import HEAD
from producer.model.reads import ReadKind
from producer.telemetry import lines
from producer.telemetry.health import Reason
from producer.telemetry.lines.form import Line
from producer.telemetry.read_rows import ReadRows
from producer.telemetry.snapshot import ErrorRow, LaneRow, ReceiptRow, Snapshot, SourceStatus
from producer.telemetry.tally import Tally
from producer.telemetry.uncovered import uncovered_at

MOST_ERRORS = 50
MOST_HOLES = 100
MOST_SOURCES = 50
LONGEST_TEXT = 500


@dataclass(slots=True, kw_only=True)
class History:
    """Follows the events. `observe` is an Observer; `now` is product time."""

    now: Callable[[], datetime]
    version: str
    sources: Iterable[str]
    _run_id: str = ""
    _started_at: datetime | None = None
    _standing: dict[str, SourceStatus] = field(default_factory=dict)
    _measured: dict[str, events.CoverageMeasured] = field(default_factory=dict)
    _tallies: dict[str, Tally] = field(default_factory=dict)
    reads: ReadRows = field(init=False)
    _errors: deque[ErrorRow] = field(default_factory=lambda: deque(maxlen=MOST_ERRORS))

    def __post_init__(self) -> None:
        self.reads = ReadRows(now=self.now)
        self._standing = {source: SourceStatus(source=source) for source in self.sources}

    def observe(self, event: events.Event) -> None:
        """Remember one event; those that nothing is shown of are passed over."""
        remember = _REMEMBERED.get(type(event))
        if remember is not None:
            remember(self, event)
        line = lines.line_of(event, logging.WARNING)
        if line is not None:
            self._note(event, line)

    def snapshot(self, reasons: tuple[Reason, ...]) -> Snapshot:
        """What is known now; `reasons` are those of Health. Newest reads and errors first."""
        return Snapshot(
            at=self.now(),
            version=self.version,
            run_id=self._run_id,
            started_at=self._started_at,
            ready=not reasons,
            reasons=reasons,
            sources=tuple(self._carried_on(status) for status in self._standing.values()),
            reads=self.reads.newest(),
            errors=tuple(reversed(self._errors)),
        )

    def _carried_on(self, status: SourceStatus) -> SourceStatus:
        measured, tally = self._measured.get(status.source), self.tally(status.source)
        return replace(
            status,
            uncovered=uncovered_at(self.now(), measured) if measured else status.uncovered,
            budget=tally.budget(self.now()),
            tiers=tally.tiers(),
            late=tally.late(),
        )

    def covers(self, event: events.CoverageMeasured) -> None:
        """Coverage was measured."""
        source = self.standing(event.source).source
        self.stands(
            source,
            head=event.head,
            final=event.final,
            holes=tuple(sorted(event.holes, key=lambda hole: hole.start)[:MOST_HOLES]),
            holes_in_all=len(event.holes),
        )
        if source in self._standing:
            self._measured[source] = event

    def began(self, event: events.ServiceStarted) -> None:
        """The daemon runs."""
        self._run_id, self._started_at = event.run_id, self.now()

    def stands(self, source: str, **facts: Any) -> None:
        """Something new is known of a source."""
        known = self.standing(source)
        if known.source in self._standing or len(self._standing) < MOST_SOURCES:
            self._standing[known.source] = replace(known, **facts)

    def standing(self, source: str) -> SourceStatus:
        """What is known of a source; an event without one belongs to the only one there is."""
        if not source and len(self._standing) == 1:
            return next(iter(self._standing.values()))
        return self._standing.get(source) or SourceStatus(source=source)

    def tally(self, source: str) -> Tally:
        """What is counted of a source; of one that is not known nothing is kept."""
        known = self.standing(source).source
        return self._tallies.setdefault(known, Tally()) if known in self._standing else Tally()

    def _note(self, event: events.Event, line: Line) -> None:
        request_id = line.fields.get("request_id", "")
        read = self.reads.open(request_id)
        row = ErrorRow(
            at=self.now(),
            level=logging.getLevelName(line.level).lower(),
            source=event.source,
            action=lines.action_of(type(event)),
            message=line.message[:LONGEST_TEXT],
            what_to_do=line.what_to_do[:LONGEST_TEXT],
            request_id=request_id[:LONGEST_TEXT],
            window=line.fields.get("window", read.window if read else ""),
            correlation_id=line.fields.get("correlation_id", "")[:LONGEST_TEXT],
        )
        last = self._errors[-1] if self._errors else None
        if last and (last.source, last.action, last.message) == (row.source, row.action, row.message):
            self._errors[-1] = replace(row, times=last.times + 1)
            return
        self._errors.append(row)


def _read_started(history: History, event: events.ReadStarted) -> None:
    history.reads.began(event)


def _page_fetched(history: History, event: events.PageFetched) -> None:
    history.reads.moved(event)
    history.tally(event.source).fetched(event, history.now())


def _request_finished(history: History, event: events.RequestFinished) -> None:
    if event.endpoint == ReadKind.DIRECTORY.value and event.status == HTTPStatus.OK:
        history.tally(event.source).looked_up(history.now())


def _batch_discarded(history: History, event: events.BatchDiscarded) -> None:
    history.reads.dropped(event)


def _read_completed(history: History, event: events.ReadCompleted) -> None:
    end = event.end
    history.reads.ended(
        event.source,
        event.read,
        verdict=end.verdict.value,
        took=event.took,
        hits=end.last_hits,
        unique=end.unique,
        pages=end.pages,
        records=event.records,
        remark=f"a part is a hole: {end.unread}" if end.unread else "",
    )


def _read_failed(history: History, event: events.ReadFailed) -> None:
    remark = f"{event.error}: {'a hole' if event.hole else 'made again'}"
    history.reads.ended(event.source, event.read, verdict="failed", remark=remark)


def _window_split(history: History, event: events.WindowSplit) -> None:
    remark = f"{len(event.parts)} parts are read instead"
    parts = tuple(str(part) for part in event.parts)
    history.reads.ended(event.source, event.read, verdict="split", hits=event.hits, remark=remark, parts=parts)


def _page_compared(history: History, event: events.PageCompared) -> None:
    known = history.standing(event.source)
    history.tally(event.source).compared(event)
    history.stands(
        event.source,
        new=known.new + event.new,
        changed=known.changed + event.changed,
        unchanged=known.unchanged + event.unchanged,
        stale=known.stale + event.stale,
        regressed=known.regressed + event.regressed,
        dead_letters=known.dead_letters + sum(event.dead_letters.values()),
    )


def _covered(history: History, source: str, checkpoint: Checkpoint) -> None:
    coverage = checkpoint.coverage
    history.stands(
        source, since=coverage.since, covered_to=coverage.watermarks[HEAD], losses=coverage.losses[-MOST_HOLES:]
    )
    history.tally(source).stands(checkpoint)


def _batch_committed(history: History, event: events.BatchCommitted) -> None:
    receipt = ReceiptRow(at=history.now(), records=event.records, took=event.took)
    history.stands(event.source, receipt=receipt, tracked=event.tracked)
    _covered(history, event.source, event.checkpoint)


def _lane_restored(history: History, event: events.LaneRestored) -> None:
    lane = LaneRow(owned_since=history.now(), conversations=event.conversations, took=event.took)
    history.stands(event.source, tracked=event.conversations, lane=lane)
    if event.checkpoint is not None:
        published = event.checkpoint.published
        history.stands(event.source, head=published.head, final=published.final)
        _covered(history, event.source, event.checkpoint)


def _lane_fenced(history: History, event: events.LaneFenced) -> None:
    history.stands(event.source, lane=LaneRow(owned_since=None))


def _limiter_measured(history: History, event: events.LimiterMeasured) -> None:
    history.stands(event.source, cap=event.cap, learned=event.learned, used=event.used)


def _budget_shared(history: History, event: events.BudgetShared) -> None:
    history.tally(event.source).shared(event)


def _watch_measured(history: History, event: events.WatchMeasured) -> None:
    history.stands(event.source, open=event.open, watched=event.watched, watch_lateness=event.lateness)


def _rate_limit_hit(history: History, event: events.RateLimitHit) -> None:
    history.stands(event.source, rate_limited=history.standing(event.source).rate_limited + 1, learned=event.learned)


def _breaker_changed(history: History, event: events.BreakerChanged) -> None:
    history.stands(event.source, breaker=event.state)


def _token_refreshed(history: History, event: events.TokenRefreshed) -> None:
    history.stands(event.source, token_expires_at=event.expires_at)


def _webhook_delivered(history: History, event: events.WebhookDelivered) -> None:
    history.stands(event.source, deliveries_taken=history.standing(event.source).deliveries_taken + 1)


def _webhook_given_up(history: History, event: events.WebhookGivenUp) -> None:
    history.stands(event.source, deliveries_given_up=history.standing(event.source).deliveries_given_up + 1)


_REMEMBERED: Mapping[type[events.Event], Callable[[History, Any], None]] = {
    events.ServiceStarted: History.began,
    events.ReadStarted: _read_started,
    events.PageFetched: _page_fetched,
    events.RequestFinished: _request_finished,
    events.ReadCompleted: _read_completed,
    events.ReadFailed: _read_failed,
    events.WindowSplit: _window_split,
    events.PageCompared: _page_compared,
    events.BatchCommitted: _batch_committed,
    events.BatchDiscarded: _batch_discarded,
    events.LaneRestored: _lane_restored,
    events.LaneFenced: _lane_fenced,
    events.CoverageMeasured: History.covers,
    events.LimiterMeasured: _limiter_measured,
    events.BudgetShared: _budget_shared,
    events.WatchMeasured: _watch_measured,
    events.RateLimitHit: _rate_limit_hit,
    events.BreakerChanged: _breaker_changed,
    events.TokenRefreshed: _token_refreshed,
    events.WebhookDelivered: _webhook_delivered,
    events.WebhookGivenUp: _webhook_given_up,
}
