"""What is to be said first: whether all is well, and if not what is wrong and what to do. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from producer import errors
from producer.model.coverage import HEAD, HISTORY, Hole, union
from producer.telemetry.health import Reason
from producer.telemetry.page.words import count, distance, duration, instant
from producer.telemetry.snapshot import Snapshot, SourceStatus

LATE = timedelta(minutes=5)
"""Due time that is unread for longer than polls and retries explain."""

_GRAVEST_FIRST = ("stopping", "fenced", "broker", "credentials", "source", "breaker", "restoring")


class Level(enum.Enum):
    """How much it matters; also the class that colours it."""

    GOOD = "good"
    WAIT = "wait"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One sentence about how things are. `name` is a word to search for; `since` when it began, where that is known."""

    level: Level
    name: str
    what: str
    what_to_do: str = ""
    since: datetime | None = None
    source: str = ""


def findings(snapshot: Snapshot) -> tuple[Finding, ...]:
    """Everything that is not as it should be, the gravest first; else the one sentence that says so."""
    reasons = sorted(snapshot.reasons, key=lambda reason: _gravity(reason.reason))
    found = [_not_ready(reason) for reason in reasons]
    found += [each for status in snapshot.sources for each in _of_source(status, snapshot)]
    if not found:
        return (_well(snapshot),)
    return tuple(sorted(found, key=lambda finding: finding.level is not Level.BAD))


def ahead(status: SourceStatus) -> timedelta | None:
    """How much time is due behind what the head has read: all that is uncovered, without the holes."""
    if status.uncovered is None or status.holes_in_all > len(status.holes):
        return None
    holes = union(hole.interval for hole in status.holes if hole.tier == HEAD)
    missing = sum((hole.length for hole in holes), timedelta(0))
    return max(status.uncovered - missing, timedelta(0))


def failed_holes(status: SourceStatus) -> tuple[Hole, ...]:
    """The holes that could not be read; not the time before capture that is still to be read."""
    return tuple(hole for hole in status.holes if hole.reason != HISTORY)


def failed_in_all(status: SourceStatus) -> int:
    """How many holes could not be read, those included that are not listed."""
    return status.holes_in_all - (len(status.holes) - len(failed_holes(status)))


def history(status: SourceStatus) -> timedelta:
    """How much time before capture began is still to be read, by whatever read."""
    holes = union(hole.interval for hole in status.holes if hole.reason == HISTORY)
    return sum((hole.length for hole in holes), timedelta(0))


def _gravity(reason: str) -> int:
    return _GRAVEST_FIRST.index(reason) if reason in _GRAVEST_FIRST else 0


def _not_ready(reason: Reason) -> Finding:
    passing = reason.reason in {"restoring", "stopping"}
    return Finding(
        level=Level.WARN if passing else Level.BAD,
        name=reason.reason,
        what=f"Not ready: {reason.message}",
        what_to_do=reason.what_to_do,
        since=reason.since,
        source=reason.source,
    )


def _of_source(status: SourceStatus, snapshot: Snapshot) -> Iterator[Finding]:
    if failed_in_all(status):
        yield _holes(status)
    if before := history(status):
        yield Finding(
            level=Level.WARN,
            name="history",
            what=f"History: {duration(before)} from before capture began are still to be read",
            what_to_do="nothing: it is read with the requests that nobody else needs",
            source=status.source,
        )
    late = ahead(status)
    if late is not None and late > LATE:
        yield Finding(
            level=Level.WARN,
            name="late",
            what=f"Late: {duration(late)} are due and not read yet",
            what_to_do="nothing, while it shrinks: what an outage left unread is read slice after slice; "
            "else see the last reads and errors",
            source=status.source,
        )
    if status.dead_letters:
        yield Finding(
            level=Level.WARN,
            name="dead letters",
            what=f"{count(status.dead_letters, 'conversation')} went to the dead letters since the start",
            what_to_do=errors.Malformed.what_to_do,
            source=status.source,
        )
    if snapshot.ready and status.covered_to in (None, status.since):
        yield _nothing_read(status, snapshot)


def _holes(status: SourceStatus) -> Finding:
    holes = failed_holes(status)
    length = sum((each.length for each in union(hole.interval for hole in holes)), timedelta(0))
    least = "at least " if status.holes_in_all > len(status.holes) else ""
    return Finding(
        level=Level.BAD,
        name="holes",
        what=f"{count(failed_in_all(status), 'hole')} in coverage: {least}{duration(length)} could not be read",
        what_to_do="nothing at once; if they stay, mend the reasons listed under Holes",
        since=min((hole.opened_at for hole in holes), default=None),
        source=status.source,
    )


def _nothing_read(status: SourceStatus, snapshot: Snapshot) -> Finding:
    began = snapshot.started_at
    if began is None or snapshot.at - began <= LATE:
        what, cure = "Ready, and nothing read yet", "wait: the first records come after the head lag and one poll"
        return Finding(level=Level.WAIT, name="starting", what=what, what_to_do=cure, since=began, source=status.source)
    what, cure = "Ready, but nothing was read since the start", "see the last errors, and `capture.start`"
    return Finding(level=Level.WARN, name="nothing read", what=what, what_to_do=cure, since=began, source=status.source)


def _well(snapshot: Snapshot) -> Finding:
    losses = sum(len(status.losses) for status in snapshot.sources)
    heads = [status.head for status in snapshot.sources if status.head]
    except_for = f", except {count(losses, 'accepted loss', 'accepted losses')}," if losses else ""
    through = f" up to {instant(min(heads))} ({distance(min(heads), snapshot.at)})" if heads else ""
    return Finding(level=Level.GOOD, name="well", what=f"All is well: everything{except_for}{through} is on the topic")
