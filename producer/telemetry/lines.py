"""Events become log lines: one table from the type of an event to what a person reads at night.

Pure. A message says what happened and where; `what_to_do` says the cure. Frequent events are `debug`; what needs no
line is named in SILENT.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from producer import errors, events
from producer.model.instants import iso_millis
from producer.model.reads import Read

_LATE = timedelta(seconds=1)
_SKEWED = timedelta(seconds=30)
_MOST_PATHS = 20
_PASSES_BY_ITSELF = frozenset(
    kind.what_to_do for kind in (errors.SourceUnavailable, errors.RateLimited, errors.MalformedBody)
)
"""Told by the cure, which kinds of these errors share (a server error, an open breaker), and not by their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the log. `same_as` is what makes it a repetition of an earlier one (default: its message)."""

    level: int
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    what_to_do: str = ""
    same_as: str = ""


def action_of(kind: type[events.Event]) -> str:
    """`PageFetched` -> `page_fetched`: the `action` of every line about such an event."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def line_of(event: events.Event, level: int = logging.DEBUG) -> Line | None:
    """What the log says of an event at this level; None when nothing."""
    kind = type(event)
    describe = LINES.get(kind)
    if describe is None or (level > logging.DEBUG and kind in FREQUENT):
        return None
    line = describe(event)
    return line if line is not None and line.level >= level else None


def subject_of(read: Read) -> str:
    """The window of a read, or how many conversations it asks for by id."""
    return str(read.slice) if read.slice else f"{len(read.ids)} ids"


def _of_read(read: Read, **more: Any) -> dict[str, Any]:
    return {"request_id": read.request_id, "read": read.kind.value, "window": subject_of(read), **more}


def _seconds(duration: timedelta) -> str:
    return f"{duration.total_seconds():.3f}".rstrip("0").rstrip(".") + " s"


def _alike(text: str) -> str:
    """The text without its numbers, by which lines that differ in no more are told to be repetitions."""
    return re.sub(r"[0-9]+", "*", text)


def _present(**fields: Any) -> dict[str, Any]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value not in (None, "")}


# --- life of the process --------------------------------------------------------------------------------------------


def _service_started(event: events.ServiceStarted) -> Line:
    return Line(
        level=logging.INFO,
        message=f"genesys-producer {event.version} started",
        fields={"run_id": event.run_id, "settings": dict(event.settings)},
    )


def _stop_requested(event: events.StopRequested) -> Line:
    if event.hard:
        return Line(
            level=logging.WARNING, message=f"{event.signal} again: stopping at once, the commit in flight is lost"
        )
    return Line(
        level=logging.INFO,
        message=f"{event.signal}: no new reads; the commit in flight is finished, then the process ends",
    )


def _service_stopped(event: events.ServiceStopped) -> Line:
    level = logging.ERROR if event.exit_code else logging.INFO
    return Line(level=level, message=f"stopped with exit code {event.exit_code}", fields={"run_id": event.run_id})


def _loop_lag_measured(event: events.LoopLagMeasured) -> Line | None:
    if event.lag < _LATE:
        return None
    return Line(
        level=logging.WARNING,
        message=f"the event loop was {_seconds(event.lag)} late: too little CPU, or something blocks it",
        what_to_do="give the process more CPU; if it has enough, report it with the log lines around it",
        same_as="late",
    )


# --- the API --------------------------------------------------------------------------------------------------------


def _request_finished(event: events.RequestFinished) -> Line:
    outcome = event.failure or f"status {event.status}"
    return Line(
        level=logging.DEBUG,
        message=f"{event.endpoint} request: {outcome} after {_seconds(event.took)}",
        fields=_present(request_id=event.request_id, code=event.code, correlation_id=event.correlation_id),
    )


def _request_retried(event: events.RequestRetried) -> Line:
    expected = event.reason in {"429", "401"}  # RateLimitHit and TokenRefreshed tell of these
    because = f": {event.message}" if event.message else ""
    return Line(
        level=logging.DEBUG if expected else logging.WARNING,
        message=f"{event.endpoint} request failed ({event.reason}){because}; attempt {event.attempt + 1} follows",
        fields={"request_id": event.request_id, "wait_seconds": event.wait.total_seconds()},
        what_to_do=errors.SourceUnavailable.what_to_do,
        same_as=f"{event.endpoint} {event.reason}",
    )


def _rate_limit_hit(event: events.RateLimitHit) -> Line:
    return Line(
        level=logging.WARNING,
        message=f"Genesys Cloud asked us to slow down (429): all requests of the source wait {_seconds(event.wait)}, "
        f"then at most {event.learned} a minute",
        fields={"request_id": event.request_id, "wait_seconds": event.wait.total_seconds(), "learned": event.learned},
        what_to_do=errors.RateLimited.what_to_do,
        same_as="429",
    )


def _token_refreshed(event: events.TokenRefreshed) -> Line:
    return Line(level=logging.INFO, message=f"a new access token is valid until {iso_millis(event.expires_at)}")


