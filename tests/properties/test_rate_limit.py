"""Hours of load against the simulator's own count: the limit is another one than the setting, changes, is shared.

The server says so in headers, or only by refusing. The same with sockets is in tests/integration/test_rate_limit.py.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import pytest

from tests.support.rate_server import Load

Window = Literal["fixed", "sliding"]
MINUTE = timedelta(minutes=1)
WINDOWS = pytest.mark.parametrize("window", ["fixed", "sliding"])
PHASES = pytest.mark.parametrize("phase", [0, 25, 50])
"""Seconds of the server's minute at which we begin."""


def load(window: Window, phase: int, *, limit: int = 300, other_share: float = 0.0, headers: bool = False) -> Load:
    began = timedelta(seconds=phase)
    return Load(window=window, phase=began, limit=limit, other_share=other_share, headers=headers, seed=phase)


def minutes_used(made: Load, count: int, left: int) -> float:
    """The part of what is left that was used in so many minutes to come."""
    made.minutes(count)
    return made.used(count) / left


@WINDOWS
@PHASES
def test_with_headers_a_limit_below_the_setting_is_kept_to_and_used(window: Window, phase: int) -> None:
    made = load(window, phase, limit=200, headers=True)
    made.minutes(1)
    assert minutes_used(made, 10, 200) >= 0.97
    assert (made.refused, made.limiter.learned(made.now)) == ([], None)
    assert (made.quotas.most_over() or 0) <= 0


@WINDOWS
@PHASES
def test_with_headers_no_429_comes_from_a_change_that_is_announced_a_minute_before(window: Window, phase: int) -> None:
    made = load(window, phase, headers=True)
    made.minutes(3)
    made.change(150, notice=MINUTE)
    made.minutes(2)
    assert minutes_used(made, 5, 150) >= 0.97
    made.change(300)
    made.minutes(2)
    assert minutes_used(made, 5, 270) >= 0.97
    assert made.refused == []
    assert (made.quotas.most_over() or 0) <= 0


@WINDOWS
@PHASES
def test_with_headers_a_change_without_notice_costs_one_429_at_most_and_teaches_nothing(
    window: Window, phase: int
) -> None:
    made = load(window, phase, headers=True)
    made.minutes(3.3)
    made.change(150)
    made.minutes(2)
    assert minutes_used(made, 5, 150) >= 0.97
    assert len(made.refused) <= 1
    assert made.limiter.learned(made.now) is None
    assert (made.quotas.most_over() or 0) <= 0


@WINDOWS
@PHASES
def test_with_headers_two_fifths_are_left_to_another_client(window: Window, phase: int) -> None:
    made = load(window, phase, other_share=0.4, headers=True)
    made.minutes(2)
    others = made.quotas.others()
    assert minutes_used(made, 10, 180) >= 0.97
    assert made.quotas.others() - others == pytest.approx(1200, abs=6)
    assert made.refused == []


@WINDOWS
@PHASES
def test_without_headers_a_limit_below_the_setting_is_found_with_one_429_in_ten_minutes(
    window: Window, phase: int
) -> None:
    made = load(window, phase, limit=200)
    made.minutes(5)
    assert minutes_used(made, 55, 200) >= 0.9
    assert made.refused_within(10 * MINUTE) == 1


@WINDOWS
@PHASES
def test_without_headers_a_lower_limit_is_found_and_a_higher_one_is_used_again(window: Window, phase: int) -> None:
    """A change allows for one 429 more than the one in ten minutes. A restart in between forgets nothing."""
    made = load(window, phase)
    made.minutes(3.7)
    made.change(150)
    made.minutes(5)
    assert minutes_used(made, 10, 150) >= 0.9
    assert len(made.refused) <= 2
    assert made.refused_within(10 * MINUTE) <= 2
    made.restart()
    made.minutes(1)
    assert minutes_used(made, 20, 150) >= 0.9
    found = len(made.refused)
    made.change(300)
    made.minutes(30)
    assert minutes_used(made, 10, 270) >= 0.9
    assert len(made.refused) == found


@WINDOWS
@PHASES
def test_without_headers_what_another_client_leaves_is_found(window: Window, phase: int) -> None:
    made = load(window, phase, other_share=0.4)
    made.minutes(5)
    assert minutes_used(made, 35, 180) >= 0.9
    assert made.refused_within(10 * MINUTE) <= 2
    assert made.refused_within(10 * MINUTE) + made.refused_within(30 * MINUTE) <= 5


@WINDOWS
def test_feeling_for_the_limit_hardly_exceeds_it(window: Window) -> None:
    """A fixed window takes a few more in a sliding minute before it refuses; a sliding one never does."""
    made = load(window, 0, limit=200)
    made.minutes(60)
    assert len(made.refused) in {3, 4}
    assert (made.quotas.most_over() or 0) <= (3 if window == "fixed" else 0)


@WINDOWS
@pytest.mark.parametrize("headers", [True, False])
def test_another_client_that_comes_is_made_room_for(window: Window, *, headers: bool) -> None:
    made = load(window, 25, headers=headers)
    made.minutes(3)
    made.quotas.other_share = 0.4
    made.minutes(5)
    assert minutes_used(made, 10, 180) >= 0.9
    assert len(made.refused) <= (1 if headers else 5)
