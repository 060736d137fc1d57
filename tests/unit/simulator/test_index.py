"""A search is held against the plain rule, applied to every conversation there is."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from producer.simulator import ManualClock, SimulatorOptions
from producer.simulator.clock import DAY, HOUR, MINUTE, SECOND, text
from producer.simulator.index import Found, Index
from producer.simulator.population import STREAMS, Plan, Population
from producer.simulator.query import Query, read

OPTIONS = SimulatorOptions(rate_per_day=2_000)
MIDNIGHT = ManualClock("2026-03-11T00:00:00Z").now()


@pytest.fixture(scope="module")
def everybody() -> list[Plan]:
    population = Population(OPTIONS)
    return [
        plan
        for number, stream in enumerate(STREAMS)
        for bucket in range((MIDNIGHT - 2 * DAY) // stream.bucket, (MIDNIGHT + 2 * DAY) // stream.bucket)
        for plan in population.plans(number, bucket)
    ]


def asked(start: int, end: int, **more: Any) -> Query:
    return read({"interval": f"{text(start)}/{text(end)}", **more}, 100)


def expected(everybody: list[Plan], start: int, end: int, now: int) -> list[int]:
    """The rule: visible, started on a UTC day that the interval touches, alive in the interval."""
    days = range(start // DAY, (end - 1) // DAY + 1)
    matching = []
    for plan in everybody:
        count = plan.visible(now)
        if not count or plan.start // DAY not in days or plan.start >= end:
            continue
        last = plan.states[count - 1].end
        if (now if last is None else last) >= start:
            matching.append((plan.start, plan.key))
    return [key for _, key in sorted(matching)]


async def found(index: Index, query: Query, now: int) -> Found:
    return await index.search(query, now, lambda plan, count: plan.states[count - 1].end is None)


async def test_a_search_finds_what_the_rule_says_at_any_instant(everybody: list[Plan]) -> None:
    dice, index = Random(1), Index(OPTIONS, Population(OPTIONS))
    seen = 0
    for _ in range(120):
        start = MIDNIGHT + dice.randrange(-2 * DAY, DAY)
        end = start + dice.choice((SECOND, 5 * MINUTE, HOUR, 26 * HOUR))
        now = dice.choice((start - HOUR, start + MINUTE, end, end + 20 * MINUTE, end + DAY))
        keys = list((await found(index, asked(start, end), now)).keys)
        assert keys == expected(everybody, start, end, now)
        seen += len(keys)
    assert seen > 10_000


async def test_what_was_found_stays_right_until_the_instant_it_names(everybody: list[Plan]) -> None:
    dice, index = Random(2), Index(OPTIONS, Population(OPTIONS))
    changed = 0
    for _ in range(60):
        start = MIDNIGHT + dice.randrange(-DAY, DAY)
        end = start + dice.choice((5 * MINUTE, HOUR))
        now = start + dice.randrange(2 * HOUR)
        result = await found(index, asked(start, end), now)
        last = min(result.until - 1, now + DAY)
        assert expected(everybody, start, end, last) == list(result.keys)
        changed += expected(everybody, start, end, last + 1) != list(result.keys)
    assert changed > 5


async def test_a_window_that_begins_after_midnight_misses_what_began_before(everybody: list[Plan]) -> None:
    now = MIDNIGHT + 30 * MINUTE
    keys = (await found(Index(OPTIONS, Population(OPTIONS)), asked(MIDNIGHT, now), now)).keys
    started = [plan.start for plan in everybody if plan.key in set(keys)]
    alive = [plan for plan in everybody if plan.start < MIDNIGHT and plan.visible(now) and plan.states[0].end is None]
    assert min(started) >= MIDNIGHT
    assert alive


async def test_an_old_result_is_not_returned_for_a_new_instant(everybody: list[Plan]) -> None:
    index, query = Index(OPTIONS, Population(OPTIONS)), asked(MIDNIGHT, MIDNIGHT + HOUR)
    for minute in range(0, 120, 7):
        now = MIDNIGHT + minute * MINUTE
        assert list((await found(index, query, now)).keys) == expected(everybody, MIDNIGHT, MIDNIGHT + HOUR, now)


async def test_only_open_ones_are_found_over_a_month_without_all_of_it(everybody: list[Plan]) -> None:
    notends = [{"type": "and", "predicates": [{"dimension": "conversationEnd", "operator": "notExists"}]}]
    start, now = MIDNIGHT - 2 * DAY, MIDNIGHT + DAY
    index = Index(OPTIONS, Population(OPTIONS))
    keys = (await found(index, asked(start, now, conversationFilters=notends), now)).keys
    wanted = [plan for plan in everybody if (count := plan.visible(now)) and plan.states[count - 1].end is None]
    assert set(keys) == {plan.key for plan in wanted if start <= plan.start < now}


@pytest.mark.parametrize("order_by", ["conversationStart", "conversationEnd"])
async def test_order(everybody: list[Plan], order_by: str) -> None:
    index = Index(OPTIONS, Population(OPTIONS))
    span = MIDNIGHT - 12 * HOUR, MIDNIGHT - 11 * HOUR
    up = (await found(index, asked(*span, orderBy=order_by), MIDNIGHT)).keys
    down = (await found(index, asked(*span, orderBy=order_by, order="desc"), MIDNIGHT)).keys
    assert list(up) == list(down)[::-1]
    plans = {plan.key: plan for plan in everybody}

    def place(key: int) -> int:
        end = plans[key].states[plans[key].visible(MIDNIGHT) - 1].end
        return plans[key].start if order_by == "conversationStart" else (end or 1 << 62)

    assert [place(key) for key in up] == sorted(place(key) for key in up)
