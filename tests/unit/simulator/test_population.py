from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from producer.simulator import ManualClock, SimulatorOptions
from producer.simulator.clock import DAY, HOUR
from producer.simulator.outlines import Cause
from producer.simulator.population import STREAMS, Plan, Population

TUESDAY = ManualClock("2026-03-10T00:00:00Z").now()


def day(population: Population, midnight: int) -> list[Plan]:
    return [
        plan
        for number, stream in enumerate(STREAMS)
        for bucket in range(midnight // stream.bucket, (midnight + DAY) // stream.bucket)
        for plan in population.plans(number, bucket)
    ]


@pytest.fixture(scope="module")
def tuesday() -> list[Plan]:
    return day(Population(SimulatorOptions(rate_per_day=6_000)), TUESDAY)


def test_the_same_seed_gives_the_same_conversations(tuesday: list[Plan]) -> None:
    assert day(Population(SimulatorOptions(rate_per_day=6_000)), TUESDAY) == tuesday
    assert day(Population(SimulatorOptions(rate_per_day=6_000, seed=2)), TUESDAY) != tuesday


def test_one_conversation_alone_is_the_same_as_among_its_day(tuesday: list[Plan]) -> None:
    population = Population(SimulatorOptions(rate_per_day=6_000))
    assert [population.find(plan.key) for plan in tuesday[::50]] == tuesday[::50]


@pytest.mark.parametrize("rate", [1_000, 6_000, 20_000])
def test_a_working_day_has_its_rate_and_a_sunday_a_third(rate: int) -> None:
    population = Population(SimulatorOptions(rate_per_day=rate))
    assert len(day(population, TUESDAY)) == pytest.approx(rate, rel=0.06)
    assert len(day(population, TUESDAY - 2 * DAY)) == pytest.approx(rate * 0.35, rel=0.1)


def test_the_day_has_a_curve(tuesday: list[Plan]) -> None:
    hours = Counter((plan.start - TUESDAY) // HOUR for plan in tuesday)
    assert hours[10] > 10 * hours[2]


def test_starts_lie_in_their_day_and_states_become_visible_one_after_the_other(tuesday: list[Plan]) -> None:
    for plan in tuesday:
        assert TUESDAY <= plan.start < TUESDAY + DAY
        shown = [state.visible_at for state in plan.states]
        assert shown == sorted(set(shown))
        assert all(state.visible_at >= state.at >= plan.start for state in plan.states)


def test_no_lifetime_is_longer_than_its_stream_allows(tuesday: list[Plan]) -> None:
    population = Population(SimulatorOptions())
    for plan in tuesday:
        reach = population.reach(STREAMS[plan.key >> 45])
        for state in plan.states:
            assert (state.end or plan.start) <= plan.start + reach
        if plan.profile.name != "voice-stuck":
            first_end = next(state for state in plan.states if state.end is not None)
            assert first_end.visible_at <= plan.start + reach


def test_every_cause_and_profile_comes_about(tuesday: list[Plan]) -> None:
    assert {state.cause for plan in tuesday for state in plan.states} == set(Cause)
    assert {plan.profile for plan in tuesday} == {profile for stream in STREAMS for profile in stream.profiles}


def test_lifetimes_go_from_seconds_to_months_and_across_midnight(tuesday: list[Plan]) -> None:
    spans = sorted((plan.states[-1].end or 0) - plan.start for plan in tuesday)
    assert [spans[1] < 0 or spans[len(spans) // 2] < 30 * 60_000, spans[-1] > 58 * DAY] == [True, True]
    assert sum((plan.states[-1].end or 0) > TUESDAY + DAY for plan in tuesday) > 50


def test_reopened_threads_lose_their_end(tuesday: list[Plan]) -> None:
    reopened = [plan for plan in tuesday if any(state.cause is Cause.REOPENED for state in plan.states)]
    for plan in reopened:
        at = next(number for number, state in enumerate(plan.states) if state.cause is Cause.REOPENED)
        assert plan.states[at - 1].end is not None
        assert plan.states[at].end is None
    assert reopened


def test_some_changes_take_long_to_become_visible_but_never_longer_than_the_tail() -> None:
    population = Population(SimulatorOptions(rate_per_day=3_000, visibility_tail=timedelta(minutes=20)))
    delays = sorted(plan.states[0].visible_at - plan.start for plan in day(population, TUESDAY))
    assert 3_000 < delays[len(delays) // 2] < 5_000
    assert 10 * 60_000 < delays[-1] <= 20 * 60_000 + 1


def test_lives_can_be_scaled_and_the_day_stays(tuesday: list[Plan]) -> None:
    population = Population(SimulatorOptions(rate_per_day=6_000, lifetimes=0.125))
    scaled = day(population, TUESDAY)
    assert [(plan.key, plan.start, plan.profile) for plan in scaled] == [
        (plan.key, plan.start, plan.profile) for plan in tuesday
    ]
    for plan, usual in zip(scaled, tuesday, strict=True):
        spans = [state.at - plan.start for state in plan.states]
        assert spans == [int((state.at - plan.start) / 8) for state in usual.states]
        assert [state.end is None for state in plan.states] == [state.end is None for state in usual.states]
        reach = population.reach(STREAMS[plan.key >> 45])
        assert all((state.end or plan.start) <= plan.start + reach for state in plan.states)


def test_births_can_end_and_what_was_born_lives_on(tuesday: list[Plan]) -> None:
    noon = TUESDAY + 12 * HOUR
    options = SimulatorOptions(rate_per_day=6_000, births_until=datetime.fromtimestamp(noon / 1_000, UTC))
    population = Population(options)
    assert day(population, TUESDAY) == [plan for plan in tuesday if plan.start < noon]
    for plan in tuesday[::50]:
        assert population.find(plan.key) == (plan if plan.start < noon else None)


@pytest.mark.parametrize(
    "wrong", [{"lifetimes": 0.0}, {"lifetimes": 1.1}, {"births_until": datetime.fromisoformat("2026-03-10")}]
)
def test_what_can_not_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(wrong))} must "):
        SimulatorOptions(**wrong)


def test_visible_counts_the_states_that_show(tuesday: list[Plan]) -> None:
    plan = next(plan for plan in tuesday if len(plan.states) > 4)
    second = plan.states[1].visible_at
    shown = [plan.visible(second - 1), plan.visible(second), plan.visible(plan.states[-1].visible_at)]
    assert shown == [1, 2, len(plan.states)]
