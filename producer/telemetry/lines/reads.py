"""What the log says of reads and the source they ask. Pure."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from producer import errors, events
from producer.telemetry.lines.form import Describe, Line, alike, of_read, present, seconds, subject_of

_PASSES_BY_ITSELF = frozenset(
    kind.what_to_do for kind in (errors.SourceUnavailable, errors.RateLimited, errors.MalformedBody)
)
"""Told by the cure, which kinds of these errors share (a server error, an open breaker), and not by their names."""


def _read_started(event: events.ReadStarted) -> Line:
    return Line(level=logging.DEBUG, message="reading", fields=of_read(event.read))


def _page_fetched(event: events.PageFetched) -> Line:
    return Line(
        level=logging.DEBUG,
        message=f"page {event.number} arrived: {event.conversations} conversations",
        fields=of_read(event.read, page=event.number, bytes=event.size),
    )


def _window_split(event: events.WindowSplit) -> Line:
    reason = f"{event.hits} hits are too many" if event.hits else "pages are too heavy or too many"
    return Line(
        level=logging.INFO,
        message=f"{reason} for one read: {len(event.parts)} parts are read instead",
        fields=of_read(event.read, parts=[str(part) for part in event.parts]),
    )


def _read_completed(event: events.ReadCompleted) -> Line:
    end = event.end
    fields = of_read(
        event.read,
        verdict=end.verdict.value,
        **present(hits=end.last_hits, unread=end.unread),
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
    sequel = "the window is a hole now, the head goes on behind it" if event.hole else "it is made again"
    return Line(
        level=logging.WARNING,
        message=f"the read of {subject_of(event.read)} failed ({event.error}): {event.message}; {sequel}",
        fields=of_read(event.read, error=event.error, **present(correlation_id=event.correlation_id)),
        what_to_do=event.what_to_do,
        same_as=f"{event.error} {alike(event.message)}",
    )


def _source_blocked(event: events.SourceBlocked) -> Line:
    return Line(
        level=logging.WARNING if event.what_to_do in _PASSES_BY_ITSELF else logging.ERROR,
        message=f"nothing can be read from Genesys Cloud ({event.reason}): {event.message}; "
        f"tried again in {seconds(event.wait)}",
        fields={
            "error": event.reason,
            "wait_seconds": event.wait.total_seconds(),
            **present(correlation_id=event.correlation_id),
        },
        what_to_do=event.what_to_do,
        same_as=f"{event.reason} {alike(event.message)}",
    )


def _source_recovered(event: events.SourceRecovered) -> Line:
    del event
    return Line(level=logging.INFO, message="Genesys Cloud can be read again")


LINES: Mapping[type[events.Event], Describe] = {
    events.ReadStarted: _read_started,
    events.PageFetched: _page_fetched,
    events.WindowSplit: _window_split,
    events.ReadCompleted: _read_completed,
    events.ReadFailed: _read_failed,
    events.SourceBlocked: _source_blocked,
    events.SourceRecovered: _source_recovered,
}
