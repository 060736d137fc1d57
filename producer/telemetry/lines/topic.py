"""What the log says of pages, transactions, coverage. Pure."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from producer import errors, events
from producer.model.instants import iso_millis
from producer.telemetry.lines.form import Describe, Line, alike, of_read, present, seconds

_MOST_PATHS = 20


def _page_compared(event: events.PageCompared) -> Line:
    counts = {name: getattr(event, name) for name in ("new", "changed", "named", "unchanged", "stale", "regressed")}
    told = ", ".join(f"{amount} {name}" for name, amount in counts.items() if amount) or "nothing"
    return Line(
        level=logging.DEBUG,
        message=f"page {event.number} committed: {told}",
        fields=of_read(event.read, page=event.number, **counts),
    )


def _schema_drifted(event: events.SchemaDrifted) -> Line:
    named = ", ".join(event.paths[:_MOST_PATHS]) + (" …" if len(event.paths) > _MOST_PATHS else "")
    return Line(
        level=logging.WARNING,
        message=f"Genesys Cloud sent what the schema does not know, or has in another type: {named}",
        fields=of_read(event.read, paths=list(event.paths)),
        what_to_do="nothing at once: they are kept in `extras`; a later version gives them columns of their own",
    )


def _conversation_dead_lettered(event: events.ConversationDeadLettered) -> Line:
    name = event.conversation_id or "without an id"
    return Line(
        level=logging.WARNING,
        message=f"conversation {name} went to the dead letters ({event.reason}): {event.message}",
        fields=of_read(
            event.read, **present(conversation_id=event.conversation_id), reason=event.reason, path=event.path
        ),
        what_to_do=errors.Malformed.what_to_do,
        same_as=f"{event.reason} {alike(event.path)}",
    )


def _conversation_malformed(event: events.ConversationMalformed) -> Line:
    name = event.conversation_id or "without an id"
    return Line(
        level=logging.WARNING,
        message=f"conversation {name} can't be made a record ({event.reason}): {event.message}",
        fields=of_read(
            event.read, **present(conversation_id=event.conversation_id), reason=event.reason, path=event.path
        ),
        what_to_do="ask for it by its id and look at the answer; the extraction goes on without it",
        same_as=f"{event.reason} {alike(event.path)}",
    )


def _batch_committed(event: events.BatchCommitted) -> Line:
    return Line(
        level=logging.DEBUG,
        message=f"committed {event.records} records in {seconds(event.took)}",
        fields={"head": iso_millis(event.checkpoint.published.head), "tracked": event.tracked},
    )


def _commit_delayed(event: events.CommitDelayed) -> Line:
    return Line(
        level=logging.WARNING,
        message=f"Kafka has not taken a transaction for {seconds(event.waited)}: the brokers do not answer; "
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
        return Line(level=logging.INFO, message=f"the lane is asked for again in {seconds(event.wait)}")
    return Line(
        level=logging.ERROR,
        message=f"Kafka can't be used ({event.reason}): {event.message}; tried again in {seconds(event.wait)}",
        fields={"error": event.reason, "wait_seconds": event.wait.total_seconds()},
        what_to_do=event.what_to_do,
        same_as=f"{event.reason} {event.message}",
    )


def _lane_restored(event: events.LaneRestored) -> Line:
    standing = iso_millis(event.checkpoint.published.head) if event.checkpoint else "none: a first start"
    return Line(
        level=logging.INFO,
        message=f"the lane is ours: {event.conversations} conversations restored in {seconds(event.took)}, "
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


LINES: Mapping[type[events.Event], Describe] = {
    events.PageCompared: _page_compared,
    events.SchemaDrifted: _schema_drifted,
    events.ConversationDeadLettered: _conversation_dead_lettered,
    events.ConversationMalformed: _conversation_malformed,
    events.BatchCommitted: _batch_committed,
    events.CommitDelayed: _commit_delayed,
    events.BatchDiscarded: _batch_discarded,
    events.LaneFenced: _lane_fenced,
    events.SinkBlocked: _sink_blocked,
    events.LaneRestored: _lane_restored,
    events.HoleOpened: _hole_opened,
    events.HoleClosed: _hole_closed,
}
