"""What the reads of one source came to since the start: how late what they found was, what the tiers took, who asked.

Bounded: counts by bucket, tier and kind of read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from producer import events
from producer.model.checkpoint import Checkpoint
from producer.model.coverage import HEAD
from producer.model.reads import Read, ReadKind
from producer.telemetry import names
from producer.telemetry.late import comes_back
from producer.telemetry.snapshot import BudgetRow, LateRow, TierRow

MINUTE = timedelta(minutes=1)
STEP = timedelta(seconds=5)
"""What the last minute is counted in."""
MOST_TIERS = 8
WATCH = 0
"""The watch, where the re-reads are told apart by their tier."""


@dataclass(slots=True)
class LastMinute:
    """How often something happened in the last minute, to within a step."""

    _steps: deque[tuple[datetime, int]] = field(default_factory=deque)

    def add(self, now: datetime) -> None:
        """It happened once more."""
        self._forget(now)
        if self._steps and now - self._steps[-1][0] < STEP:
            began, count = self._steps.pop()
            self._steps.append((began, count + 1))
        else:
            self._steps.append((now, 1))

    def count(self, now: datetime) -> int:
        """How often."""
        self._forget(now)
        return sum(count for _, count in self._steps)

    def _forget(self, now: datetime) -> None:
        while self._steps and self._steps[0][0] <= now - MINUTE:
            self._steps.popleft()


@dataclass(slots=True)
class Tally:
    """One source. It follows the events that count."""

    _late: Counter[tuple[int, int]] = field(default_factory=Counter)
    _pages: Counter[int] = field(default_factory=Counter)
    _records: Counter[int] = field(default_factory=Counter)
    _asked: dict[ReadKind, LastMinute] = field(default_factory=dict)
    _shares: dict[str, float] = field(default_factory=dict)
    _ages: tuple[timedelta, ...] = ()
    _marks: tuple[datetime, ...] = ()

    def fetched(self, event: events.PageFetched, now: datetime) -> None:
        """A page arrived."""
        self._asked.setdefault(event.read.kind, LastMinute()).add(now)
        if event.read.kind is ReadKind.REREAD:
            self._pages[_tier(event.read)] += 1

    def looked_up(self, now: datetime) -> None:
        """A page of names arrived: no read brings them."""
        self._asked.setdefault(ReadKind.DIRECTORY, LastMinute()).add(now)

    def compared(self, event: events.PageCompared) -> None:
        """A page was committed."""
        read = event.read
        if not comes_back(read):
            return
        found_by = WATCH if read.kind is ReadKind.WATCH else _tier(read)
        self._records[found_by] += event.new + event.changed
        for seconds in event.freshness:
            self._late[bisect_left(names.LATE_BUCKETS, seconds), found_by] += 1

    def shared(self, event: events.BudgetShared) -> None:
        """A kind of read is guaranteed its share."""
        if event.read in {kind.value for kind in ReadKind}:
            self._shares[event.read] = event.share

    def stands(self, checkpoint: Checkpoint) -> None:
        """Where the tiers have come to."""
        self._ages, self._marks = checkpoint.coverage.ages, checkpoint.coverage.watermarks[HEAD + 1 :]

    def tiers(self) -> tuple[TierRow, ...]:
        """The re-reads, the youngest first."""
        return tuple(
            TierRow(tier=tier, age=age, read_to=mark, pages=self._pages[tier], records=self._records[tier])
            for tier, (age, mark) in enumerate(zip(self._ages, self._marks, strict=False), 1)
        )

    def late(self) -> tuple[LateRow, ...]:
        """Every bucket up to the last that holds something; the last one of all has no end."""
        if not self._late:
            return ()
        last = max(bucket for bucket, _ in self._late)
        return tuple(self._bucket(bucket, ends) for bucket, ends in enumerate(_ENDS[: last + 1]))

    def _bucket(self, bucket: int, ends: timedelta | None) -> LateRow:
        by_tier = [self._late[bucket, tier] for tier in range(1, self._most_tiers() + 1)]
        return LateRow(within=ends, watch=self._late[bucket, WATCH], tiers=tuple(by_tier))

    def _most_tiers(self) -> int:
        return max([len(self._ages), *(tier for _, tier in self._late)])

    def budget(self, now: datetime) -> tuple[BudgetRow, ...]:
        """Who asked in the last minute, and who is guaranteed what, by importance."""
        return tuple(
            BudgetRow(
                read=kind.value,
                asked=self._asked[kind].count(now) if kind in self._asked else 0,
                share=self._shares.get(kind.value, 0.0),
            )
            for kind in ReadKind
            if kind in self._asked or kind.value in self._shares
        )


_ENDS: Sequence[timedelta | None] = (*(timedelta(seconds=each) for each in names.LATE_BUCKETS), None)


def _tier(read: Read) -> int:
    """The tier that a re-read is due for; those beyond the most that there can be count as the last."""
    return min(read.tier, MOST_TIERS)
