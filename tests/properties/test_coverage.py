"""Coverage against a naive ledger that remembers every instant by itself: none lost, none told twice, in any order.

The naive ledger says of each instant and tier whether it was read at that tier's age or above (a tier's reads count
only from where its watermark stood, as the real one promises nothing of what lies ahead).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from producer.model.coverage import HEAD, Coverage, merged, union
from producer.model.instants import floor_millis, from_millis, to_millis
from producer.model.windows import Interval
from producer.planning.head import HeadPolicy, due_edge, plan_head
from tests.support.build import DAY

TIERS = 3
LENGTH = 24  # instants, of a millisecond each
_FIRST = to_millis(DAY)


@dataclass(frozen=True, slots=True)
class Done:
    """A read of `[start, end)` at a tier's age that was complete, or failed for a cause of its own."""

    start: int
    end: int
    tier: int
    failed: bool

    @property
    def interval(self) -> Interval:
        return Interval(from_millis(_FIRST + self.start), from_millis(_FIRST + self.end))


@st.composite
def reads(draw: st.DrawFn) -> Done:
    start = draw(st.integers(0, LENGTH - 1))
    end = draw(st.integers(start + 1, LENGTH))
    return Done(start, end, draw(st.integers(0, TIERS - 1)), draw(st.booleans()))


@dataclass(slots=True)
class Naive:
    """Instants by instants: where each tier has come to, and of every instant behind that the tiers that lack it."""

    start: int
    marks: list[int] = field(default_factory=list)
    lacking: list[set[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.marks = [self.start] * TIERS
        self.lacking = [set() for _ in range(TIERS)]

    def take(self, done: Done) -> None:
        if done.failed:
            mark = self.marks[done.tier]
            if done.start <= mark < done.end:
                self.lacking[done.tier] |= set(range(mark, done.end))
                self.marks[done.tier] = done.end
            return
        for tier in range(done.tier + 1):
            self.lacking[tier] -= set(range(done.start, done.end))
            if done.start <= self.marks[tier] < done.end:
                self.marks[tier] = done.end

    def missing(self, due: int, tier: int) -> set[int]:
        return set().union(*self.lacking[: tier + 1], range(self.marks[tier], due))

    def complete_to(self, tier: int) -> int:
        return min([self.marks[tier], *set().union(*self.lacking[: tier + 1])])


def taken(ledger: Coverage, done: Done) -> Coverage:
    if done.failed:
        return ledger.failed(done.interval, done.tier, "400", DAY)
    return ledger.covered(done.interval, done.tier)


def new_ledger(head: int) -> Coverage:
    start = from_millis(_FIRST + head)
    return Coverage.beginning(since=start, head=start, ages=(timedelta(hours=1), timedelta(days=1)), at=DAY)


@settings(max_examples=500)
@given(st.integers(0, 5), st.lists(reads(), max_size=12), st.integers(0, LENGTH))
def test_no_instant_is_lost_or_told_twice_whatever_was_read_in_whatever_order(
    head: int, history: list[Done], due: int
) -> None:
    ledger, naive = new_ledger(head), Naive(head)
    for done in history:
        ledger = taken(ledger, done)
        naive.take(done)
    for tier in range(TIERS):
        missing = ledger.missing(from_millis(_FIRST + due), tier)
        told = [each - _FIRST for part in missing for each in range(to_millis(part.start), to_millis(part.end))]
        assert told == sorted(naive.missing(due, tier))
        assert to_millis(ledger.complete_to(tier)) - _FIRST == naive.complete_to(tier)
        assert ledger.uncovered(from_millis(_FIRST + due), tier).total_seconds() * 1000 == len(told)


@given(st.lists(reads(), max_size=12))
def test_a_watermark_never_goes_back_and_nothing_complete_becomes_incomplete(history: list[Done]) -> None:
    ledgers = [new_ledger(0)]
    for done in history:
        if done.tier == HEAD or done.interval.end <= ledgers[-1].watermarks[HEAD]:  # no re-read is ahead of the head
            ledgers.append(taken(ledgers[-1], done))
    for before, after in pairwise(ledgers):
        for tier in range(TIERS):
            assert after.watermarks[tier] >= before.watermarks[tier]
            assert after.complete_to(tier) >= before.complete_to(tier)


@given(st.lists(reads(), max_size=8), reads())
def test_the_same_read_twice_changes_nothing_more(history: list[Done], again: Done) -> None:
    ledger = new_ledger(0)
    for done in history:
        ledger = taken(ledger, done)
    once = taken(ledger, again)
    twice = taken(once, again)
    assert twice.watermarks == once.watermarks
    for tier in range(TIERS):
        assert told(twice, tier) == told(once, tier)
    assert again.failed or twice == once  # one that failed again is known to have been tried once more


def told(ledger: Coverage, tier: int) -> tuple[Interval, ...]:
    """What holes of this very tier miss."""
    return union(hole.interval for hole in ledger.holes if hole.tier == tier)


@given(st.lists(reads(), max_size=8))
def test_holes_of_one_tier_never_overlap_and_adjacent_ones_differ(history: list[Done]) -> None:
    ledger = new_ledger(0)
    for done in history:
        ledger = taken(ledger, done)
    for before, after in pairwise(merged(ledger.holes)):
        if before.tier == after.tier:
            assert before.end <= after.start
            if before.end == after.start:
                assert (before.reason, before.attempts) != (after.reason, after.attempts)


POLICY = HeadPolicy(head_lag=timedelta(seconds=30), overlap=timedelta(minutes=5), catch_up_slice=timedelta(hours=1))
FATES = ("complete", "refused", "dropped", "cut short")
"""What comes of a poll: all its windows are committed, all are refused, none is committed, only the first one is."""


@given(
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2)),
    st.lists(
        st.tuples(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=1)), st.sampled_from(FATES)),
        max_size=15,
    ),
)
def test_the_head_accounts_for_every_instant_whatever_comes_of_its_polls(
    began: timedelta, polls: list[tuple[timedelta, str]]
) -> None:
    now = DAY + began
    since = floor_millis(now)
    committed = Coverage.beginning(since=since, head=since, at=now)
    read: list[Interval] = []
    for passed, fate in polls:
        now += passed
        windows = [part.window for part in plan_head(committed, now, POLICY)]
        for window in {"dropped": [], "cut short": windows[:1]}.get(fate, windows):
            if fate == "refused":
                committed = committed.failed(window, HEAD, "400", now)
            else:
                committed = committed.covered(window)
                read.append(window)
        due = due_edge(now, POLICY)
        missing = committed.missing(due)
        accounted = [str(part) for part in union([*read, *missing])]
        assert accounted == ([str(Interval(since, due))] if since < due else [])
        assert all(part.minus(window) == (part,) for part in missing for window in read)
