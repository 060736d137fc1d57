"""The pace of the head, what is told of it, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from producer import errors, events
from producer.flow.reader import first_head
from producer.model.coverage import Hole
from producer.model.reads import Read
from producer.planning.head import MOST_HOLES
from tests.support.build import at, page, raw, read_end
from tests.support.desk import Desk, empty, started_at
from tests.support.lane import checkpoint
from tests.support.scripted_source import Item
from tests.support.virtual_time import LoopClock, in_virtual_time

# --- pace ---


@in_virtual_time
async def test_the_head_is_read_every_poll_interval_up_to_its_lag() -> None:
    desk = Desk(answer=empty)
    assert await desk.run(30) == [
        "started 09:54:00-09:59:30",
        "ended, covers 09:54:00-09:59:30",
        "started 09:54:30-09:59:45",
        "ended, covers 09:54:30-09:59:45",
    ]


@in_virtual_time
async def test_a_poll_that_costs_more_than_its_share_is_followed_by_a_longer_pause() -> None:
    desk = Desk(answer=lambda read: [read_end(pages=200)])
    await desk.run(130)
    assert started_at(desk) == ["09:54:00-09:59:30", "09:54:30-10:01:30"]


@in_virtual_time
async def test_the_interval_is_counted_from_the_beginning_of_a_poll() -> None:
    desk = Desk(answer=lambda read: [timedelta(seconds=10), read_end()])
    await desk.run(29)
    assert started_at(desk) == ["09:54:00-09:59:30", "09:54:30-09:59:45"]


@in_virtual_time
async def test_a_slow_poll_that_reached_what_was_due_still_waits_for_its_share() -> None:
    desk = Desk(answer=lambda read: [timedelta(seconds=50), read_end(pages=100)])
    await desk.run(59)
    assert started_at(desk) == ["09:54:00-09:59:30"]


@in_virtual_time
async def test_after_an_outage_it_catches_up_without_a_pause() -> None:
    desk = Desk(answer=empty, stands=checkpoint("09:05"), clock=LoopClock(origin=at("12:00")))
    await desk.run(1)
    assert started_at(desk) == ["09:00:00-10:05:00", "10:00:00-11:05:00", "11:00:00-11:59:30"]
    assert desk.commits == 3  # each slice is committed before the next one is planned


@in_virtual_time
async def test_when_nothing_is_due_it_waits() -> None:
    desk = Desk(answer=empty, stands=checkpoint("10:00"))
    await desk.run(30)
    assert desk.story == []


@in_virtual_time
async def test_a_head_that_has_left_too_many_holes_says_so_and_waits() -> None:
    hole = Hole(start=at("09:00"), end=at("09:01"), tier=0, reason="bad.request", attempts=1, opened_at=at("09:02"))
    before = checkpoint("09:59")
    stands = replace(before, coverage=replace(before.coverage, holes=(hole,) * MOST_HOLES))
    desk = Desk(answer=empty, stands=stands)
    assert await desk.run(100) == []
    blocked = [event for event in desk.events if isinstance(event, events.SourceBlocked)]
    assert [(event.reason, event.message, event.wait.total_seconds()) for event in blocked] == [
        ("TooManyHoles", "the head has left 1,000 holes and waits", 60),
        ("TooManyHoles", "the head has left 1,000 holes and waits", 120),
    ]


# --- stop ---


@in_virtual_time
async def test_a_stop_finishes_the_window_that_is_being_read_and_begins_no_other() -> None:
    desk = Desk(
        answer=lambda read: [timedelta(seconds=5), page(raw(id="a", v=1)), read_end()],
        stands=checkpoint("23:58"),
        clock=LoopClock(origin=at("00:01:30", day=1)),
    )
    assert await desk.run(3) == [
        "started 23:53:00-+1 00:00:00",
        "page 1: a",
        "ended, covers 23:53:00-+1 00:00:00",
    ]
    assert (desk.commits, asyncio.get_running_loop().time()) == (1, 5)


@pytest.mark.parametrize("answer", [empty, lambda read: [errors.CredentialsRefused("401")]])
@in_virtual_time
async def test_a_stop_ends_a_pause_at_once(answer: Callable[[Read], Iterable[Item]]) -> None:
    await Desk(answer=answer).run(7)
    assert asyncio.get_running_loop().time() == 7


@in_virtual_time
async def test_a_cancelled_reader_closes_the_read_that_it_was_in() -> None:
    desk = Desk(answer=lambda read: [page(raw(id="a", v=1)), asyncio.Event()])
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(desk.run(100))
        await asyncio.sleep(5)
        reading.cancel()
    assert desk.source.closed == 1
    assert desk.story == ["started 09:54:00-09:59:30", "page 1: a"]


def test_the_head_of_a_new_source_begins_at_most_a_day_back() -> None:
    now = at("10:00", day=3)
    assert first_head(at("10:00", day=3), now) == now
    assert first_head(at("11:00", day=2), now) == at("11:00", day=2)
    assert first_head(at("09:00", day=1), now) == at("10:00", day=2)
    assert first_head(at("10:00", day=9), now) == at("10:00", day=9)
