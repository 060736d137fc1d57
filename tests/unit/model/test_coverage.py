from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from producer.errors import ProducerError
from producer.model.coverage import HEAD, Coverage, Hole, union
from tests.support.build import at, interval, told

OPENED = at("12:00")


def hours(*ages: float) -> tuple[timedelta, ...]:
    return tuple(timedelta(hours=age) for age in ages)


def coverage(
    *marks: str, since: str = "10:00", holes: tuple[Hole, ...] = (), ages: tuple[timedelta, ...] = ()
) -> Coverage:
    return Coverage(since=at(since), watermarks=tuple(at(mark) for mark in marks), holes=holes, ages=ages)


def hole(start: str, end: str, *, tier: int = HEAD, reason: str = "400") -> Hole:
    return Hole(start=at(start), end=at(end), tier=tier, reason=reason, attempts=1, opened_at=OPENED)


def holes_of(ledger: Coverage) -> list[str]:
    return [f"{told(each.interval)} tier {each.tier} {each.reason}" for each in ledger.holes]


def marks_of(ledger: Coverage) -> list[str]:
    return [mark.strftime("%H:%M") for mark in ledger.watermarks]


def test_capture_that_starts_now_has_nothing_behind_it() -> None:
    ledger = Coverage.beginning(since=at("10:00"), head=at("10:00"), ages=hours(2), at=OPENED)
    assert ledger == coverage("10:00", "10:00", ages=hours(2))


def test_capture_that_starts_before_its_head_has_a_hole_named_history() -> None:
    history = Hole(start=at("08:00"), end=at("10:00"), tier=HEAD, reason="history", attempts=0, opened_at=OPENED)
    ledger = Coverage.beginning(since=at("08:00"), head=at("10:00"), ages=hours(2), at=OPENED)
    assert ledger == coverage("10:00", "10:00", since="08:00", holes=(history,), ages=hours(2))
    assert (ledger.complete_to(0), ledger.complete_to(1)) == (at("08:00"), at("08:00"))


def test_there_is_no_coverage_without_a_head_or_before_its_start() -> None:
    for marks in ((), ("09:59",), ("10:30", "09:59")):
        with pytest.raises(ProducerError, match="coverage must have a head tier, at or after its start"):
            coverage(*marks)
    with pytest.raises(ProducerError, match="coverage must have an age for each tier above the head"):
        coverage("10:00", "10:00", ages=hours(1, 2))


def test_a_read_moves_the_watermark_that_it_reaches() -> None:
    assert marks_of(coverage("10:30").covered(interval("10:25", "11:00"))) == ["11:00"]
    assert marks_of(coverage("10:30").covered(interval("10:30", "11:00"))) == ["11:00"]


def test_a_read_ahead_of_the_watermark_moves_nothing_so_that_no_instant_is_skipped() -> None:
    ledger = coverage("10:30")
    assert ledger.covered(interval("10:31", "11:00")) == ledger


def test_a_read_behind_the_watermark_never_lowers_it() -> None:
    ledger = coverage("10:30")
    assert ledger.covered(interval("10:00", "10:20")) == ledger
    assert ledger.covered(interval("10:00", "10:30")) == ledger


def test_a_read_at_an_age_satisfies_every_tier_up_to_it_and_none_above() -> None:
    ledger = coverage("11:00", "10:30", "10:30").covered(interval("10:30", "11:10"), tier=1)
    assert marks_of(ledger) == ["11:10", "11:10", "10:30"]


def test_a_read_closes_the_holes_of_its_tier_and_of_lower_ones_as_far_as_it_goes() -> None:
    before = coverage(
        "12:00", "12:00", holes=(hole("10:00", "11:00"), hole("10:30", "11:30", tier=1), hole("11:10", "11:20"))
    )
    assert holes_of(before.covered(interval("10:45", "11:15"), tier=0)) == [
        "10:00:00-10:45:00 tier 0 400",
        "10:30:00-11:30:00 tier 1 400",
        "11:15:00-11:20:00 tier 0 400",
    ]
    assert holes_of(before.covered(interval("10:45", "11:15"), tier=1)) == [
        "10:00:00-10:45:00 tier 0 400",
        "10:30:00-10:45:00 tier 1 400",
        "11:15:00-11:30:00 tier 1 400",
        "11:15:00-11:20:00 tier 0 400",
    ]


def test_what_is_left_of_a_hole_keeps_its_story() -> None:
    old = replace(hole("10:00", "11:00"), attempts=7)
    ledger = coverage("12:00", holes=(old,)).covered(interval("10:20", "10:40"))
    assert ledger.holes == (replace(old, end=at("10:20")), replace(old, start=at("10:40")))


def test_a_failed_window_is_a_hole_and_the_tier_goes_on() -> None:
    ledger = coverage("10:30", "10:00").failed(interval("10:30", "11:00"), HEAD, "bad.request", OPENED)
    assert ledger == coverage("11:00", "10:00", holes=(hole("10:30", "11:00", reason="bad.request"),))


