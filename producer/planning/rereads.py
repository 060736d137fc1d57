"""Which windows are read again, and when.

Pure. Each tier reads again what has come to its age, in steps: one read of a longer window costs less than many of
short ones, since a conversation is returned by every window that it lives through. A day's last step ends at its
midnight, and is due when that has come to its age.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from producer.model.coverage import HISTORY, Coverage, Hole
from producer.model.instants import ONE_DAY, floor_millis, utc_midnight
from producer.model.reads import Due, ReadKind
from producer.model.windows import Slice, Window

STEPS_PER_AGE = 8
"""A tier moves on when an eighth of its age is due: it reads between its age and an eighth more."""
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=6)
"""A hole is tried again after a minute, then after twice as long each time, up to this."""


def step_of(age: timedelta) -> timedelta:
    """How long the windows of a tier are that reads at this age: at most a day."""
    return min(age / STEPS_PER_AGE, ONE_DAY)


def plan_rereads(coverage: Coverage, now: datetime, longest: timedelta) -> Due | None:
    """The window to read again now: the oldest that is due, of any tier; None when none is. `longest` while it is late.

    A read at an age satisfies every younger tier too, as far as their watermarks lie in the window.
    """
    tiers = range(1, len(coverage.watermarks))
    due = [(window, tier) for tier in tiers if (window := _next(coverage, tier, now, longest))]
    if not due:
        return None
    window, tier = min(due)
    return _due(ReadKind.REREAD, coverage, window, tier, now)


def _next(coverage: Coverage, tier: int, now: datetime, longest: timedelta) -> Window | None:
    """The next window of a tier: never beyond the head, never before its age."""
    age = coverage.age(tier)
    mark = coverage.watermarks[tier]
    edge = min(floor_millis(now - age), coverage.watermarks[0])
    midnight = utc_midnight(mark) + ONE_DAY
    step = step_of(age)
    end = min(edge, midnight, mark + max(step, longest))
    if end <= mark or (end < midnight and end - mark < step):
        return None
    return Window(mark, end)


def plan_hole(coverage: Coverage, now: datetime, longest: timedelta) -> Due | None:
    """The window of a hole to try now, None when none is due: those that failed first, then history, oldest first."""
    holes = [hole for hole in coverage.holes if retry_at(hole, coverage) <= now]
    if not holes:
        return None
    hole = min(holes, key=lambda each: (each.reason == HISTORY, retry_at(each, coverage), each.start))
    edge = floor_millis(now - coverage.age(hole.tier))
    end = min(hole.end, hole.start + longest, utc_midnight(hole.start) + ONE_DAY, edge)
    kind = ReadKind.BACKFILL if hole.reason == HISTORY else ReadKind.REREAD
    return _due(kind, coverage, Window(hole.start, end), hole.tier, now)


def retry_at(hole: Hole, coverage: Coverage) -> datetime:
    """When a hole is tried next: on a backoff since it was opened, and not before it has the age of its tier."""
    waited, wait = timedelta(0), FIRST_RETRY
    for _ in range(min(hole.attempts, _DOUBLINGS)):
        waited += wait
        wait = min(2 * wait, LONGEST_RETRY)
    waited += max(0, hole.attempts - _DOUBLINGS) * LONGEST_RETRY
    age = coverage.age(hole.tier)
    first = min(hole.end, hole.start + step_of(age)) if age else hole.end
    return max(hole.opened_at + waited, first + age)


_DOUBLINGS = 10  # after so many the wait is the longest


def _due(kind: ReadKind, coverage: Coverage, window: Window, tier: int, now: datetime) -> Due:
    satisfies = max(tier, coverage.satisfied_by(window.end, now))
    return Due(kind=kind, slice=Slice(window=window), tier=tier, satisfies=satisfies)
