from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from producer.model.instants import (
    day_number,
    floor_millis,
    from_millis,
    iso_millis,
    retry_after,
    to_millis,
    utc_midnight,
)

INSTANT = datetime(2025, 3, 10, 9, 30, 0, 123_999, tzinfo=UTC)
INDIA = timezone(timedelta(hours=5, minutes=30))


def test_milliseconds_are_rounded_down_also_before_1970() -> None:
    assert to_millis(INSTANT) == 1_741_599_000_123
    assert to_millis(datetime(1969, 12, 31, 23, 59, 59, 999_500, tzinfo=UTC)) == -1


@pytest.mark.parametrize("millis", [0, -1, 1_741_599_000_123, 253_402_300_799_999])
def test_milliseconds_survive_the_way_there_and_back(millis: int) -> None:
    assert to_millis(from_millis(millis)) == millis


def test_an_instant_without_its_microseconds() -> None:
    assert floor_millis(INSTANT) == datetime(2025, 3, 10, 9, 30, 0, 123_000, tzinfo=UTC)


def test_the_midnight_and_the_day_are_those_of_utc() -> None:
    early_in_india = datetime(2025, 3, 11, 4, 0, tzinfo=INDIA)  # 22:30 of the tenth in UTC
    assert utc_midnight(early_in_india) == datetime(2025, 3, 10, tzinfo=UTC)
    assert day_number(early_in_india) == day_number(datetime(2025, 3, 10, tzinfo=UTC)) == 20_157


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        (" 17 ", 17),
        ("Mon, 10 Mar 2025 09:30:10 GMT", 9.876001),
        ("Mon, 10 Mar 2025 09:29:00 -0000", -60.123999),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
    ],
)
def test_how_long_a_retry_after_asks_to_wait(value: str, seconds: float | None) -> None:
    wait = retry_after(value, INSTANT)
    assert wait == (None if seconds is None else timedelta(seconds=seconds))


def test_an_instant_in_a_request_has_milliseconds_and_z() -> None:
    assert iso_millis(INSTANT) == "2025-03-10T09:30:00.123Z"
    assert iso_millis(datetime(2025, 3, 11, 4, 0, tzinfo=INDIA)) == "2025-03-10T22:30:00.000Z"
