"""The last reads with their verdicts, split windows with their parts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from producer.telemetry.page.html import Html, badge, element, joined, note, section, table
from producer.telemetry.page.words import NOTHING, count, duration, moment, short_id, window
from producer.telemetry.snapshot import ReadRow

NEWEST = 15
"""So many reads are shown whatever became of them; of older ones only those that tell something."""

_LEVELS = {
    "complete": "good",
    "provisional": "warn",
    "short": "warn",
    "cursor-end": "good",
    "failed": "bad",
    "dropped": "warn",
    "split": "info",
}
_HEADS = ("window", "verdict", "began", "conversations", "records", "pages", "took", "request id")
_MEANINGS = (
    "complete: counts and ids agree. provisional: they moved while it was read; the overlap reads it again. "
    "cursor-end: read to its last page, there is no count to compare with. "
    "split: it held too much for one read, its parts are read instead. failed: see the errors."
)


def reads(rows: Sequence[ReadRow], now: datetime, *, several_sources: bool) -> Html:
    """The last reads, the newest first."""
    if not rows:
        return section("Last reads", note("None yet."))
    parents = {(row.source, part): row.window for row in rows for part in row.parts}
    shown = [
        row
        for number, row in enumerate(rows)
        if number < NEWEST or row.verdict != "complete" or (row.source, row.window) in parents
    ]
    cells = [_cells(row, now, parents.get((row.source, row.window)), named=several_sources) for row in shown]
    left_out = len(rows) - len(shown)
    told = f" {count(left_out, 'older complete read')} left out here; /status has them." if left_out else ""
    return section("Last reads", table("reads", _HEADS, cells), note(_MEANINGS, told))


def _cells(row: ReadRow, now: datetime, parent: str | None, *, named: bool) -> list[object]:
    kind = f"{row.source}, {row.kind}" if named else row.kind
    return [
        joined(window(row.window), " ", element("span", kind, class_="soft")),
        joined(badge(row.verdict, _LEVELS.get(row.verdict, "wait")), *_remarks(row, parent)),
        moment(row.began_at, now),
        _conversations(row),
        NOTHING if row.records is None else f"{row.records:,}",
        f"{row.pages:,}",
        duration(row.took),
        short_id(row.request_id),
    ]


def _remarks(row: ReadRow, parent: str | None) -> list[Html]:
    told: list[Html] = []
    if row.remark:
        told.append(element("p", row.remark))
    if row.parts:
        told.append(element("ul", *(element("li", window(part)) for part in row.parts)))
    if parent is not None:
        told.append(element("p", "part of ", window(parent), class_="soft"))
    return told


def _conversations(row: ReadRow) -> str:
    if row.unique is None:
        return NOTHING if row.hits is None else f"{count(row.hits, 'hit')}"
    return f"{row.unique:,}" if row.hits in (None, row.unique) else f"{row.unique:,} of {count(row.hits or 0, 'hit')}"
