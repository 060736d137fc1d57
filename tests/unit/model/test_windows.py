from __future__ import annotations

from datetime import timedelta

import pytest

from producer.errors import ProducerError
from producer.model.selection import Selection
from producer.model.windows import Direction, Ended, Interval, Slice, Window, windows_between
from tests.support.build import at, interval, told, window


def test_an_interval_is_never_empty() -> None:
    with pytest.raises(ProducerError, match=r"interval must not be empty: 2025-03-10T10:00:00\.000Z/2025-03-10T10:00"):
        interval("10:00", "10:00")
    with pytest.raises(ProducerError, match="interval must not be empty"):
        interval("10:01", "10:00")


def test_an_interval_tells_its_ends_and_length() -> None:
    assert str(interval("10:00", "10:05:00.250")) == "2025-03-10T10:00:00.000Z/2025-03-10T10:05:00.250Z"
    assert interval("10:00", "10:05").length == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("other", "left"),
    [
        (("09:00", "10:00"), ["10:00:00-11:00:00"]),
        (("11:00", "12:00"), ["10:00:00-11:00:00"]),
        (("09:00", "10:15"), ["10:15:00-11:00:00"]),
        (("10:00", "10:15"), ["10:15:00-11:00:00"]),
        (("10:15", "10:45"), ["10:00:00-10:15:00", "10:45:00-11:00:00"]),
        (("10:45", "11:00"), ["10:00:00-10:45:00"]),
        (("10:45", "12:00"), ["10:00:00-10:45:00"]),
        (("10:00", "11:00"), []),
        (("09:00", "12:00"), []),
    ],
)
def test_what_is_left_of_an_interval_without_another(other: tuple[str, str], left: list[str]) -> None:
    assert [told(part) for part in interval("10:00", "11:00").minus(interval(*other))] == left


def test_a_window_may_end_at_midnight_but_never_go_past_it() -> None:
    assert told(Window(at("23:00"), at("00:00", day=1))) == "23:00:00-+1 00:00:00"
    with pytest.raises(ProducerError, match="window must not straddle a UTC midnight"):
        Window(at("23:00"), at("00:00:00.001", day=1))


def test_a_window_has_whole_milliseconds() -> None:
    for start, end in (("10:00:00.0005", "10:01"), ("10:00", "10:00:59.9999")):
        with pytest.raises(ProducerError, match="window must begin and end at whole milliseconds"):
            window(start, end)


@pytest.mark.parametrize(
    ("start", "end", "cut"),
    [
        ("10:00:13", "10:05:28", "10:04:00"),
        ("10:00:13", "10:09:00", "10:08:00"),
        ("10:00:13", "10:04:00", "10:02:00"),
        ("10:02:00", "10:04:00", "10:03:00"),
        ("10:02:59", "10:03:01", "10:03:00"),
        ("00:00", "10:00", "08:32:00"),
        ("10:02:00", "10:03:00", None),
        ("10:02:13", "10:02:28", None),
    ],
)
def test_halves_are_cut_at_minutes_that_other_windows_are_cut_at_too(start: str, end: str, cut: str | None) -> None:
    whole = window(start, end)
    halves = whole.halves(timedelta(minutes=1))
    assert halves == (() if cut is None else (Window(whole.start, at(cut)), Window(at(cut), whole.end)))


def test_a_slice_tells_its_window_and_its_cuts() -> None:
    whole = window("10:00", "10:01")
    span = "2025-03-10T10:00:00.000Z/2025-03-10T10:01:00.000Z"
    assert [
        str(Slice(window=whole)),
        str(Slice(window=whole, ended=Ended.OPEN)),
        str(Slice(window=whole, ended=Ended.ENDED, direction=Direction.NONE)),
        str(Slice(window=whole, selection=Selection(channels=("VOICE", "EMAIL"), user_ids=("u1",)))),
    ] == [span, f"{span} open", f"{span} ended none", f"{span} channels=VOICE,EMAIL user_ids=u1"]


def test_time_is_cut_at_every_midnight() -> None:
    assert [told(each) for each in windows_between(at("23:00"), at("01:00", day=2))] == [
        "23:00:00-+1 00:00:00",
        "+1 00:00:00-+2 00:00:00",
        "+2 00:00:00-+2 01:00:00",
    ]


def test_time_is_cut_at_the_longest_span_too() -> None:
    assert [told(each) for each in windows_between(at("22:30"), at("00:45", day=1), timedelta(hours=1))] == [
        "22:30:00-23:30:00",
        "23:30:00-+1 00:00:00",
        "+1 00:00:00-+1 00:45:00",
    ]


def test_no_time_has_no_windows() -> None:
    assert list(windows_between(at("10:00"), at("10:00"))) == []
    assert list(windows_between(at("10:01"), at("10:00"))) == []


def test_a_window_is_not_equal_to_an_interval_of_the_same_span() -> None:
    assert window("10:00", "10:01") == window("10:00", "10:01")
    assert window("10:00", "10:01") != Interval(at("10:00"), at("10:01"))
