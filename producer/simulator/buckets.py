"""The conversations of a span of time, in columns: what a search needs to know of them before it looks at a plan."""

from __future__ import annotations

from array import array
from bisect import bisect_left

from producer.simulator.clock import DAY, HOUR, MINUTE
from producer.simulator.population import Plan
from producer.simulator.search import NEVER

_FILLED = 60
"""Conversations that a bucket should have at least, for looking into it to be worth while."""


class Bucket:
    """Columns of the conversations of one bucket, by start. `last` is when the last of them appears."""

    __slots__ = ("_by_settling", "_settling", "appears", "ends", "keys", "last", "settles", "starts")

    def __init__(self, plans: list[Plan]) -> None:
        self.keys = array("q", [plan.key for plan in plans])
        self.starts = array("q", [plan.start for plan in plans])
        self.appears = array("q", [plan.states[0].visible_at for plan in plans])
        settled = [_settled(plan) for plan in plans]
        self.settles = array("q", [instant for instant, _ in settled])
        self.ends = array("q", [end for _, end in settled])
        self.last = max(self.appears, default=0)
        self._by_settling = array("i", sorted(range(len(plans)), key=self.settles.__getitem__))
        self._settling = array("q", [self.settles[row] for row in self._by_settling])

    def started(self, begin: int, end: int) -> slice:
        """The rows of those that began between two instants."""
        return slice(bisect_left(self.starts, begin), bisect_left(self.starts, end))

    def outlasting(self, instant: int) -> array[int]:
        """The rows whose end is not visible for good before the instant; all others ended before it, visibly."""
        return self._by_settling[bisect_left(self._settling, instant) :]


def _settled(plan: Plan) -> tuple[int, int]:
    """When the conversation's end is visible for good, and that end."""
    end = plan.states[-1].end
    if end is None:
        return NEVER, NEVER
    settles = plan.states[-1].visible_at
    for state in reversed(plan.states):
        if state.end != end:
            break
        settles = state.visible_at
    return settles, end


def span_of(a_day: float, bucket: int) -> int:
    """How much time a bucket of the index spans: as many of the population's as hold enough, up to an hour."""
    wanted = _FILLED * DAY / a_day
    return (
        bucket
        if bucket >= HOUR
        else next(
            span
            for span in (bucket, 10 * MINUTE, 30 * MINUTE, HOUR)
            if span >= bucket and (span >= wanted or span == HOUR)
        )
    )
