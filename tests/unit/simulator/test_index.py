"""A search is held against the plain rule, applied to every conversation there is."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from producer.simulator import ManualClock, SimulatorOptions
from producer.simulator.clock import DAY, HOUR, MINUTE, SECOND, text
from producer.simulator.index import Index
from producer.simulator.population import STREAMS, Plan, Population
from producer.simulator.query import Query, read
from producer.simulator.search import Search

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


async def found(index: Index, query: Query, now: int) -> Search:
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


NO_END = [{"type": "and", "predicates": [{"dimension": "conversationEnd", "operator": "notExists"}]}]
WITH_END = [{"type": "and", "predicates": [{"dimension": "conversationEnd", "operator": "exists"}]}]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("order_by", ["conversationStart", "conversationEnd"])
@pytest.mark.parametrize("filters", [None, NO_END, WITH_END], ids=["all", "open", "ended"])
async def test_a_search_that_goes_on_is_right_at_every_instant(
    everybody: list[Plan], order: str, order_by: str, filters: Any
) -> None:
    dice, index, lengths = Random(f"{order} {order_by} {filters}"), Index(OPTIONS, Population(OPTIONS)), set()
    now = MIDNIGHT + 9 * HOUR
    plans = {plan.key: plan for plan in everybody}

    def end(key: int) -> int | None:
        return plans[key].states[plans[key].visible(now) - 1].end

    def place(key: int) -> tuple[int, int]:
        return plans[key].start if order_by == "conversationStart" else (end(key) or 1 << 62), key

    def passes(plan: Plan, count: int) -> bool:
        return filters is None or (plan.states[count - 1].end is None) is (filters is NO_END)

    begin, until = now + 10 * MINUTE, now + 2 * HOUR
    query = asked(begin, until, order=order, orderBy=order_by, conversationFilters=filters)
    for _ in range(25):
        there = list((await index.search(query, now, passes)).keys)
        matching = [
            key for key in expected(everybody, begin, until, now) if passes(plans[key], plans[key].visible(now))
        ]
        assert there == sorted(matching, key=place, reverse=order == "desc")
        lengths.add(len(there))
        now += dice.choice((SECOND, 20 * SECOND, 3 * MINUTE, 10 * MINUTE, 30 * MINUTE))
    assert len(lengths) > 5


async def test_those_who_ask_the_same_at_once_share_one_search() -> None:
    index, query = Index(SimulatorOptions(), Population(SimulatorOptions())), asked(MIDNIGHT, MIDNIGHT + HOUR)
    asking = [asyncio.create_task(found(index, query, MIDNIGHT + 2 * HOUR)) for _ in range(3)]
    await asyncio.sleep(0)
    asking[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking[0]
    one, other = await asking[1], await asking[2]
    assert one is other
    assert len(one) > 100


async def test_pages_are_slices_of_what_was_found() -> None:
    index = Index(OPTIONS, Population(OPTIONS))
    for order in ("asc", "desc"):
        search = await found(index, asked(MIDNIGHT, MIDNIGHT + DAY, order=order), MIDNIGHT + DAY)
        pages = [key for first in range(0, len(search) + 300, 100) for key in search.page(first, 100)]
        assert pages == list(search.keys)


async def test_a_request_that_speaks_of_long_ago_gets_a_search_of_its_time(everybody: list[Plan]) -> None:
    index, query = Index(OPTIONS, Population(OPTIONS)), asked(MIDNIGHT, MIDNIGHT + HOUR)
    for now in (MIDNIGHT + 2 * HOUR, MIDNIGHT + 10 * MINUTE):
        assert list((await found(index, query, now)).keys) == expected(everybody, MIDNIGHT, MIDNIGHT + HOUR, now)


async def test_what_is_too_old_is_found_no_longer(everybody: list[Plan]) -> None:
    options = SimulatorOptions(rate_per_day=2_000, retention=timedelta(hours=6))
    index, query = Index(options, Population(options)), asked(MIDNIGHT, MIDNIGHT + HOUR)
    for minutes in (300, 390, 400, 500):
        now = MIDNIGHT + minutes * MINUTE
        young = [plan.key for plan in everybody if plan.start >= now - 6 * HOUR]
        wanted = [key for key in expected(everybody, MIDNIGHT, MIDNIGHT + HOUR, now) if key in set(young)]
        assert list((await found(index, query, now)).keys) == wanted


async def test_searches_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("producer.simulator.index._FOUND", 5_000)
    index = Index(OPTIONS, Population(OPTIONS))
    for minute in range(100):
        await found(index, asked(MIDNIGHT + minute * MINUTE, MIDNIGHT + HOUR + minute * MINUTE), MIDNIGHT + 2 * DAY)
    assert 1 < len(index._found) < 50
    assert index._weight == sum(one.weight for one in index._found.values()) <= 5_000
