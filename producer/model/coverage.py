"""The ledger of what has been read: for any instant since the start of capture it says covered, not due, or missing.

One watermark per tier (tier 0 is the head, tier k the k-th re-read) and a list of holes. A pure value: it moves only in
the transaction that carries the last record of a read, so what it says is true of the topic.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from producer import errors
from producer.model.instants import floor_millis
from producer.model.windows import Interval

HEAD = 0
"""The tier of the head."""
HISTORY = "history"
"""The reason of a hole that lies before where the head began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A due interval that could not be read. It never lowers another tier and is never forgotten."""

    start: datetime
    end: datetime
    tier: int
    reason: str
    attempts: int
    opened_at: datetime

    @property
    def interval(self) -> Interval:
        """The time it misses."""
        return Interval(self.start, self.end)

    def without(self, interval: Interval) -> tuple[Hole, ...]:
        """What remains of the hole once `interval` has been read."""
        return tuple(replace(self, start=rest.start, end=rest.end) for rest in self.interval.minus(interval))


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A hole that a person accepted: listed for ever, no longer missing."""

    start: datetime
    end: datetime
    tier: int
    reason: str
    accepted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What has been read since `since`; `watermarks[k]` is where tier k has come to, `ages[k - 1]` how old it reads."""

    since: datetime
    watermarks: tuple[datetime, ...]
    holes: tuple[Hole, ...] = ()
    losses: tuple[Loss, ...] = ()
    ages: tuple[timedelta, ...] = ()

    def __post_init__(self) -> None:
        if not self.watermarks or min(self.watermarks) < self.since:
            raise errors.ProducerError(f"coverage must have a head tier, at or after its start: {self}")
        if self.ages and len(self.ages) != len(self.watermarks) - 1:
            raise errors.ProducerError(f"coverage must have an age for each tier above the head: {self}")

    @classmethod
    def beginning(cls, *, since: datetime, head: datetime, at: datetime, ages: tuple[timedelta, ...] = ()) -> Coverage:
        """Nothing read yet. The head begins at `head`; what lies between `since` and it is history, to be read once
        and, where it is younger than a re-read, again. `ages` are those of the re-reads, rising.
        """
        empty = cls(since=since, watermarks=(head,) * (1 + len(ages)), ages=ages)
        return replace(empty, holes=empty._history(since, head, at))

    def covered(self, interval: Interval, tier: int = HEAD) -> Coverage:
        """A read of `interval` at the age of `tier` is complete: it satisfies that tier and every lower one.

        A watermark moves only when the interval reaches it, so no instant is skipped.
        """
        watermarks = tuple(
            interval.end if level <= tier and interval.start <= mark < interval.end else mark
            for level, mark in enumerate(self.watermarks)
        )
        holes = tuple(
            rest for hole in self.holes for rest in (hole.without(interval) if hole.tier <= tier else (hole,))
        )
        return replace(self, watermarks=watermarks, holes=holes)

    def failed(self, interval: Interval, tier: int, reason: str, at: datetime) -> Coverage:
        """A read of `interval` failed for a cause of its own: what it did not cover is a hole, the tier goes on.

        A hole of the same tier and reason that ends there grows: one cause that lasts is one hole. What was a hole
        already was tried once more.
        """
        mark = self.watermarks[tier]
        if not interval.start <= mark < interval.end:
            return replace(self, holes=_tried_again(self.holes, interval, tier, reason))
        new = Hole(start=mark, end=interval.end, tier=tier, reason=reason, attempts=1, opened_at=at)
        before = next((hole for hole in self.holes if (hole.end, hole.tier, hole.reason) == (mark, tier, reason)), None)
        others = tuple(hole for hole in self.holes if hole is not before)
        watermarks = tuple(interval.end if level == tier else known for level, known in enumerate(self.watermarks))
        return replace(self, watermarks=watermarks, holes=(*others, replace(before or new, end=new.end)))

    def with_ages(self, ages: tuple[timedelta, ...]) -> Coverage:
        """The same under other ages of re-reads, rising.

        A read at an age satisfies every younger tier, so a tier goes on from where the next older one had come to. One
        that is older than all before begins where they have all been: what lies before may be forgotten already, and
        would come back as new. A hole goes to the youngest tier that goes on over it.
        """
        known = dict(zip(self.ages, self.watermarks[1:], strict=False))
        oldest = min(self.watermarks) if self.ages else self.since
        older = [next((mark for age, mark in known.items() if age >= each), oldest) for each in ages]
        holes = tuple(replace(hole, tier=_tier_under(ages, hole.tier, self.ages)) for hole in self.holes)
        return replace(self, watermarks=(self.watermarks[HEAD], *older), ages=ages, holes=holes)

    def back_to(self, since: datetime, at: datetime) -> Coverage:
        """The same with an earlier start: what lies before the present one is history."""
        if since >= self.since:
            return self
        return replace(self, since=since, holes=(*self.holes, *self._history(since, self.since, at)))

    def _history(self, since: datetime, until: datetime, at: datetime) -> tuple[Hole, ...]:
        """The holes of a time before capture: of the head, and of each re-read that is older than it is by now."""
        starts = [since, *(max(since, floor_millis(at - age)) for age in self.ages)]
        return tuple(
            Hole(start=start, end=until, tier=tier, reason=HISTORY, attempts=0, opened_at=at)
            for tier, start in enumerate(starts)
            if start < until
        )

    def age(self, tier: int) -> timedelta:
        """How old a window is when this tier reads it; zero for the head."""
        return self.ages[tier - 1] if 0 < tier <= len(self.ages) else timedelta(0)

    def satisfied_by(self, end: datetime, asked_at: datetime) -> int:
        """The highest tier that a read covers whose window ended at `end`: a read at an age satisfies all up to it."""
        return sum(end + age <= asked_at for age in self.ages)

    def complete_to(self, tier: int) -> datetime:
        """Up to where everything was read: the start of the oldest hole of a tier up to this, else the watermark."""
        starts = [hole.start for hole in self.holes if hole.tier <= tier]
        return min([self.watermarks[tier], *starts])

    def missing(self, due: datetime, tier: int = HEAD) -> tuple[Interval, ...]:
        """What is due at this tier and not covered, without accepted losses, oldest first, disjoint."""
        ahead = (Interval(self.watermarks[tier], due),) if self.watermarks[tier] < due else ()
        return union([*(hole.interval for hole in self.holes if hole.tier <= tier), *ahead])

    def uncovered(self, due: datetime, tier: int = HEAD) -> timedelta:
        """How much time `missing` adds up to."""
        return sum((interval.length for interval in self.missing(due, tier)), timedelta(0))


def _tried_again(holes: tuple[Hole, ...], interval: Interval, tier: int, reason: str) -> tuple[Hole, ...]:
    """The holes after one more failure: what of them the interval touches is set apart, with one more attempt."""
    result: list[Hole] = []
    for hole in holes:
        start, end = max(hole.start, interval.start), min(hole.end, interval.end)
        if hole.tier != tier or start >= end:
            result.append(hole)
            continue
        tried = replace(hole, start=start, end=end, attempts=hole.attempts + 1, reason=reason)
        result += [*hole.without(Interval(start, end)), tried]
    return merged(result)


def merged(holes: Iterable[Hole]) -> tuple[Hole, ...]:
    """The same holes with adjacent ones of one tier, reason and number of attempts as one."""
    result: list[Hole] = []
    for hole in sorted(holes, key=lambda each: (each.tier, each.start, each.end)):
        last = result[-1] if result else None
        alike = (hole.start, hole.tier, hole.reason, hole.attempts)
        if last is not None and (last.end, last.tier, last.reason, last.attempts) == alike:
            result[-1] = replace(last, end=hole.end, opened_at=min(last.opened_at, hole.opened_at))
        else:
            result.append(hole)
    return tuple(result)


def _tier_under(ages: tuple[timedelta, ...], tier: int, before: tuple[timedelta, ...]) -> int:
    """The tier under new ages of a hole that had this tier under the ages before."""
    if tier == HEAD:
        return HEAD
    younger = before[tier - 2] if 1 < tier <= len(before) + 1 else timedelta(0)
    return next((each for each, age in enumerate(ages, 1) if age > younger), len(ages))


def union(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same instants as disjoint intervals, oldest first, adjacent ones merged."""
    merged: list[Interval] = []
    for interval in sorted(intervals, key=lambda each: (each.start, each.end)):
        if merged and interval.start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, interval.end))
        else:
            merged.append(interval)
    return tuple(merged)