def _token_refused(event: events.TokenRefused) -> Line:
    return Line(
        level=logging.WARNING,
        message=f"no access token could be had: {event.reason}",
        what_to_do=errors.CredentialsRefused.what_to_do,
    )


def _breaker_changed(event: events.BreakerChanged) -> Line:
    if event.state == "open":
        return Line(
            level=logging.WARNING,
            message=f"the breaker opened: Genesys Cloud fails again and again ({event.reason}); reads wait",
            what_to_do=errors.SourceUnavailable.what_to_do,
        )
    told = {"closed": "the breaker closed: reads go on", "half_open": "the breaker tries one request"}
    return Line(level=logging.INFO, message=told[event.state])


def _clock_skew_measured(event: events.ClockSkewMeasured) -> Line | None:
    if abs(event.skew) < _SKEWED:
        return None
    ahead = "behind" if event.skew > timedelta(0) else "ahead of"
    return Line(
        level=logging.WARNING,
        message=f"the clock of this machine is {_seconds(abs(event.skew))} {ahead} that of Genesys Cloud",
        what_to_do="synchronise this machine's clock (NTP); until then windows are cut at the wrong instants",
        same_as="skew",
    )


# --- reads ----------------------------------------------------------------------------------------------------------


def _read_started(event: events.ReadStarted) -> Line:
    return Line(level=logging.DEBUG, message="reading", fields=_of_read(event.read))


def _page_fetched(event: events.PageFetched) -> Line:
    return Line(
        level=logging.DEBUG,
        message=f"page {event.number} arrived: {event.conversations} conversations",
        fields=_of_read(event.read, page=event.number, bytes=event.size),
    )


def _window_split(event: events.WindowSplit) -> Line:
    return Line(
        level=logging.INFO,
        message=f"{event.hits} hits are too many for one read: {len(event.parts)} parts are read instead",
        fields=_of_read(event.read, parts=[str(part) for part in event.parts]),
    )


def _read_completed(event: events.ReadCompleted) -> Line:
    end = event.end
    fields = _of_read(
        event.read,
        verdict=end.verdict.value,
        **_present(hits=end.last_hits, unread=end.unread),
        unique=end.unique,
        pages=end.pages,
        records=event.records,
        took_seconds=event.took.total_seconds(),
    )
    if end.unread:
        return Line(
            level=logging.WARNING, message=f"read, except a part: {end.unread}; it is a hole now", fields=fields
        )
    message = f"read and committed: {end.unique} conversations, {event.records} records, {end.verdict.value}"
    return Line(level=logging.INFO, message=message, fields=fields)


def _read_failed(event: events.ReadFailed) -> Line:
    sequel = "the window is a hole now and asked for later" if event.hole else "it is made again"
    return Line(
        level=logging.WARNING,
        message=f"the read of {subject_of(event.read)} failed ({event.error}): {event.message}; {sequel}",
        fields=_of_read(event.read, error=event.error, **_present(correlation_id=event.correlation_id)),
        what_to_do=event.what_to_do,
        same_as=f"{event.error} {_alike(event.message)}",
    )


def _source_blocked(event: events.SourceBlocked) -> Line:
    return Line(
        level=logging.WARNING if event.what_to_do in _PASSES_BY_ITSELF else logging.ERROR,
        message=f"nothing can be read from Genesys Cloud ({event.reason}): {event.message}; "
        f"tried again in {_seconds(event.wait)}",
        fields={"error": event.reason, "wait_seconds": event.wait.total_seconds()},
        what_to_do=event.what_to_do,
        same_as=f"{event.reason} {_alike(event.message)}",
    )


def _source_recovered(event: events.SourceRecovered) -> Line:
    del event
    return Line(level=logging.INFO, message="Genesys Cloud can be read again")


# --- the topic ------------------------------------------------------------------------------------------------------


def _page_compared(event: events.PageCompared) -> Line:
    counts = {name: getattr(event, name) for name in ("new", "changed", "unchanged", "stale", "regressed")}
    told = ", ".join(f"{amount} {name}" for name, amount in counts.items() if amount) or "nothing"
    return Line(
        level=logging.DEBUG,
        message=f"page {event.number} committed: {told}",
        fields=_of_read(event.read, page=event.number, **counts),
    )


def _schema_drifted(event: events.SchemaDrifted) -> Line:
    named = ", ".join(event.paths[:_MOST_PATHS]) + (" …" if len(event.paths) > _MOST_PATHS else "")
    return Line(
        level=logging.WARNING,
        message=f"Genesys Cloud sent {len(event.paths)} fields that the schema does not know or in another type: "
        f"{named}",
        fields=_of_read(event.read, paths=list(event.paths)),
        what_to_do="nothing at once: they are kept in `extras`; a later version gives them columns of their own",
    )


def _conversation_dead_lettered(event: events.ConversationDeadLettered) -> Line:
    name = event.conversation_id or "without an id"
    return Line(
        level=logging.WARNING,
        message=f"conversation {name} went to the dead letters ({event.reason}): {event.message}",
        fields=_of_read(
            event.read, **_present(conversation_id=event.conversation_id), reason=event.reason, path=event.path
        ),
        what_to_do=errors.Malformed.what_to_do,
        same_as=f"{event.reason} {_alike(event.path)}",
    )


