"""Intervals and windows of time, half-open, in UTC milliseconds.

A window never straddles a UTC midnight: the API indexes conversations by the day they began, so a window has one day.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from producer import errors
from producer.model.instants import ONE_DAY, floor_millis, iso_millis, utc_midnight
from producer.model.selection import EVERYTHING, Selection


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """`[start, end)`, never empty."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise errors.ProducerError(f"interval must not be empty: {self}")

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start

    def minus(self, other: Interval) -> tuple[Interval, ...]:
        """What is left of this interval without the other: none, one or two parts."""
        if other.end <= self.start or self.end <= other.start:
            return (self,)
        before = (Interval(self.start, other.start),) if self.start < other.start else ()
        after = (Interval(other.end, self.end),) if other.end < self.end else ()
        return before + after

    def __str__(self) -> str:
        return f"{iso_millis(self.start)}/{iso_millis(self.end)}"


@dataclass(frozen=True, slots=True, order=True)
class Window(Interval):
    """An interval that one query asks for: within one UTC day, whole milliseconds."""

    def __post_init__(self) -> None:
        super(Window, self).__post_init__()
        if floor_millis(self.start) != self.start or floor_millis(self.end) != self.end:
            raise errors.ProducerError(f"window must begin and end at whole milliseconds: {self}")
        if self.end > utc_midnight(self.start) + ONE_DAY:
            raise errors.ProducerError(f"window must not straddle a UTC midnight: {self}")

    def halves(self, grid: timedelta) -> tuple[Window, ...]:
        """Two parts, cut at a multiple of `grid` since midnight; none when no multiple lies inside.

        Of those inside it is the one that most windows would be cut at (divisible by the highest power of two), so that
        a window that is read again in other bounds comes to the same parts: one that keeps failing is recognised.
        """
        midnight = utc_midnight(self.start)
        first = (self.start - midnight) // grid + 1
        last = -((midnight - self.end) // grid) - 1
        if first > last:
            return ()
        zeros = ((first - 1) ^ last).bit_length() - 1
        middle = midnight + grid * (last >> zeros << zeros)
        return Window(self.start, middle), Window(middle, self.end)


class Ended(enum.Enum):
    """A cut of a window by whether its conversations have an end."""

    OPEN = "open"
    ENDED = "ended"


class Direction(enum.Enum):
    """A cut of a window by originating direction."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """What one read asks for: a window, or, where time can't be cut finer, a part of one by end and direction.

    `selection` is for queries: what is captured is never selected from.
    """

    window: Window
    ended: Ended | None = None
    direction: Direction | None = None
    selection: Selection = EVERYTHING

    def __str__(self) -> str:
        cuts = [str(cut.value) for cut in (self.ended, self.direction) if cut is not None]
        selected = [str(self.selection)] if self.selection != EVERYTHING else []
        return " ".join([str(self.window), *cuts, *selected])


def windows_between(start: datetime, end: datetime, longest: timedelta = ONE_DAY) -> Iterator[Window]:
    """Cut `[start, end)` into windows, oldest first, at every UTC midnight and at most `longest` long."""
    while start < end:
        stop = min(end, start + longest, utc_midnight(start) + ONE_DAY)
        yield Window(start, stop)
        start = stop
