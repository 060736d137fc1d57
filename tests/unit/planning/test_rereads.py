from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from producer.model.coverage import HEAD, HISTORY, Coverage, Hole
from producer.model.reads import Due
from producer.model.windows import Interval
from producer.planning.rereads import FIRST_RETRY, LONGEST_RETRY, plan_hole, plan_rereads, retry_at, step_of
from tests.support.build import at, interval, told

AGES = (timedelta(minutes=16), timedelta(hours=24), timedelta(days=8))
HOUR = timedelta(hours=1)


def coverage(head: str, *marks: str, since: str = "00:00") -> Coverage:
    return Coverage(since=at(since), watermarks=tuple(at(each) for each in (head, *marks)), ages=AGES[: len(marks)])


def telling(due: Due | None) -> str:
    if due is None:
        return "nothing"
    assert due.slice is not None
    assert due.covers
    return f"{due.kind.value} {told(due.slice.window)} for {due.tier}, satisfies {due.satisfies}"


def planned(ledger: Coverage, now: datetime, longest: timedelta = HOUR) -> str:
    return telling(plan_rereads(ledger, now, longest))


def test_a_tier_moves_in_steps_of_an_eighth_of_its_age_and_of_a_day_at_most() -> None:
    assert [step_of(age) for age in AGES] == [timedelta(minutes=2), timedelta(hours=3), timedelta(days=1)]
    assert step_of(timedelta(days=30)) == timedelta(days=1)


def test_without_tiers_nothing_is_read_again() -> None:
    assert planned(coverage("10:00"), at("12:00")) == "nothing"


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("10:17:59", "nothing"),
        ("10:18:00", "reread 10:00:00-10:02:00 for 1, satisfies 1"),
        ("10:20:30", "reread 10:00:00-10:04:30 for 1, satisfies 1"),
    ],
)
def test_a_window_is_read_again_once_a_step_of_it_has_come_to_its_age(now: str, expected: str) -> None:
    assert planned(coverage("10:15", "10:00"), at(now)) == expected


def test_what_is_late_is_read_in_longer_windows_but_no_longer_than_the_head_s() -> None:
    assert planned(coverage("15:00", "10:00"), at("15:30")) == "reread 10:00:00-11:00:00 for 1, satisfies 1"


def test_no_tier_goes_beyond_the_head() -> None:
    assert planned(coverage("10:01", "10:00"), at("15:30")) == "nothing"
    assert planned(coverage("10:03", "10:00"), at("15:30")) == "reread 10:00:00-10:03:00 for 1, satisfies 1"


def test_the_last_step_of_a_day_ends_at_its_midnight_and_may_be_short() -> None:
    ledger = Coverage(since=at("00:00"), watermarks=(at("00:30", day=1), at("23:59:30")), ages=AGES[:1])
    assert planned(ledger, at("00:15", day=1)) == "nothing"
    assert planned(ledger, at("00:16", day=1)) == "reread 23:59:30-+1 00:00:00 for 1, satisfies 1"


def test_the_oldest_window_goes_first_and_satisfies_every_tier_that_it_is_old_enough_for() -> None:
    day = timedelta(days=1)
    ledger = Coverage(
        since=at("00:00"),
        watermarks=(at("10:00", day=9), at("09:00", day=9), at("00:00", day=8), at("00:00")),
        ages=AGES,
    )
    assert planned(ledger, at("12:00", day=9), HOUR) == "reread 00:00:00-+1 00:00:00 for 3, satisfies 3"
    moved = ledger.covered(Interval(at("00:00"), at("00:00") + day), 3)
    assert moved.watermarks[3] == at("00:00", day=1)
    assert planned(moved, at("12:00", day=9), HOUR) == "reread +8 00:00:00-+8 03:00:00 for 2, satisfies 2"


def test_of_two_that_begin_together_the_shorter_goes_first() -> None:
    ledger = coverage("10:00", "00:00", "00:00")
    assert planned(ledger, at("04:00", day=1), HOUR) == "reread 00:00:00-01:00:00 for 1, satisfies 2"


# --- holes ----------------------------------------------------------------------------------------------------------