def test_one_cause_that_lasts_is_one_hole_and_another_cause_or_tier_another() -> None:
    ledger = coverage("10:30", "10:00")
    for start, end, reason in (("10:25", "11:00", "400"), ("10:55", "11:15", "400"), ("11:10", "11:30", "413")):
        ledger = ledger.failed(interval(start, end), HEAD, reason, OPENED)
    ledger = ledger.covered(interval("11:25", "11:45")).failed(interval("11:40", "12:00"), HEAD, "413", at("12:30"))
    assert holes_of(ledger) == [
        "10:30:00-11:15:00 tier 0 400",
        "11:15:00-11:25:00 tier 0 413",
        "11:45:00-12:00:00 tier 0 413",
    ]
    assert [each.opened_at for each in ledger.holes] == [OPENED, OPENED, at("12:30")]


def test_a_failed_window_misses_only_what_was_not_covered_before() -> None:
    ledger = coverage("10:30").failed(interval("10:25", "11:00"), HEAD, "400", OPENED)
    assert holes_of(ledger) == ["10:30:00-11:00:00 tier 0 400"]


def test_a_failed_window_behind_or_ahead_of_the_watermark_changes_nothing() -> None:
    ledger = coverage("10:30")
    assert ledger.failed(interval("10:00", "10:30"), HEAD, "400", OPENED) == ledger
    assert ledger.failed(interval("10:31", "11:00"), HEAD, "400", OPENED) == ledger


def test_complete_means_up_to_the_oldest_hole_of_the_tier_and_of_lower_ones() -> None:
    ledger = coverage("12:00", "11:30", "11:00", holes=(hole("11:40", "11:50"), hole("10:30", "10:40", tier=2)))
    assert [ledger.complete_to(tier) for tier in range(3)] == [at("11:40"), at("11:30"), at("10:30")]


def test_missing_is_every_hole_and_what_is_due_ahead_once_each() -> None:
    ledger = coverage("11:30", holes=(hole("11:00", "11:10"), hole("10:00", "10:30"), hole("10:20", "10:40")))
    assert [told(each) for each in ledger.missing(at("12:00"))] == [
        "10:00:00-10:40:00",
        "11:00:00-11:10:00",
        "11:30:00-12:00:00",
    ]
    assert ledger.uncovered(at("12:00")) == timedelta(minutes=80)


def test_nothing_is_missing_ahead_of_what_is_due() -> None:
    ledger = coverage("11:30")
    assert (ledger.missing(at("11:30")), ledger.missing(at("11:00"))) == ((), ())
    assert ledger.uncovered(at("11:00")) == timedelta(0)


def test_a_tier_misses_the_holes_of_lower_tiers_too_but_not_of_higher_ones() -> None:
    ledger = coverage("12:00", "12:00", holes=(hole("10:00", "10:10"), hole("11:00", "11:10", tier=1)))
    assert [told(each) for each in ledger.missing(at("12:00"), 0)] == ["10:00:00-10:10:00"]
    assert [told(each) for each in ledger.missing(at("12:00"), 1)] == ["10:00:00-10:10:00", "11:00:00-11:10:00"]


def test_a_union_is_disjoint_sorted_and_merges_neighbours() -> None:
    parts = [
        interval("11:00", "11:30"),
        interval("10:00", "10:30"),
        interval("10:30", "10:40"),
        interval("10:05", "10:10"),
    ]
    assert [told(each) for each in union(parts)] == ["10:00:00-10:40:00", "11:00:00-11:30:00"]
    assert union([]) == ()


@pytest.mark.parametrize(
    ("ages", "marks", "tiers"),
    [
        (hours(1, 24), ["12:00", "11:30", "10:30"], [0, 1, 2]),
        (hours(24), ["12:00", "10:30"], [0, 1, 1]),
        (hours(1), ["12:00", "11:30"], [0, 1, 1]),
        (hours(0.5, 24), ["12:00", "11:30", "10:30"], [0, 1, 2]),
        (hours(1, 2, 24), ["12:00", "11:30", "10:30", "10:30"], [0, 1, 2]),
        (hours(2, 48), ["12:00", "10:30", "10:30"], [0, 1, 1]),
        (hours(48), ["12:00", "10:30"], [0, 1, 1]),
        ((), ["12:00"], [0, 0, 0]),
    ],
)
def test_under_other_ages_a_tier_goes_on_where_one_of_its_age_or_the_oldest_had_come_to(
    ages: tuple[timedelta, ...], marks: list[str], tiers: list[int]
) -> None:
    holes = tuple(hole("10:10", "10:20", tier=tier) for tier in range(3))
    ledger = coverage("12:00", "11:30", "10:30", holes=holes, ages=hours(1, 24)).with_ages(ages)
    assert (marks_of(ledger), [each.tier for each in ledger.holes], ledger.ages) == (marks, tiers, ages)


def test_a_checkpoint_that_tells_no_ages_has_read_nothing_again() -> None:
    assert marks_of(coverage("10:30", "10:20").with_ages(hours(1, 24))) == ["10:30", "10:00", "10:00"]


def test_an_earlier_start_leaves_a_hole_named_history_and_a_later_one_changes_nothing() -> None:
    ledger = coverage("10:30", "10:20", holes=(hole("10:05", "10:06"),))
    earlier = ledger.back_to(at("08:00"), OPENED)
    assert (earlier.since, marks_of(earlier)) == (at("08:00"), ["10:30", "10:20"])
    assert holes_of(earlier) == ["10:05:00-10:06:00 tier 0 400", "08:00:00-10:00:00 tier 0 history"]
    assert ledger.back_to(at("10:00"), OPENED) == ledger.back_to(at("11:00"), OPENED) == ledger
