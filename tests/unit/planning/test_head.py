from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from producer.model.coverage import Coverage, Hole
from producer.planning.head import MOST_HOLES, HeadPolicy, due_edge, plan_head
from tests.support.build import at, told

POLICY = HeadPolicy(head_lag=timedelta(seconds=30), overlap=timedelta(minutes=5), catch_up_slice=timedelta(hours=1))


def plan(mark: datetime, now: datetime, *, since: datetime | None = None) -> list[str]:
    ledger = Coverage(since=since or at("00:00"), watermarks=(mark,))
    return [told(part.window) for part in plan_head(ledger, now, POLICY)]


def test_the_head_is_due_up_to_the_present_less_its_lag_in_whole_milliseconds() -> None:
    assert due_edge(at("10:00:30.0009"), POLICY) == at("10:00")


@pytest.mark.parametrize("now", ["10:00", "10:00:30", "10:00:30.0005"])
def test_nothing_is_due_before_the_lag_is_over(now: str) -> None:
    assert plan(at("10:00"), at(now)) == []


def test_the_first_millisecond_that_is_due_is_read() -> None:
    assert plan(at("10:00"), at("10:00:30.001")) == ["09:55:00-10:00:00.001"]


def test_a_window_begins_before_the_watermark_so_that_late_conversations_are_seen() -> None:
    assert plan(at("10:00"), at("10:00:45")) == ["09:55:00-10:00:15"]


def test_the_overlap_never_goes_before_the_start_of_capture() -> None:
    assert plan(at("10:00"), at("10:00:45"), since=at("09:58")) == ["09:58:00-10:00:15"]
    assert plan(at("10:00"), at("10:00:45"), since=at("10:00")) == ["10:00:00-10:00:15"]


def test_the_overlap_past_midnight_is_a_window_of_its_own() -> None:
    assert plan(at("00:01", day=1), at("00:01:45", day=1)) == ["23:56:00-+1 00:00:00", "+1 00:00:00-+1 00:01:15"]


def test_the_head_that_crosses_midnight_is_cut_there() -> None:
    assert plan(at("23:59:50"), at("00:00:40", day=1)) == ["23:54:50-+1 00:00:00", "+1 00:00:00-+1 00:00:10"]


def test_an_overlap_that_ends_at_midnight_begins_there() -> None:
    assert plan(at("00:05", day=1), at("00:06", day=1)) == ["+1 00:00:00-+1 00:05:30"]


def test_after_an_outage_it_reads_the_oldest_hour_first() -> None:
    assert plan(at("04:00"), at("10:00")) == ["03:55:00-05:00:00"]


def test_after_any_outage_it_catches_up_without_skipping() -> None:
    ledger, now, slices = Coverage(since=at("20:00"), watermarks=(at("20:30"),)), at("03:00", day=2), []
    while planned := plan_head(ledger, now, POLICY):
        for part in planned:
            slices.append(part.window)
            ledger = ledger.covered(part.window)
    assert ledger.watermarks == (due_edge(now, POLICY),)
    assert ledger.missing(due_edge(now, POLICY)) == ()
    assert max(each.length for each in slices) == timedelta(minutes=65)
    assert all(later.start <= earlier.end for earlier, later in pairwise(slices))


def test_the_head_waits_when_it_has_left_too_many_holes() -> None:
    hole = Hole(start=at("09:00"), end=at("09:01"), tier=0, reason="bad.request", attempts=1, opened_at=at("09:02"))
    ledger = Coverage(since=at("08:00"), watermarks=(at("10:00"),), holes=(hole,) * MOST_HOLES)
    assert plan_head(ledger, at("10:05"), POLICY) == ()
    assert plan_head(replace(ledger, holes=ledger.holes[1:]), at("10:05"), POLICY) != ()
