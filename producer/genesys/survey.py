"""How much there is to read: a few questions for numbers alone, one row each, and what the answers add up to.

It asks about whole UTC days that are over. A window that begins at midnight returns what began in it, one of a
millisecond what is under way then: two questions for each span of the day.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from producer.genesys.query import Medium, Question
from producer.model.instants import ONE_DAY, ONE_MILLISECOND, utc_midnight
from producer.model.volume import OPEN_BANDS, Volume
from producer.model.windows import Interval

Count = Callable[[Question], Awaitable[int]]
"""Asks one question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """How closely to look: the busiest of the last `days`, in so many `spans`; `threads` are told apart or not."""

    days: int
    spans: int
    threads: bool

    @property
    def questions(self) -> int:
        """How many are asked."""
        threads = 2 * len(Medium) * self.threads
        return (self.days if self.days > 1 else 0) + 2 * self.spans - 1 + len(OPEN_BANDS) + threads


THOROUGH = Survey(days=7, spans=24, threads=True)
BRIEF = Survey(days=1, spans=4, threads=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The volume of the day that begins at `day`, the busiest of `days`."""

    volume: Volume
    day: datetime
    days: int


async def look(count: Count, now: datetime, survey: Survey) -> Findings:
    """Ask one question after the other. Raises whatever `count` raises."""
    today = utc_midnight(now)
    day = await _busiest(count, today, survey.days)
    ends = [ONE_DAY * number / survey.spans for number in range(1, survey.spans + 1)]
    until = [await count(Question(interval=Interval(day, day + end))) for end in ends]
    under_way = [await count(Question(interval=_instant(day + end))) for end in ends[:-1]]
    still_open = [await count(_still_open(today, *band)) for band in OPEN_BANDS]
    volume = Volume(
        begun=tuple(max(0, later - earlier) for earlier, later in zip([0, *until], until, strict=False)),
        under_way=(0, *under_way),
        still_open=tuple(still_open),
    )
    if survey.threads:
        volume = await _with_threads(count, volume, day)
    return Findings(volume=volume, day=day, days=survey.days)


async def _with_threads(count: Count, volume: Volume, day: datetime) -> Volume:
    """The volume with its threads: as many of the day's as of those that began in its busiest span."""
    begun, number = max((begun, number) for number, begun in enumerate(volume.begun))
    length = ONE_DAY / len(volume.begun)
    start = day + number * length

    async def of_a_day(medium: Medium) -> float:
        lived = await count(Question(interval=Interval(start, start + length), medium=medium))
        before = await count(Question(interval=_instant(start), medium=medium))
        return max(0, lived - before) * volume.a_day / begun if begun else 0.0

    return replace(volume, messages=await of_a_day(Medium.MESSAGE), emails=await of_a_day(Medium.EMAIL))


async def _busiest(count: Count, today: datetime, days: int) -> datetime:
    """The last day that is over, or of several the one with the most conversations."""
    latest = [today - ONE_DAY * number for number in range(1, days + 1)]
    if days == 1:
        return latest[0]
    counted = [(await count(Question(interval=Interval(day, day + ONE_DAY))), day) for day in latest]
    return max(counted)[1]


def _instant(at: datetime) -> Interval:
    return Interval(at, at + ONE_MILLISECOND)


def _still_open(today: datetime, youngest: int, oldest: int) -> Question:
    """Those that began between so many days ago and so many, whole days."""
    interval = Interval(today - timedelta(days=oldest), today - timedelta(days=youngest - 1))
    return Question(interval=interval, still_open=True)
