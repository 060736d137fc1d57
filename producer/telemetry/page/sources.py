"""Where a source stands: watermarks and lag, coverage, holes, budget, conversations, what came late. Pure."""

from __future__ import annotations

from datetime import datetime

from producer.telemetry.page.budget import budget
from producer.telemetry.page.findings import LATE, ahead, failed_in_all
from producer.telemetry.page.html import Fact, Html, element, facts, joined, section, table
from producer.telemetry.page.late import late
from producer.telemetry.page.timeline import timeline
from producer.telemetry.page.words import NOTHING, count, duration, moment, period
from producer.telemetry.snapshot import SourceStatus


def source(status: SourceStatus, now: datetime) -> Html:
    """Everything about one source."""
    return section(
        f"Source {status.source}",
        facts(_standing(status, now)),
        element("h3", "Coverage"),
        timeline(status, now),
        _holes(status, now),
        late(status, now),
        element("h3", "Requests to Genesys Cloud"),
        budget(status),
        facts(_access(status, now)),
        element("h3", "Conversations"),
        facts(_followed(status)),
        element("h3", "Records since the start"),
        facts(_counts(status)),
    )


def _standing(status: SourceStatus, now: datetime) -> list[Fact]:
    receipt, unread, holes = status.receipt, ahead(status), failed_in_all(status)
    return [
        Fact("head watermark", moment(status.head, now)),
        Fact("final watermark", moment(status.final, now)),
        Fact("due and not covered", duration(status.uncovered)),
        Fact("of that not read yet", duration(unread)),
        Fact("holes", f"{holes:,}", "bad" if holes else "good"),
        Fact("accepted losses", f"{len(status.losses):,}"),
        Fact(
            "last commit",
            joined(moment(receipt.at, now), f", {count(receipt.records, 'record')}") if receipt else NOTHING,
        ),
        _lane(status, now),
    ]


def _lane(status: SourceStatus, now: datetime) -> Fact:
    lane = status.lane
    if lane is None:
        return Fact("lane", "not ours yet", "warn")
    if lane.owned_since is None:
        return Fact("lane", "taken over by another instance", "bad")
    restored = f", {count(lane.conversations, 'conversation')} restored in {duration(lane.took)}"
    return Fact("lane ours since", joined(moment(lane.owned_since, now), restored))


def _access(status: SourceStatus, now: datetime) -> list[Fact]:
    return [
        Fact("breaker", status.breaker.replace("_", " "), "good" if status.breaker == "closed" else "bad"),
        Fact("answers 429 since the start", f"{status.rate_limited:,}", "warn" if status.rate_limited else None),
        Fact("token valid until", moment(status.token_expires_at, now)),
    ]


def _counts(status: SourceStatus) -> list[Fact]:
    return [
        Fact("new records", f"{status.new:,}"),
        Fact("changed records", f"{status.changed:,}"),
        Fact("read again unchanged", f"{status.unchanged:,}"),
        Fact("dead letters", f"{status.dead_letters:,}", "warn" if status.dead_letters else None),
        *_told(status),
    ]


def _told(status: SourceStatus) -> list[Fact]:
    """What the webhook was told, once there was something to tell."""
    taken, given_up = status.deliveries_taken, status.deliveries_given_up
    if not taken and not given_up:
        return []
    return [
        Fact("told to the webhook", f"{taken:,}"),
        Fact("never told to the webhook", f"{given_up:,}", "warn" if given_up else None),
    ]


def _followed(status: SourceStatus) -> list[Fact]:
    """How many conversations are remembered, open and asked for by id."""
    lateness = status.watch_lateness
    return [
        Fact("tracked", f"{status.tracked:,}"),
        Fact("open", _number(status.open)),
        Fact("watched", _number(status.watched)),
        Fact("watch is late by", duration(lateness), "warn" if lateness and lateness > LATE else None),
    ]


def _number(amount: int | None) -> str:
    return NOTHING if amount is None else f"{amount:,}"


def _holes(status: SourceStatus, now: datetime) -> Html:
    if not status.holes:
        return Html()
    rows = [
        [period(hole.start, hole.end), hole.reason, hole.attempts, moment(hole.opened_at, now), hole.tier]
        for hole in status.holes
    ]
    heads = ("window", "reason", "attempts", "opened", "tier")
    shown = f"Holes ({status.holes_in_all:,})"
    if status.holes_in_all > len(status.holes):
        shown = f"Holes (the oldest {len(status.holes):,} of {status.holes_in_all:,})"
    return joined(element("h3", shown), table("holes", heads, rows))
