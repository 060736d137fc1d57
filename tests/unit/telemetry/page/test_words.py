from __future__ import annotations

from datetime import timedelta

import pytest

from producer.telemetry.page import words
from tests.support.happenings import NOON, SECOND
from tests.support.markup import Document


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "-"),
        (timedelta(0), "0 s"),
        (timedelta(milliseconds=1540), "1.5 s"),
        (timedelta(seconds=9.96), "10 s"),
        (timedelta(seconds=59.4), "59 s"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(minutes=14, seconds=3), "14 min 3 s"),
        (timedelta(hours=2, seconds=5), "2 h"),
        (timedelta(hours=23, minutes=59, seconds=59.9), "1 d"),
        (timedelta(days=2, hours=5, minutes=7), "2 d 5 h"),
    ],
)
def test_durations_are_their_two_largest_units(value: timedelta | None, expected: str) -> None:
    assert words.duration(value) == expected


def test_distances_look_back_and_ahead() -> None:
    assert (words.distance(NOON, NOON + 61 * SECOND), words.distance(NOON + SECOND, NOON)) == (
        "1 min 1 s ago",
        "in 1 s",
    )


def test_a_moment_has_its_day_and_how_long_ago_it_is() -> None:
    assert Document(words.moment(NOON, NOON + SECOND)).text == "2025-03-10 12:00:00Z 1 s ago"
    assert words.moment(None, NOON) == "-"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-03-10T11:45:00.001Z/2025-03-10T12:00:00.000Z", "2025-03-10 11:45:00 to 12:00:00Z"),
        ("2025-03-10T23:45:00.000Z/2025-03-11T00:00:00.000Z", "2025-03-10 23:45:00 to 24:00:00Z"),
        ("2025-03-10T00:00:00.000Z/2025-03-11T00:00:00.000Z open", "2025-03-10 00:00:00 to 24:00:00Z open"),
        ("2025-03-08T12:00:00.000Z/2025-03-10T00:00:00.000Z", "2025-03-08 12:00:00 to 2025-03-10 00:00:00Z"),
        ("2025-99-99T12:00:00.000Z/2025-99-99T00:00:00.000Z", "2025-99-99 12:00:00 to 00:00:00Z"),
        ("2025-99-98T12:00:00.000Z/2025-99-99T00:00:00.000Z", "2025-99-98 12:00:00 to 2025-99-99 00:00:00Z"),
        ("2025-03-10T11:45:00.000Z/2025-03-10T12:00:00.000Z open", "2025-03-10 11:45:00 to 12:00:00Z open"),
        ("7 ids", "7 ids"),
        ("<b>", "<b>"),
    ],
)
def test_windows_say_their_day_once(text: str, expected: str) -> None:
    assert Document(words.window(text)).text == expected


def test_short_ids_stay_whole() -> None:
    assert [Document(words.short_id(text)).text for text in ("", "r-1", "123456789", "1234567890")] == [
        "-", "r-1", "123456789", "12345678…",
    ]  # fmt: skip


def test_things_are_counted() -> None:
    assert [words.count(1, "hole"), words.count(2_000, "hole"), words.count(2, "loss", "losses")] == [
        "1 hole", "2,000 holes", "2 losses",
    ]  # fmt: skip
