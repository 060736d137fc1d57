"""What the judge asks of the simulator, and what it says when that can't be told."""

from __future__ import annotations

import asyncio

import pytest

from producer.dev.judge import simulator
from producer.dev.judge.content import WHOLE
from producer.dev.judge.horizon import DAY
from producer.dev.judge.simulator import Simulator, TruthMissing
from producer.dev.rehearsal import free_port
from producer.errors import ProducerError
from producer.simulator import ManualClock, SimulatorOptions, answers, serve


def test_what_can_not_be_told_ends_a_command_as_unavailable() -> None:
    assert issubclass(TruthMissing, ProducerError)
    assert TruthMissing.exit_code == 69
    assert TruthMissing.what_to_do != ProducerError.what_to_do


async def test_a_simulator_that_is_gone_can_tell_nothing() -> None:
    gone = Simulator(f"http://127.0.0.1:{free_port()}")

    with pytest.raises(TruthMissing, match=r"^GET /stats: the simulator does not answer: ConnectionRefusedError"):
        await asyncio.to_thread(gone.stats)


async def test_what_it_refuses_is_said_with_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulator, "_SPAN", 32 * DAY)
    async with serve(SimulatorOptions()) as running:
        asked = Simulator(running.url)
        with pytest.raises(TruthMissing, match=r"^GET /truth\?since=0&until=.*: 400 since and until may be at most"):
            await asyncio.to_thread(lambda: list(asked.appeared(0, 32 * DAY)))


async def test_a_state_that_never_was_is_not_in_the_truth() -> None:
    async with serve(SimulatorOptions()) as running:
        asked = Simulator(running.url)
        with pytest.raises(TruthMissing, match=r"^state 1 of nobody was served and is not in the truth$"):
            await asyncio.to_thread(lambda: list(asked.contents([("nobody", 1)], WHOLE)))


async def test_conversations_are_told_by_id_or_by_when_they_were_open() -> None:
    async with serve(SimulatorOptions(rate_per_day=2_000), clock=ManualClock("2026-03-10T10:00:00Z")) as running:
        asked, now = Simulator(running.url), running.clock.now()
        whole = await asyncio.to_thread(lambda: {one.id: one for one in asked.appeared(now - 2 * DAY, now)})
        still = await asyncio.to_thread(lambda: {one.id for one in asked.appeared(now - 2 * DAY, now, open_at=now)})
        some = [*sorted(whole)[:3], "nobody"]
        told = await asyncio.to_thread(lambda: list(asked.truth(some)))

    assert still == {one.id for one in whole.values() if one.states[-1].end is None}
    assert len(still) > 5
    assert told == [whole[each] for each in some[:3]]


async def test_a_log_that_has_lost_its_first_answers_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_SEGMENT", 1)  # every answer fills one
    async with serve(SimulatorOptions(answer_log_bytes=2)) as running:
        for _ in range(4):
            running.front.answers.add(answers.Answer(at=0, request_id="read", method="POST", path="/query"))

        with pytest.raises(TruthMissing, match=r"^answers 1 to 2 are gone: the run was too long for its log$"):
            await asyncio.to_thread(lambda: list(Simulator(running.url).answers()))


async def test_the_truth_of_many_days_comes_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(SimulatorOptions(rate_per_day=200), clock=ManualClock("2026-03-10T10:00:00Z")) as running:
        asked = Simulator(running.url)
        since, until = running.clock.now() - 3 * DAY, running.clock.now()
        whole = await asyncio.to_thread(lambda: list(asked.appeared(since, until)))
        monkeypatch.setattr(simulator, "_SPAN", DAY // 2)
        parts = await asyncio.to_thread(lambda: list(asked.appeared(since, until)))

    assert sorted(one.id for one in parts) == sorted(one.id for one in whole)
    assert {one.thread for one in whole} == {"", "email", "message"}
    assert any(one.wrap_up for one in whole)
