"""Reads that fail: what is waited for, what is missed, and a clock that is ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest

from producer import errors, events
from producer.model.reads import Read
from tests.support.build import at, page, raw, read_end, told, window
from tests.support.desk import Desk
from tests.support.lane import SOURCE, checkpoint
from tests.support.scripted_source import Item
from tests.support.virtual_time import LoopClock, in_virtual_time


def failing_first(error: errors.SourceError) -> Callable[[Read], Iterable[Item]]:
    return lambda read: [page(raw(id="a", v=1)), error] if read.request_id == "r1" else [read_end()]


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (errors.SourceUnavailable("no route"), 1),
        (errors.MalformedBody("HTML"), 1),
        (errors.RateLimited("429"), 5),
        (errors.CredentialsRefused("401"), 60),
        (errors.PermissionMissing("403"), 60),
        (errors.AddressNotAllowed("403"), 60),
        (errors.SourceError("other"), 1),
    ],
)
@in_virtual_time
async def test_a_failure_that_is_not_the_windows_waits_and_reads_the_same_again(
    error: errors.SourceError, wait: int
) -> None:
    desk = Desk(answer=failing_first(error))
    edge = told(window("09:54", f"09:59:{30 + wait}") if wait < 30 else window("09:54", "10:00:30"))
    assert await desk.run(wait + 1) == [
        "started 09:54:00-09:59:30",
        "page 1: a",
        f"failed {type(error).__name__}",
        f"started {edge}",
        f"ended, covers {edge}",
    ]
    assert [event for event in desk.events if isinstance(event, (events.SourceBlocked, events.SourceRecovered))] == [
        events.SourceBlocked(
            source=SOURCE,
            reason=type(error).__name__,
            message=str(error),
            what_to_do=error.what_to_do,
            wait=timedelta(seconds=wait),
        ),
        events.SourceRecovered(source=SOURCE),
    ]


@in_virtual_time
async def test_failures_in_a_row_wait_longer_and_a_success_begins_anew() -> None:
    failing = iter([True, True, True, False, True])
    desk = Desk(answer=lambda read: [errors.SourceUnavailable("down")] if next(failing, False) else [read_end()])
    await desk.run(40)
    waits = [event.wait.total_seconds() for event in desk.events if isinstance(event, events.SourceBlocked)]
    assert waits == [1, 2, 4, 1]


@in_virtual_time
async def test_a_refused_window_is_missed_and_the_next_one_is_read_at_once() -> None:
    desk = Desk(
        answer=lambda read: [errors.WindowRefused("no", code="bad")] if read.request_id == "r1" else [read_end()],
        stands=checkpoint("23:58"),
        clock=LoopClock(origin=at("00:01:30", day=1)),
    )
    assert await desk.run(1) == [
        "started 23:53:00-+1 00:00:00",
        "failed WindowRefused, misses 23:53:00-+1 00:00:00",
        "started +1 00:00:00-+1 00:01:00",
        "ended, covers +1 00:00:00-+1 00:01:00",
    ]
    assert [told(hole.interval) for hole in desk.made.checkpoint.coverage.holes] == ["23:58:00-+1 00:00:00"]


@in_virtual_time
async def test_a_source_that_ends_without_an_end_is_a_defect_and_stops_the_reader() -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(errors.ProducerError, match="ended without saying how")):
        await Desk(answer=lambda read: [page()]).run(1)


@in_virtual_time
async def test_what_is_read_is_told_as_it_comes() -> None:
    one = page(raw(id="a", v=1), raw(id="b", v=1))
    desk = Desk(answer=lambda read: [one, read_end()])
    await desk.run(1)
    (read,) = desk.source.reads
    assert desk.events == [
        events.ReadStarted(source=SOURCE, read=read),
        events.PageFetched(source=SOURCE, read=read, number=1, conversations=2, size=one.size),
    ]


# --- the clock ---


@in_virtual_time
async def test_a_window_in_the_future_of_the_server_is_not_taken_for_an_empty_one() -> None:
    def answer(read: Read) -> Iterable[Item]:
        behind = at("09:59:27") if read.request_id == "r1" else at("10:00:00")
        return [page(raw(id="a", v=1), asked=at("09:59:57"), served_at=behind), read_end()]

    desk = Desk(answer=answer)
    assert await desk.run(11) == [
        "started 09:54:00-09:59:30",
        "failed ClockAhead",
        "started 09:54:00-09:59:40",
        "page 1: a",
        "ended, covers 09:54:00-09:59:40",
    ]
    assert [event for event in desk.events if isinstance(event, events.SourceBlocked)] == [
        events.SourceBlocked(
            source=SOURCE,
            reason="ClockAhead",
            message="this machine's clock is ahead of the source's: the window ends at 2025-03-10T09:59:30+00:00,"
            " the source's clock shows 2025-03-10T09:59:27+00:00, 3.0 s before",
            what_to_do="synchronise this machine's clock (NTP); until then nothing is read",
            wait=timedelta(seconds=10),
        )
    ]


@in_virtual_time
async def test_a_date_without_its_fraction_of_a_second_is_no_clock_that_is_ahead() -> None:
    desk = Desk(answer=lambda read: [page(asked=at("09:59:58"), served_at=at("09:59:28")), read_end()])
    assert (await desk.run(1))[-1] == "ended, covers 09:54:00-09:59:30"


@in_virtual_time
async def test_an_answer_about_the_past_is_refused_too_when_it_would_be_dated_in_the_future() -> None:
    far = page(raw(id="a", v=1), asked=at("10:00:00"), served_at=at("09:59:29"))
    desk = Desk(answer=lambda read: [far, read_end()])
    assert await desk.run(1) == ["started 09:54:00-09:59:30", "failed ClockAhead"]
    (blocked,) = [event for event in desk.events if isinstance(event, events.SourceBlocked)]
    assert "it shows 2025-03-10T10:00:00+00:00, the source's clock shows 2025-03-10T09:59:29+00:00" in blocked.message