def _batch_committed(event: events.BatchCommitted) -> Line:
    return Line(
        level=logging.DEBUG,
        message=f"committed {event.records} records in {_seconds(event.took)}",
        fields={"head": iso_millis(event.checkpoint.published.head), "tracked": event.tracked},
    )


def _commit_delayed(event: events.CommitDelayed) -> Line:
    return Line(
        level=logging.WARNING,
        message=f"Kafka has not taken a transaction for {_seconds(event.waited)}: the brokers do not answer; "
        "it is waited for",
        what_to_do=errors.SinkUnavailable.what_to_do,
    )


def _batch_discarded(event: events.BatchDiscarded) -> Line:
    return Line(
        level=logging.WARNING,
        message=f"a transaction was given up ({event.reason}): {event.message}; "
        "what is committed decides, and the lane starts again from there",
        fields={"error": event.reason},
        what_to_do=event.what_to_do,
        same_as=f"{event.reason} {event.message}",
    )


def _lane_fenced(event: events.LaneFenced) -> Line:
    return Line(
        level=logging.ERROR,
        message=f"another instance took the lane over, this one writes no more: {event.message}",
        what_to_do=errors.Fenced.what_to_do,
    )


def _sink_blocked(event: events.SinkBlocked) -> Line:
    if event.reason == errors.Fenced.__name__:  # LaneFenced has told what happened
        return Line(level=logging.INFO, message=f"the lane is asked for again in {_seconds(event.wait)}")
    return Line(
        level=logging.ERROR,
        message=f"Kafka can't be used ({event.reason}): {event.message}; tried again in {_seconds(event.wait)}",
        fields={"error": event.reason, "wait_seconds": event.wait.total_seconds()},
        what_to_do=event.what_to_do,
        same_as=f"{event.reason} {event.message}",
    )


def _lane_restored(event: events.LaneRestored) -> Line:
    standing = iso_millis(event.checkpoint.published.head) if event.checkpoint else "none: a first start"
    return Line(
        level=logging.INFO,
        message=f"the lane is ours: {event.conversations} conversations restored in {_seconds(event.took)}, "
        f"head watermark {standing}",
        fields={"conversations": event.conversations, "took_seconds": event.took.total_seconds()},
    )


def _hole_opened(event: events.HoleOpened) -> Line:
    hole = event.hole
    return Line(
        level=logging.ERROR,
        message=f"a hole in coverage: {hole.interval} (tier {hole.tier}) could not be read ({hole.reason})",
        fields={"window": str(hole.interval), "tier": hole.tier, "reason": hole.reason, "attempts": hole.attempts},
        what_to_do=errors.WindowRefused.what_to_do,
    )


def _hole_closed(event: events.HoleClosed) -> Line:
    hole = event.hole
    return Line(
        level=logging.INFO,
        message=f"{event.closed} of a hole in coverage was read after all (it was {hole.reason})",
        fields={"window": str(event.closed), "tier": hole.tier, "reason": hole.reason},
    )


LINES: Mapping[type[events.Event], Callable[[Any], Line | None]] = {
    events.ServiceStarted: _service_started,
    events.StopRequested: _stop_requested,
    events.ServiceStopped: _service_stopped,
    events.LoopLagMeasured: _loop_lag_measured,
    events.RequestFinished: _request_finished,
    events.RequestRetried: _request_retried,
    events.RateLimitHit: _rate_limit_hit,
    events.TokenRefreshed: _token_refreshed,
    events.TokenRefused: _token_refused,
    events.BreakerChanged: _breaker_changed,
    events.ClockSkewMeasured: _clock_skew_measured,
    events.ReadStarted: _read_started,
    events.PageFetched: _page_fetched,
    events.WindowSplit: _window_split,
    events.ReadCompleted: _read_completed,
    events.ReadFailed: _read_failed,
    events.SourceBlocked: _source_blocked,
    events.SourceRecovered: _source_recovered,
    events.PageCompared: _page_compared,
    events.SchemaDrifted: _schema_drifted,
    events.ConversationDeadLettered: _conversation_dead_lettered,
    events.BatchCommitted: _batch_committed,
    events.CommitDelayed: _commit_delayed,
    events.BatchDiscarded: _batch_discarded,
    events.LaneFenced: _lane_fenced,
    events.SinkBlocked: _sink_blocked,
    events.LaneRestored: _lane_restored,
    events.HoleOpened: _hole_opened,
    events.HoleClosed: _hole_closed,
}
"""The line of each event."""

FREQUENT: frozenset[type[events.Event]] = frozenset(
    {events.RequestFinished, events.ReadStarted, events.PageFetched, events.PageCompared, events.BatchCommitted}
)
"""Events whose line is always `debug`: at any other level it is not even made."""

SILENT: frozenset[type[events.Event]] = frozenset({events.LimiterMeasured, events.CoverageMeasured})
"""Events that are measurements only: metrics and status page show them, a line each would drown the rest."""
