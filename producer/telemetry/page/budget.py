"""The requests that may be made, who makes them, and who is guaranteed how many. Pure."""

from __future__ import annotations

from producer.telemetry.page.html import Html, element, joined, note, table
from producer.telemetry.page.words import NOTHING
from producer.telemetry.snapshot import BudgetRow, SourceStatus

_HEADS = ("read", "pages in the last minute", "guaranteed")


def budget(status: SourceStatus) -> Html:
    """The requests of the last minute, as a share of what may be made in one; then by kind of read."""
    cap = _cap(status)
    if cap is None or status.used is None:
        return note("Nothing asked yet.")
    share = min(1.0, status.used / cap) if cap else 1.0
    learned = "nothing learned" if status.learned is None else f"learned from answers 429: {status.learned:,} a minute"
    told = f"{status.used:,} of {cap:,} requests used in the last minute (cap: {status.cap:,} a minute; {learned})"
    bar = [
        element("rect", class_="track", width="100%", height="100%"),
        element("rect", class_="used", width=f"{share * 100:.1f}%", height="100%"),
    ]
    label = "Share of the budget; the text below says the same"
    return joined(
        element("svg", *bar, class_="budget", role="img", aria_label=label),
        element("p", told),
        table("by-read", _HEADS, [_row(row, cap) for row in status.budget]) if status.budget else "",
    )


def _cap(status: SourceStatus) -> int | None:
    """The cap in force."""
    return min(status.cap, status.learned) if status.cap is not None and status.learned is not None else status.cap


def _row(row: BudgetRow, cap: int) -> list[object]:
    guaranteed = f"{row.share * cap:,.0f} a minute ({row.share:.0%})" if row.share else NOTHING
    return [row.read, f"{row.asked:,}", guaranteed]
