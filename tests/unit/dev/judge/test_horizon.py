"""By when each state must have been shown, as the API's rules and capture's promises have it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from producer.dev.judge.evidence import TrueConversation, TrueState
from producer.dev.judge.horizon import DAY, Horizon, Outlook

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
NOON = DAY // 2
DEFAULTS = Outlook(horizon=Horizon(), begin=0)


def conversation(*states: tuple[int, int | None], start: int = NOON, **more: object) -> TrueConversation:
    told = tuple(TrueState(visible_at=visible_at, end=end) for visible_at, end in states)
    plain = TrueConversation(id="a", poison=False, start=start, states=told)
    return replace(plain, **more)  # type: ignore[arg-type]


OPEN = (NOON + SECOND, None)
END = NOON + 10 * MINUTE


@pytest.mark.parametrize(
    ("visible_at", "due"),
    [
        pytest.param(END + 5 * SECOND, END + 330 * SECOND, id="the head, while its overlap reaches the end"),
        pytest.param(END + 330 * SECOND, END + 330 * SECOND, id="the head, at the last moment"),
        pytest.param(END + 331 * SECOND, END + 15 * MINUTE + 15 * MINUTE // 8, id="the first re-read and its step"),
        pytest.param(END + 16 * MINUTE, END + 2 * HOUR + 15 * MINUTE, id="the second one"),
        pytest.param(END + 2 * DAY, END + 9 * DAY, id="the last one; its step is a day"),
        pytest.param(END + 8 * DAY, END + 9 * DAY, id="the last one, at the last moment"),
        pytest.param(END + 8 * DAY + 1, None, id="nothing asks any more"),
    ],
)
def test_windows_show_an_ended_conversation_at_every_age(visible_at: int, due: int | None) -> None:
    assert DEFAULTS.due(conversation(OPEN, (END, END), (visible_at, END)), 2, 1) == due


@pytest.mark.parametrize(
    ("visible_at", "due"),
    [
        pytest.param(NOON + HOUR, NOON + HOUR + 330 * SECOND, id="the head returns what is alive"),
        pytest.param(DAY + 330 * SECOND, DAY + 330 * SECOND, id="the overlap reaches behind midnight"),
        pytest.param(DAY + HOUR, DAY + 2 * HOUR + 15 * MINUTE, id="re-reads of the last window of its day"),
        pytest.param(DAY + 8 * DAY + 1, None, id="no window of its day is read any more"),
    ],
)
def test_windows_show_an_open_one_on_its_day_only(visible_at: int, due: int | None) -> None:
    assert DEFAULTS.due(conversation((visible_at, None)), 0, -1) == due


def test_where_nothing_can_be_asked_for_by_id_windows_alone_show_it() -> None:
    windows_alone = Outlook(horizon=Horizon(by_id=False), begin=0)
    late = conversation(OPEN, (10 * DAY, 10 * DAY))
    assert (DEFAULTS.due(late, 1, 0), windows_alone.due(late, 1, 0)) == (10 * DAY + HOUR, None)
    thread = conversation(OPEN, (END, END), (END + 9 * DAY, END + 9 * DAY), thread="email")
    assert windows_alone.due(thread, 2, 1) is None


@pytest.mark.parametrize(
    ("end", "step"),
    [(DAY + HOUR, MINUTE), (7 * DAY, 15 * MINUTE), (40 * DAY, HOUR), (91 * DAY, 7 * DAY)],
)
def test_an_open_one_that_is_known_is_asked_for_by_id_for_ever(end: int, step: int) -> None:
    outlook = Outlook(horizon=Horizon(rereads=()), begin=0)
    assert outlook.due(conversation(OPEN, (end + 5, end)), 1, 0) == end + 5 + step


def test_an_open_one_is_asked_for_by_id_from_midnight_on() -> None:
    outlook = Outlook(horizon=Horizon(rereads=()), begin=0)
    assert outlook.due(conversation(OPEN, (NOON + HOUR, NOON + MINUTE)), 1, 0) == DAY + MINUTE


@pytest.mark.parametrize(
    ("visible_at", "due"),
    [
        pytest.param(20 * MINUTE, 35 * MINUTE, id="asked for every quarter of an hour"),
        pytest.param(4 * HOUR - 15 * MINUTE, 4 * HOUR, id="the last time"),
        pytest.param(4 * HOUR - 14 * MINUTE, None, id="perhaps not any more"),
    ],
)
def test_one_that_lacks_a_wrap_up_is_asked_for(visible_at: int, due: int | None) -> None:
    outlook = Outlook(horizon=Horizon(head=timedelta(0), rereads=()), begin=0)
    owed = conversation(OPEN, (END, END), (END + visible_at, END), wrap_up=2)
    assert outlook.due(owed, 2, 1) == (None if due is None else END + due)
    assert outlook.due(replace(owed, wrap_up=None), 2, 1) is None


@pytest.mark.parametrize(("thread", "days"), [("message", 3), ("email", 30)])
def test_ended_threads_are_asked_for_daily(thread: str, days: int) -> None:
    outlook = Outlook(horizon=Horizon(rereads=()), begin=0)
    last = END + (days - 1) * DAY
    assert (
        outlook.due(conversation(OPEN, (END, END), (last, None), start=NOON - DAY, thread=thread), 2, 1) == last + DAY
    )
    beyond = conversation(OPEN, (END, END), (last + 1, None), start=NOON - DAY, thread=thread)
    assert outlook.due(beyond, 2, 1) is None


@pytest.mark.parametrize(
    ("shown_for", "due"),
    [
        pytest.param(10 * MINUTE, 330 * SECOND, id="long enough for the head"),
        pytest.param(SECOND, None, id="only until no window returns it any more"),
    ],
)
def test_what_shows_for_a_moment_is_shown_by_the_reads_of_what_follows(shown_for: int, due: int | None) -> None:
    outlook = Outlook(horizon=Horizon(rereads=()), begin=0)
    at = NOON + HOUR
    late = conversation((at, None), (at + shown_for, NOON + MINUTE))
    assert outlook.due(late, 0, -1) == (None if due is None else at + due)


def test_one_that_is_not_known_is_not_asked_for() -> None:
    outlook = Outlook(horizon=Horizon(rereads=()), begin=0)
    assert outlook.due(conversation((2 * DAY, None), (3 * DAY, END)), 1, -1) is None


def test_one_that_can_not_be_read_is_not_asked_for() -> None:
    assert DEFAULTS.due(conversation(OPEN, (20 * DAY, 20 * DAY), poison=True), 1, 0) is None


BEGIN = 40 * DAY


@pytest.mark.parametrize(
    ("states", "days_before", "adopted"),
    [
        pytest.param([(-DAY, None), (HOUR, HOUR)], 2, True, id="open at the first start"),
        pytest.param([(-DAY, None), (HOUR, HOUR)], 31, False, id="too old"),
        pytest.param([(-DAY, None), (5 * MINUTE, MINUTE)], 2, False, id="ended while it was being asked for"),
        pytest.param([(-DAY, -2 * DAY), (HOUR, HOUR)], 3, False, id="ended before, and reopened since"),
    ],
)
def test_the_first_start_takes_on_what_is_open(
    states: list[tuple[int, int | None]],
    days_before: int,
    adopted: bool,  # noqa: FBT001
) -> None:
    shown = [(BEGIN + at, None if end is None else BEGIN + end) for at, end in states]
    outlook = Outlook(horizon=Horizon(), begin=BEGIN)
    due = outlook.due(conversation(*shown, start=BEGIN - days_before * DAY), 1, -1)
    assert due == (shown[1][0] + 15 * MINUTE if adopted else None)


def test_windows_before_the_first_read_are_not_asked_for() -> None:
    outlook = Outlook(horizon=Horizon(), begin=BEGIN)
    assert outlook.due(conversation((BEGIN + 1, BEGIN - 1), start=BEGIN - HOUR), 0, -1) is None
