"""What capture costs, held against the planners themselves where they can be asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from producer.model.coverage import Coverage
from producer.model.instants import ONE_DAY
from producer.model.reads import ReadKind
from producer.model.volume import Volume, even_volume
from producer.model.windows import Interval
from producer.planning.cost import Cost, DayCost, Rules, day_cost, range_cost
from producer.planning.rereads import plan_rereads
from producer.planning.watch import WatchPolicy
from tests.support.build import at

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
RULES = Rules(
    budget=270,
    head_share=0.8,
    backfill_share=0.05,
    page_size=100,
    hit_bound=10_000,
    poll_interval=timedelta(seconds=15),
    overlap=5 * MINUTE,
    catch_up_slice=HOUR,
    ages=(15 * MINUTE, 2 * HOUR, ONE_DAY, 8 * ONE_DAY),
    watch=WatchPolicy(),
)
NOTHING = even_volume(0, 0, 0)


def of(day: DayCost, read: ReadKind) -> list[Cost]:
    return [cost for cost in day.costs if cost.read is read]


def one(day: DayCost, what: str) -> Cost:
    (found,) = [cost for cost in day.costs if cost.what == what]
    return found


def test_where_nothing_can_be_asked_for_by_id_no_watch_costs_anything() -> None:
    day = day_cost(even_volume(144_000, 200, 900), replace(RULES, watch=WatchPolicy(by_id=False)))
    assert {cost.read for cost in day.costs} == {ReadKind.HEAD, ReadKind.REREAD}


# --- the head -------------------------------------------------------------------------------------------------------


def test_an_empty_organisation_costs_a_request_a_poll_and_one_more_for_the_overlap_past_midnight() -> None:
    head = one(day_cost(NOTHING, RULES), "poll")
    assert (head.reads, head.requests, head.busiest) == (5_760 + 20, 5_760 + 20, 4)


def test_a_poll_costs_the_pages_of_its_window_and_of_what_was_under_way_when_it_began() -> None:
    # a poll reads 5 min 15 s: 525 that began in it and 200 that were under way: eight pages
    head = one(day_cost(even_volume(144_000, 200, 0), RULES), "poll")
    assert head.busiest == 8 * 4


def test_the_busiest_span_is_told_apart_from_the_mean() -> None:
    quiet, busy = 24, 24_000
    volume = Volume(begun=(*[quiet] * 12, busy, *[quiet] * 11), under_way=(0,) * 24)
    head = one(day_cost(volume, RULES), "poll")
    assert head.busiest == 4 * (2_100 // 100 + 1)
    assert head.a_minute == pytest.approx((head.busiest + 23 * 4) / 24 + 20 / 1_440)


def test_where_its_share_does_not_pay_the_head_polls_less_often() -> None:
    day = day_cost(even_volume(5_000_000, 20_000, 0), RULES)
    head = one(day, "poll")
    assert day.slowest_poll > 90 * RULES.poll_interval / 15
    assert head.busiest <= RULES.budget * RULES.head_share
    assert head.busiest > 0.8 * RULES.budget * RULES.head_share
    assert day_cost(NOTHING, RULES).slowest_poll == RULES.poll_interval


# --- re-reads -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("age", [2 * MINUTE, 15 * MINUTE, 2 * HOUR, 7 * HOUR, ONE_DAY, 8 * ONE_DAY, 30 * ONE_DAY])
def test_a_tier_reads_as_many_windows_a_day_as_it_is_planned(age: timedelta) -> None:
    (cost,) = of(day_cost(NOTHING, replace(RULES, ages=(age,))), ReadKind.REREAD)
    assert (cost.reads, cost.requests, cost.age) == (planned(age), planned(age), age)


def planned(age: timedelta) -> int:
    """How many windows the planner makes of one day."""
    first, end = at("00:00"), at("00:00", day=1)
    ledger, count = Coverage(since=first, watermarks=(end, first), ages=(age,)), 0
    now: datetime = first + age
    while ledger.watermarks[1] < end:
        while due := plan_rereads(ledger, now, timedelta(0)):
            assert due.slice
            ledger, count = ledger.covered(due.slice.window, due.satisfies), count + 1
        now += timedelta(seconds=15)
    return count


def test_a_window_costs_its_pages_and_one_more_where_the_last_is_full() -> None:
    volume = Volume(begun=(199,), under_way=(0,))
    full = Volume(begun=(200,), under_way=(0,))
    rules = replace(RULES, ages=(8 * ONE_DAY,))
    assert [of(day_cost(each, rules), ReadKind.REREAD)[0].requests for each in (volume, full)] == [2, 3]


def test_a_window_over_the_hit_bound_is_read_in_halves() -> None:
    (cost,) = of(day_cost(even_volume(24_000, 0, 0), replace(RULES, ages=(8 * ONE_DAY,))), ReadKind.REREAD)
    # 24,000 in a day: four quarters of 6,000, which is 61 pages each, three splits of three requests
    assert (cost.reads, cost.requests) == (4, 4 * 61 + 3 * 3)


def test_a_window_that_is_full_of_what_lives_long_is_read_whole() -> None:
    volume = Volume(begun=(100, 100), under_way=(20_000, 20_000))
    (cost,) = of(day_cost(volume, replace(RULES, ages=(8 * ONE_DAY,))), ReadKind.REREAD)
    assert (cost.reads, cost.requests) == (1, 203)


def test_a_window_is_not_split_finer_than_a_minute() -> None:
    volume = even_volume(100_000_000, 0, 0)
    (cost,) = of(day_cost(volume, replace(RULES, ages=(12 * MINUTE,))), ReadKind.REREAD)
    assert cost.reads == 1_440 / 1.5  # of 90 s


# --- the watch ------------------------------------------------------------------------------------------------------


def test_nobody_to_watch_costs_nothing() -> None:
    watch = of(day_cost(NOTHING, RULES), ReadKind.WATCH)
    assert [(cost.requests, cost.asked) for cost in watch] == [(0, 0)] * 5


def test_a_few_that_are_due_when_one_looks_share_a_call() -> None:
    day = day_cost(Volume(begun=(0,), under_way=(0,), still_open=(30, 150, 600)), RULES)
    # 30 + 10 + 10 are due in a minute, in which one looks four times
    assert sum(cost.a_minute for cost in of(day, ReadKind.WATCH)) == pytest.approx(4)
    assert one(day, "open since yesterday").a_minute == pytest.approx(2.4)


def test_fewer_than_one_looks_are_asked_for_alone() -> None:
    day = day_cost(Volume(begun=(0,), under_way=(0,), still_open=(0, 3, 0)), RULES)
    assert one(day, "open for days").requests == pytest.approx(3 * 4 * 24)


def test_many_go_by_a_hundred_to_a_call() -> None:
    volume = Volume(begun=(0,), under_way=(0,), still_open=(5_000, 0, 0), messages=1_000, emails=100)
    day = day_cost(volume, RULES)
    assert one(day, "open since yesterday").a_minute == pytest.approx(50)
    threads = one(day, "ended threads")
    assert threads.asked == 3 * 1_000 + 30 * 100
    assert threads.requests == pytest.approx(60)


def test_what_lacks_a_wrap_up_is_asked_for_every_five_minutes() -> None:
    lacking = one(day_cost(even_volume(480_000, 0, 0), RULES), "without a wrap-up")
    assert lacking.asked == pytest.approx(4_000)
    assert lacking.a_minute == pytest.approx(8)


# --- a day and a range ----------------------------------------------------------------------------------------------


def test_a_day_adds_up_and_is_a_share_of_the_budget() -> None:
    day = day_cost(even_volume(50_000, 300, 1_000), RULES)
    assert day.requests == sum(cost.requests for cost in day.costs)
    assert day.share == pytest.approx(day.requests / (270 * 1_440))
    assert day.left == pytest.approx(270 - day.requests / 1_440)
    assert day.busiest == pytest.approx(sum(cost.busiest for cost in day.costs))
    assert day.fits


def test_tiers_that_cost_more_than_there_is_do_not_fit() -> None:
    day = day_cost(even_volume(50_000, 300, 0), replace(RULES, budget=30, ages=(timedelta(seconds=8),)))
    assert (day.fits, day.left) == (False, 0)
    assert day.share > 1


def test_how_long_what_has_ended_is_looked_after_decides_what_it_costs() -> None:
    volume = Volume(begun=(24_000,), under_way=(0,), messages=100_000, emails=10_000)
    short = WatchPolicy(wrap_up=HOUR, message=ONE_DAY, email=ONE_DAY)
    day = day_cost(volume, replace(RULES, watch=short))
    assert (one(day, "ended threads").asked, one(day, "without a wrap-up").asked) == (110_000, 50)


def test_a_range_is_read_once_in_slices_cut_at_midnight() -> None:
    range_ = Interval(at("22:30"), at("02:00", day=1))
    cost = range_cost(even_volume(24 * 150, 0, 0), RULES, range_, 70)
    # 22:30 to 23:30 and to midnight, and two hours of the day after: 150 or 75 conversations
    assert (cost.reads, cost.requests, cost.a_minute, cost.minutes) == (4, 2 + 1 + 2 + 2, 70, 0.1)


def test_a_range_has_at_least_what_backfill_is_guaranteed() -> None:
    hour = Interval(at("10:00"), at("11:00"))
    assert range_cost(NOTHING, RULES, hour, 0).a_minute == 270 * 0.05
    assert range_cost(NOTHING, replace(RULES, backfill_share=0), hour, 0).minutes is None
