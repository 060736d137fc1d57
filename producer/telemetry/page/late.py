"""What came late and which reads found it: the re-reads with what they take, a histogram, and what to make of both.

Pure. Everything is counted since the start of this process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from producer.telemetry.page.html import Html, element, joined, note, table
from producer.telemetry.page.words import NOTHING, count, duration, moment
from producer.telemetry.snapshot import LateRow, SourceStatus, TierRow

MANY_PAGES = 1_000
"""Pages without a record, after which a tier is said to find nothing."""
MUCH = 0.01
"""The part of what came late, from which on the oldest tier still finds much."""

_LATE = ("late by", "records", "", "found by")
_TIERS = ("re-read", "read up to", "pages", "records found", "worth")


def late(status: SourceStatus, now: datetime) -> Html:
    """The re-reads and what was found late, as far as anything is known of them."""
    if not status.tiers and not status.late:
        return Html()
    return joined(
        element("h3", "Re-reads and what came late, since the start"),
        table("tiers", _TIERS, [_tier(row, now) for row in status.tiers]) if status.tiers else "",
        _histogram(status) if status.late else note("Neither watch nor re-reads have found anything yet."),
        *(note(hint) for hint in hints(status)),
    )


def hints(status: SourceStatus) -> Iterator[str]:
    """What the counts say of `capture.rereads`; nothing before there is enough to say."""
    idle = [row for row in status.tiers if not row.records and row.pages >= MANY_PAGES]
    for row in idle:
        yield (
            f"The re-read after {duration(row.age)} has taken {row.pages:,} pages and found nothing:"
            " if that stays so for weeks, capture.rereads can do without it."
        )
    found = sum(row.watch + sum(row.tiers) for row in status.late)
    oldest = status.tiers[-1] if status.tiers else None
    if oldest is not None and found and oldest.records >= max(1, MUCH * found):
        yield (
            f"The oldest re-read has found {oldest.records / found:.0%} of what came late: an older one in"
            " capture.rereads would find what comes later still."
        )


def _tier(row: TierRow, now: datetime) -> list[object]:
    return [
        f"{row.tier}: after {duration(row.age)}",
        moment(row.read_to, now),
        f"{row.pages:,}",
        f"{row.records:,}",
        _worth(row),
    ]


def _worth(row: TierRow) -> str:
    if not row.pages:
        return "not read yet"
    if not row.records:
        return "nothing found"
    pages = row.pages / row.records
    return f"a record for {pages:,.1f} pages" if pages >= 1 else f"{row.records / row.pages:,.1f} records a page"


def _histogram(status: SourceStatus) -> Html:
    """A row for each span, with a bar as long as its part of the largest, and who found it."""
    rows = status.late
    most = max(row.watch + sum(row.tiers) for row in rows)
    cells = [_bucket(row, before, most) for before, row in zip([None, *rows], rows, strict=False)]
    words = f"{count(sum(row.watch + sum(row.tiers) for row in rows), 'record')} came late."
    return joined(element("p", words), table("late", _LATE, cells))


def _bucket(row: LateRow, before: LateRow | None, most: int) -> Sequence[object]:
    found = row.watch + sum(row.tiers)
    bar = element("rect", class_="used", width=f"{100 * found / most:.1f}%", height="100%")
    picture = element("svg", bar, class_="bar", role="img", aria_label=f"{found:,}")
    finders = [("watch", row.watch), *((f"re-read {tier}", found) for tier, found in enumerate(row.tiers, 1))]
    told = ", ".join(f"{finder} {amount:,}" for finder, amount in finders if amount)
    return [_span(row.within, before), f"{found:,}", picture, told or NOTHING]


def _span(within: timedelta | None, before: LateRow | None) -> str:
    if within is None:
        return f"more than {duration(before.within if before else None)}"
    return f"up to {duration(within)}"
