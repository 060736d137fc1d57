from __future__ import annotations

import pytest

from producer.transform.instants import to_epoch
from tests.support.conversations import millis

BASE = millis("2024-02-06T00:30:44+00:00")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("2024-02-06T00:30:44.587Z", 587),
        ("2024-02-06T00:30:44Z", 0),
        ("2024-02-06T00:30:44.5Z", 500),
        ("2024-02-06T00:30:44.00Z", 0),
        ("2024-02-06T00:30:44.587999999Z", 587),
        ("2024-02-06T01:30:44.587+01:00", 587),
        ("2024-02-05T16:30:44.587-0800", 587),
        ("2024-02-06 00:30:44.587", 587),
    ],
)
def test_an_instant_is_read_however_it_is_written(text: str, after: int) -> None:
    assert to_epoch(text) == BASE + after


def test_an_instant_before_the_epoch_is_rounded_down() -> None:
    assert to_epoch("1969-12-31T23:59:59.9995Z") == -1


@pytest.mark.parametrize(
    "text",
    ["2021-04-2T15:30:51.418Z", "", "2024-02-06", "yesterday afternoon", "2024-02-30T00:00:00Z", "1707179444587"],
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|too short|out of range|must be in"):
        to_epoch(text)
