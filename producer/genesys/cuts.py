"""Where a window is cut when it holds too much, and where one looks beside it. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from producer.model.windows import Direction, Ended, Slice, Window

_CONTROL = timedelta(minutes=1)


def before(window: Window) -> Window:
    """The minute before a window, or what of it lies on the day of the window's start."""
    start = window.start
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    earliest = start - _CONTROL
    return Window(earliest if start == midnight else max(earliest, midnight), start)


def cut(part: Slice) -> tuple[Slice, ...]:
    """A part cut by end, open ones first, then by direction; none when it is cut both ways."""
    if part.ended is None:
        return tuple(replace(part, ended=each) for each in Ended)
    if part.direction is None:
        return tuple(replace(part, direction=each) for each in Direction)
    return ()


def halves(part: Slice, floor: timedelta) -> tuple[Slice, ...]:
    """The two halves in time, of a part that is whole and long enough."""
    if part.ended or part.direction:
        return ()
    return tuple(replace(part, window=half) for half in part.window.halves(floor))
