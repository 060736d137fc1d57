from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from producer import events
from producer.model.coverage import Coverage
from producer.model.reads import Read, ReadKind
from producer.telemetry.names import LATE_BUCKETS
from producer.telemetry.snapshot import BudgetRow, LateRow, TierRow
from producer.telemetry.tally import MOST_TIERS, STEP, LastMinute, Tally
from tests.support.happenings import NOON, SECOND, checkpoint, read, reread

AGES = (timedelta(minutes=15), timedelta(hours=2))
WATCH = Read(request_id="r", kind=ReadKind.WATCH, ids=("a",))


def standing() -> Tally:
    """A source with two tiers."""
    tally, point = Tally(), checkpoint()
    since = point.coverage.since
    marks = (NOON, NOON - timedelta(minutes=15), NOON - timedelta(hours=2))
    tally.stands(replace(point, coverage=Coverage(since=since, watermarks=marks, ages=AGES)))
    return tally


def found(by: Read, *late: float, new: int = 0, changed: int = 0) -> events.PageCompared:
    return events.PageCompared(
        source="default", read=by, number=1, new=new, changed=changed, dead_letters={}, freshness=late
    )


def page(of: Read) -> events.PageFetched:
    return events.PageFetched(source="default", read=of, number=1, conversations=100, size=9)


def test_the_last_minute_forgets_what_is_older() -> None:
    minute = LastMinute()
    for second in range(90):
        minute.add(NOON + second * SECOND)
    assert minute.count(NOON + 89 * SECOND) in range(55, 66)
    assert minute.count(NOON + 150 * SECOND) == 0


def test_the_last_minute_takes_no_more_room_however_often_it_happens() -> None:
    minute = LastMinute()
    for number in range(10_000):
        minute.add(NOON + number * timedelta(milliseconds=20))
    assert len(minute._steps) <= timedelta(minutes=1) / STEP + 1
    assert minute.count(NOON + timedelta(seconds=200)) in range(2_750, 3_251)


def test_the_tiers_tell_where_they_are_what_they_took_and_what_they_found() -> None:
    tally = standing()
    for _ in range(3):
        tally.fetched(page(reread(1)), NOON)
    tally.fetched(page(read()), NOON)
    tally.compared(found(reread(1), new=2, changed=1))
    tally.compared(found(read(), 5.0, new=100))
    assert tally.tiers() == (
        TierRow(tier=1, age=AGES[0], read_to=NOON - AGES[0], pages=3, records=3),
        TierRow(tier=2, age=AGES[1], read_to=NOON - AGES[1], pages=0, records=0),
    )


def test_what_came_late_is_counted_by_how_late_and_by_who_found_it() -> None:
    tally = standing()
    tally.compared(found(WATCH, 59.0, 60.0, 61.0))
    tally.compared(found(reread(2), 301.0))
    tally.compared(found(read(), 5_000.0))
    assert tally.late() == (
        LateRow(within=timedelta(minutes=1), watch=2, tiers=(0, 0)),
        LateRow(within=timedelta(minutes=5), watch=1, tiers=(0, 0)),
        LateRow(within=timedelta(minutes=15), watch=0, tiers=(0, 1)),
    )


def test_what_is_adopted_at_the_first_start_is_not_late() -> None:
    tally = standing()
    tally.compared(found(Read(request_id="r", kind=ReadKind.WATCH, slice=read().slice), 1e6, new=1))
    assert tally.late() == ()


def test_what_came_later_than_anything_is_told_too() -> None:
    tally = standing()
    tally.compared(found(reread(1), 1e9))
    rows = tally.late()
    assert len(rows) == len(LATE_BUCKETS) + 1
    assert (rows[-1], rows[-2].within) == (LateRow(within=None, watch=0, tiers=(1, 0)), timedelta(days=30))


def test_who_asked_and_who_is_guaranteed_what_is_told_by_importance() -> None:
    tally = Tally()
    tally.shared(events.BudgetShared(read="watch", share=0.05))
    tally.shared(events.BudgetShared(read="nonsense", share=1.0))
    tally.fetched(page(reread(1)), NOON - timedelta(minutes=2))
    tally.fetched(page(reread(1)), NOON)
    tally.fetched(page(read()), NOON)
    assert tally.budget(NOON) == (
        BudgetRow(read="head", asked=1, share=0.0),
        BudgetRow(read="watch", asked=0, share=0.05),
        BudgetRow(read="reread", asked=1, share=0.0),
    )


def test_nothing_is_told_before_anything_happened() -> None:
    assert (Tally().tiers(), Tally().late(), Tally().budget(NOON)) == ((), (), ())


def test_a_tier_that_there_can_not_be_takes_no_room_of_its_own() -> None:
    tally = Tally()
    for tier in range(1, 100):
        tally.fetched(page(reread(tier)), NOON)
        tally.compared(found(reread(tier), 1.0, new=1))
    assert len(tally.late()[0].tiers) == MOST_TIERS
    assert len(tally._pages) == len(tally._records) == MOST_TIERS
