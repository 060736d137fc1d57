from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from producer import errors
from producer.clock import VirtualClock, WallClock, pause, real_now, unless
from tests.support.build import at
from tests.support.virtual_time import LoopClock, in_virtual_time


class Machine:
    """The machine's two clocks, set by hand."""

    wall = 1_000.0
    monotonic = 5.0

    def passes(self, seconds: float, *, adjusted: float = 0.0) -> None:
        self.monotonic += seconds
        self.wall += seconds + adjusted


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(time, "time", lambda: machine.wall)
    monkeypatch.setattr(time, "monotonic", lambda: machine.monotonic)
    return machine


def wall_clock() -> WallClock:
    return WallClock(_wall=time.time(), _monotonic=time.monotonic())


def unix(clock: WallClock) -> float:
    return clock.now().timestamp()


def test_wall_time_is_carried_on_by_the_monotonic_clock(machine: Machine) -> None:
    clock = wall_clock()
    machine.passes(10)
    assert clock.now() == datetime.fromtimestamp(1_010, UTC)


def test_a_small_adjustment_of_the_machine_is_not_followed(machine: Machine) -> None:
    clock = wall_clock()
    machine.passes(10, adjusted=0.4)
    assert unix(clock) == 1_010


def test_a_step_forward_is_followed_at_once(machine: Machine) -> None:
    clock = wall_clock()
    machine.passes(10, adjusted=3_600)
    assert unix(clock) == 4_610


def test_a_step_back_is_given_back_slowly_and_time_never_goes_back(machine: Machine) -> None:
    clock = wall_clock()
    machine.passes(0, adjusted=-4)
    told = [unix(clock)]
    for _ in range(400):
        machine.passes(1)
        told.append(unix(clock))
    assert told[0] == 1_000
    assert all(0.98 < later - earlier <= 1.0 for earlier, later in pairwise(told))
    assert told[-1] - machine.wall == pytest.approx(0.5, abs=0.02)


def test_a_clock_that_was_set_far_back_stands_still_until_wall_time_has_come_up_with_it(machine: Machine) -> None:
    clock = wall_clock()
    machine.passes(0, adjusted=-600)
    told = [unix(clock)]
    for _ in range(60):
        machine.passes(10)
        told.append(unix(clock))
    assert all(later >= earlier for earlier, later in pairwise(told))
    assert told[:59] == [1_000] * 59
    assert told[-1] - machine.wall <= 5


@in_virtual_time
async def test_the_wall_clock_sleeps_in_real_time_and_not_at_all_for_a_span_that_is_over() -> None:
    clock, loop = WallClock(), asyncio.get_running_loop()
    await clock.sleep(timedelta(seconds=30))
    await clock.sleep(timedelta(seconds=-30))
    assert loop.time() == 30


@in_virtual_time
async def test_virtual_time_runs_from_its_origin_at_its_speed(machine: Machine) -> None:
    clock, loop = VirtualClock(origin=at("10:00"), epoch=990.0, speed=60), asyncio.get_running_loop()
    assert clock.now() == at("10:10")
    await clock.sleep(timedelta(minutes=2))
    await clock.sleep(timedelta(minutes=-2))
    assert loop.time() == 2


def test_two_processes_with_the_same_virtual_clock_agree(machine: Machine) -> None:
    one, other = (VirtualClock(origin=at("10:00"), epoch=990.0, speed=60) for _ in range(2))
    machine.passes(7)
    assert one.now() == other.now() == at("10:17")


def test_real_time_is_that_of_the_machine(machine: Machine) -> None:
    assert real_now() == datetime.fromtimestamp(1_000, UTC)


@in_virtual_time
async def test_a_pause_lasts_as_long_as_it_was_told() -> None:
    loop = asyncio.get_running_loop()
    await pause(LoopClock(), timedelta(minutes=5), asyncio.Event())
    assert loop.time() == 300


@in_virtual_time
async def test_a_pause_ends_when_the_event_is_set() -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.call_later(7, stop.set)
    await pause(LoopClock(), timedelta(minutes=5), stop)
    assert loop.time() == 7


@in_virtual_time
async def test_a_pause_whose_time_is_over_does_not_wait() -> None:
    loop = asyncio.get_running_loop()
    for span in (timedelta(0), timedelta(seconds=-1)):
        await pause(LoopClock(), span, asyncio.Event())
    assert loop.time() == 0


@in_virtual_time
async def test_a_pause_leaves_nothing_running_when_it_is_cancelled() -> None:
    async with asyncio.TaskGroup() as group:
        pausing = group.create_task(pause(LoopClock(), timedelta(minutes=5), asyncio.Event()))
        await asyncio.sleep(1)
        pausing.cancel()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@in_virtual_time
async def test_work_that_is_done_before_the_stop_gives_its_result() -> None:
    assert await unless(asyncio.Event(), asyncio.sleep(600, "done")) == "done"


@in_virtual_time
async def test_a_stop_ends_the_work_that_it_comes_before() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(5, stop.set)
    assert await unless(stop, asyncio.sleep(600, "done")) is None
    assert asyncio.get_running_loop().time() == 5


@in_virtual_time
async def test_work_that_fails_says_so() -> None:
    async def fail() -> None:
        raise errors.SinkUnavailable("no route")

    with pytest.raises(ExceptionGroup) as failed:
        await unless(asyncio.Event(), fail())
    assert [str(error) for error in failed.value.exceptions] == ["no route"]
