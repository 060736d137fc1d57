"""The planner over weeks: whatever fails on the way, in the end every instant was read at every age, once it had it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from producer.model.coverage import HEAD, HISTORY, Coverage, union
from producer.model.instants import floor_millis
from producer.model.reads import Due, ReadKind
from producer.model.windows import Interval
from producer.planning.head import HeadPolicy, due_edge, plan_head
from producer.planning.rereads import plan_hole, plan_rereads, step_of
from tests.support.build import DAY

AGES = (timedelta(minutes=15), timedelta(hours=2), timedelta(days=1))
POLICY = HeadPolicy(head_lag=timedelta(seconds=30), overlap=timedelta(minutes=5), catch_up_slice=timedelta(hours=6))
SLICE = POLICY.catch_up_slice
_ENOUGH = 2_000  # reads of a round; more would mean that it never ends


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens next: time passes, and then each read fails or not, over and over in this pattern."""

    passes: timedelta
    failing: tuple[bool, ...]


fates = st.builds(
    Fate,
    st.timedeltas(min_value=timedelta(seconds=15), max_value=timedelta(hours=30)),
    st.lists(st.booleans(), min_size=1, max_size=5).map(tuple),
)


@dataclass(slots=True)
class Run:
    """One organisation, read by the planner; `read` is what was read, by tier, once it had that tier's age."""

    coverage: Coverage
    read: dict[int, list[Interval]]
    now: datetime

    def go_on(self, fate: Fate) -> None:
        self.now += fate.passes
        number = 0
        while dues := self.next_dues():
            for due in dues:
                number += 1
                self.make(due, fails=fate.failing[number % len(fate.failing)])
            assert number < _ENOUGH, "there is always something due"

    def next_dues(self) -> list[Due]:
        """All of a poll of the head; else one read behind it."""
        head = plan_head(self.coverage, self.now, POLICY)
        if head:
            ends = [part.window.end for part in head]
            ages = [self.coverage.satisfied_by(end, self.now) for end in ends]
            return [Due(kind=ReadKind.HEAD, slice=part, satisfies=age) for part, age in zip(head, ages, strict=True)]
        due = plan_hole(self.coverage, self.now, SLICE) or plan_rereads(self.coverage, self.now, SLICE)
        return [due] if due else []

    def make(self, due: Due, *, fails: bool) -> None:
        assert due.slice is not None
        window = due.slice.window
        assert window.end <= self.now - self.coverage.age(due.tier)  # never before its age
        if fails:
            self.coverage = self.coverage.failed(window, due.tier, "400", self.now)
            return
        self.coverage = self.coverage.covered(window, max(due.tier, due.satisfies))
        for tier, read in self.read.items():
            end = min(window.end, floor_millis(self.now - self.coverage.age(tier)))
            if window.start < end:
                read.append(Interval(window.start, end))


@settings(max_examples=60, deadline=None)
@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2)), st.lists(fates, max_size=8))
def test_in_the_end_every_instant_was_read_at_every_age(before: timedelta, history: list[Fate]) -> None:
    since = floor_millis(DAY)
    head = since + before
    start = Coverage.beginning(since=since, head=floor_millis(head), at=head, ages=AGES)
    run = Run(start, {tier: [] for tier in range(len(AGES) + 1)}, head)
    for fate in history:
        run.go_on(fate)
        for tier in range(len(AGES) + 1):
            _nothing_is_promised_that_was_not_read(run, tier)
    run.go_on(Fate(timedelta(days=3), (False,)))
    for tier in range(len(AGES) + 1):
        _nothing_is_promised_that_was_not_read(run, tier)
        age = run.coverage.age(tier)
        edge = due_edge(run.now, POLICY) if tier == HEAD else run.now - age - step_of(age)
        assert run.coverage.complete_to(tier) >= edge
    assert not [hole for hole in run.coverage.holes if hole.reason == HISTORY]


def _nothing_is_promised_that_was_not_read(run: Run, tier: int) -> None:
    """Up to where a tier is complete, each instant was read at its age or above: also of the time before capture."""
    promised = run.coverage.complete_to(tier)
    rest = [Interval(run.coverage.since, promised)] if promised > run.coverage.since else []
    for window in union(run.read[tier]):
        rest = [left for part in rest for left in part.minus(window)]
    assert rest == []
