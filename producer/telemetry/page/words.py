"""Instants, durations and windows as people read them. Pure. All times are UTC and say so with a Z."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from producer.model.instants import iso_millis
from producer.telemetry.page.html import Html, element, joined

NOTHING = "-"
_UNITS = (
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
    (timedelta(seconds=1), "s"),
)
_FEW_SECONDS = 10
_WINDOW = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d{3}Z/(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d{3}Z(.*)", re.DOTALL
)
_MIDNIGHT = "00:00:00"
_SHORT_ID = 8


def duration(value: timedelta | None) -> str:
    """`2.5 s`, `14 min 3 s`, `2 d 5 h`: the two largest units, and tenths of a few seconds."""
    if value is None:
        return NOTHING
    if abs(value) < timedelta(seconds=_FEW_SECONDS):
        return f"{value.total_seconds():.1f}".removesuffix(".0") + " s"
    told: list[tuple[int, str]] = []
    rest = timedelta(seconds=round(value.total_seconds()))
    for unit, name in _UNITS:
        amount, rest = divmod(rest, unit)
        if amount or told:
            told.append((amount, name))
    return " ".join(f"{amount} {name}" for amount, name in told[:2] if amount)


def distance(value: datetime, now: datetime) -> str:
    """`14 min 3 s ago`, `in 2 h`."""
    return f"in {duration(value - now)}" if value > now else f"{duration(now - value)} ago"


def instant(value: datetime | None) -> str:
    """`2025-03-10 10:00:00Z`: a day and a time."""
    return iso_millis(value)[:19].replace("T", " ") + "Z" if value else NOTHING


def moment(value: datetime | None, now: datetime) -> Html:
    """A day and a time, and how long ago that is."""
    if value is None:
        return joined(NOTHING)
    exact = element("time", instant(value), datetime=iso_millis(value))
    return joined(exact, " ", element("span", distance(value, now), class_="soft ago"))


def period(start: datetime, end: datetime) -> Html:
    """`2025-03-10 10:00:00 to 10:05:00Z`, to the millisecond in its title."""
    return window(f"{iso_millis(start)}/{iso_millis(end)}")


def window(text: str) -> Html:
    """The window of a read, shorter than logs write it: a day once, no milliseconds, its midnight as 24:00:00.

    Other text stays as it is.
    """
    found = _WINDOW.fullmatch(text)
    if found is None:
        return element("span", text, class_="window")
    day, start, last_day, end, cuts = found.groups()
    if end == _MIDNIGHT and last_day == _day_after(day):
        last_day, end = day, "24:00:00"
    until = end if last_day == day else f"{last_day} {end}"
    return element("span", f"{day} {start} to {until}Z{cuts}", class_="window", title=text)


def _day_after(day: str) -> str | None:
    """None for what only looks like a day."""
    try:
        return str(date.fromisoformat(day) + timedelta(days=1))
    except (ValueError, OverflowError):
        return None


def short_id(text: str) -> Html:
    """The beginning of an id; all of it in the title."""
    if len(text) <= _SHORT_ID + 1:
        return element("code", text or NOTHING)
    return element("code", f"{text[:_SHORT_ID]}…", title=text)


def count(amount: int, one: str, more: str = "") -> str:
    """`1 hole`, `2 holes`."""
    return f"{amount:,} {one if amount == 1 else more or one + 's'}"