def hole(start: str, end: str, *, tier: int = HEAD, reason: str = "bad.request", attempts: int = 1) -> Hole:
    return Hole(start=at(start), end=at(end), tier=tier, reason=reason, attempts=attempts, opened_at=at("10:00"))


def with_holes(*holes: Hole, head: str = "10:00", marks: tuple[str, ...] = ("09:00", "09:00", "09:00")) -> Coverage:
    return replace(coverage(head, *marks), holes=holes)


@pytest.mark.parametrize(
    ("attempts", "expected"), [(0, "10:00"), (1, "10:01"), (2, "10:03"), (3, "10:07"), (4, "10:15")]
)
def test_a_hole_is_tried_again_after_twice_as_long_each_time(attempts: int, expected: str) -> None:
    assert retry_at(hole("08:00", "08:05", attempts=attempts), with_holes()) == at(expected)


def test_the_wait_between_two_tries_of_a_hole_has_an_upper_end() -> None:
    ledger = with_holes()
    tries = [retry_at(hole("08:00", "08:05", attempts=number), ledger) for number in range(30)]
    waits = [after - before for before, after in pairwise(tries)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (FIRST_RETRY, LONGEST_RETRY)


def test_a_hole_of_a_tier_waits_for_its_age() -> None:
    ledger = with_holes()
    assert retry_at(hole("08:00", "09:00", tier=1), ledger) == at("10:01")
    assert retry_at(hole("09:58", "09:59", tier=1, attempts=0), ledger) == at("10:15")
    assert retry_at(hole("09:00", "10:00", tier=1, attempts=0), ledger) == at("10:00")
    assert retry_at(hole("08:00", "09:00", tier=2, attempts=0), ledger) == at("09:00", day=1)


def test_no_hole_is_due_before_its_turn() -> None:
    assert plan_hole(with_holes(), at("12:00"), HOUR) is None
    assert plan_hole(with_holes(hole("08:00", "08:05")), at("10:00:59"), HOUR) is None


def test_a_hole_is_read_in_windows_no_longer_than_the_head_s() -> None:
    due = plan_hole(with_holes(hole("06:00", "09:05")), at("10:01"), HOUR)
    assert telling(due) == "reread 06:00:00-07:00:00 for 0, satisfies 1"


def test_a_hole_of_a_tier_is_read_as_far_as_it_has_come_to_its_age() -> None:
    due = plan_hole(with_holes(hole("09:50", "10:30", tier=1, attempts=0)), at("10:10"), HOUR)
    assert telling(due) == "reread 09:50:00-09:54:00 for 1, satisfies 1"


def test_a_hole_is_cut_at_midnight() -> None:
    ledger = with_holes(
        Hole(
            start=at("23:30"), end=at("00:10", day=1), tier=HEAD, reason="400", attempts=0, opened_at=at("00:20", day=1)
        )
    )
    due = plan_hole(ledger, at("00:20", day=1), HOUR)
    assert telling(due) == "reread 23:30:00-+1 00:00:00 for 0, satisfies 1"


def test_history_comes_after_what_failed() -> None:
    ledger = with_holes(hole("00:00", "04:00", reason=HISTORY, attempts=0), hole("08:00", "08:05"))
    assert telling(plan_hole(ledger, at("10:00:30"), HOUR)) == "backfill 00:00:00-01:00:00 for 0, satisfies 1"
    assert telling(plan_hole(ledger, at("10:01"), HOUR)) == "reread 08:00:00-08:05:00 for 0, satisfies 1"


def test_what_was_tried_and_failed_again_waits_alone() -> None:
    ledger = with_holes(hole("06:00", "09:00", attempts=0)).failed(interval("06:00", "07:00"), HEAD, "400", at("10:00"))
    assert [(told(each.interval), each.attempts, each.reason) for each in ledger.holes] == [
        ("06:00:00-07:00:00", 1, "400"),
        ("07:00:00-09:00:00", 0, "bad.request"),
    ]
    assert telling(plan_hole(ledger, at("10:00"), HOUR)) == "reread 07:00:00-08:00:00 for 0, satisfies 1"
