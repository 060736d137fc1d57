"""Values for tests, as short as they can be said: instants and windows by the time of day, reads, pages, ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from producer.model.instants import floor_millis
from producer.model.reads import Page, RawConversation, Read, ReadEnd, ReadKind, Verdict
from producer.model.windows import Interval, Slice, Window
from producer.transform.fingerprint import raw_hash

DAY = datetime(2025, 3, 10, tzinfo=UTC)
"""The day of every time of day in these tests."""


def at(time_of_day: str, *, day: int = 0) -> datetime:
    """`10:00`, `10:00:30` or `10:00:30.250` on the tests' day, or `day` days after it."""
    hours, minutes, *seconds = time_of_day.split(":")
    rest = timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds[0]) if seconds else 0)
    return DAY + timedelta(days=day) + rest


def interval(start: str, end: str) -> Interval:
    return Interval(at(start), at(end))


def window(start: str, end: str) -> Window:
    return Window(at(start), at(end))


def in_the_middle(whole: Window) -> tuple[Window, Window]:
    """Two parts of a window, cut at the millisecond in its middle."""
    middle = floor_millis(whole.start + whole.length / 2)
    return Window(whole.start, middle), Window(middle, whole.end)


def told(span: Interval) -> str:
    """`10:00:00-10:05:00`, with `+1 ` before an instant of the day after."""

    def one(instant: datetime) -> str:
        days = (instant - DAY) // timedelta(days=1)
        text = instant.strftime("%H:%M:%S") + (f".{instant.microsecond // 1000:03d}" if instant.microsecond else "")
        return f"{days:+d} {text}" if days else text

    return f"{one(span.start)}-{one(span.end)}"


def head_read(start: str = "10:00", end: str = "10:05", *, request_id: str = "r1") -> Read:
    return Read(request_id=request_id, kind=ReadKind.HEAD, slice=Slice(window=window(start, end)))


def raw(**content: Any) -> RawConversation:
    """A raw conversation of `tests.support.plain_compare`."""
    text = json.dumps(content, separators=(",", ":")).encode()
    return RawConversation(content.get("id"), text, raw_hash(text))


def page(
    *conversations: RawConversation, number: int = 1, asked: datetime | None = None, served_at: datetime | None = None
) -> Page:
    """A page that was asked for at `asked` (10:06) and arrived a second later."""
    asked = asked or at("10:06")
    return Page(
        number=number,
        conversations=conversations,
        total_hits=len(conversations),
        as_of=asked,
        observed_at=asked + timedelta(seconds=1),
        size=sum(len(bytes(each.raw)) for each in conversations),
        served_at=served_at,
    )


def read_end(
    *,
    pages: int = 1,
    filled: int | None = None,
    unique: int = 1,
    unread: str | None = None,
    verdict: Verdict = Verdict.COMPLETE,
) -> ReadEnd:
    return ReadEnd(
        verdict=verdict,
        pages=pages,
        filled=pages if filled is None else filled,
        attempts=pages,
        unique=unique,
        repeated=0,
        first_hits=unique,
        last_hits=unique,
        unread=unread,
    )
