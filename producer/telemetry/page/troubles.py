"""What is wrong now, and the last errors with the ids that support asks for. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from producer.telemetry.page.findings import Finding, Level
from producer.telemetry.page.html import Html, badge, element, joined, note, section, table
from producer.telemetry.page.words import moment, window
from producer.telemetry.snapshot import ErrorRow

_SIGNS = {Level.GOOD: "✔", Level.WAIT: "…", Level.WARN: "▲", Level.BAD: "✖"}


def headline(found: Sequence[Finding], now: datetime, *, several_sources: bool) -> Html:
    """The first line: how things are, in one sentence, and what to do."""
    first = found[0]
    sign = element("span", _SIGNS[first.level], class_="sign", aria_hidden="true")
    named = f"{first.source}: " if several_sources and first.source else ""
    title = element("h1", sign, element("span", f"{named}{first.what}."))
    cure = element("p", element("b", "What to do: "), f"{first.what_to_do}.") if first.what_to_do else ""
    since = element("p", "Since ", moment(first.since, now), ".") if first.since else ""
    more = element("p", f"{len(found) - 1} more below.") if len(found) > 1 else ""
    return element("div", title, cure, since, more, class_=f"headline {first.level.value}")


def wrong(found: Sequence[Finding], now: datetime, *, several_sources: bool) -> Html:
    """Everything that is wrong, when that is more than the first line says."""
    if len(found) == 1:
        return Html()
    rows = [
        [
            badge(finding.name, finding.level.value),
            joined(f"{finding.source}: " if several_sources and finding.source else "", finding.what),
            finding.what_to_do,
            moment(finding.since, now),
        ]
        for finding in found
    ]
    return section("What is wrong", table("wrong", ("name", "what", "what to do", "since"), rows))


def errors(rows: Sequence[ErrorRow], now: datetime, *, several_sources: bool) -> Html:
    """The last warnings and errors, the newest first."""
    if not rows:
        return section("Last errors", note("None."))
    cells = [[_when(row, now, named=several_sources), _what(row), _ids(row)] for row in rows]
    heads = ("when", "what happened, what to do", "ids, for the log and for support")
    return section("Last errors", table("errors", heads, cells))


def _when(row: ErrorRow, now: datetime, *, named: bool) -> Html:
    level = "bad" if row.level in {"error", "critical"} else "warn"
    source = element("p", row.source, class_="soft") if named and row.source else ""
    return joined(badge(row.level, level), " ", moment(row.at, now), source)


def _what(row: ErrorRow) -> Html:
    times = f" ({row.times:,} times, the last time shown)" if row.times > 1 else ""
    cure = element("p", element("b", "What to do: "), row.what_to_do) if row.what_to_do else ""
    return joined(element("p", row.message, times), cure)


def _ids(row: ErrorRow) -> Html:
    told = [("correlation id", row.correlation_id), ("request id", row.request_id), ("action", row.action)]
    pairs = [element("div", element("dt", name), element("dd", element("code", text))) for name, text in told if text]
    where = [element("div", element("dt", "window"), element("dd", window(row.window)))] if row.window else []
    return element("dl", *pairs, *where, class_="ids")
