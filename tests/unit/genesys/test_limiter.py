"""The limiter's decisions, one at a time; tests/properties holds what is true of all of them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from producer import errors
from producer.genesys.limiter import Limiter, LimiterPolicy
from producer.model.checkpoint import Usage
from tests.support.clock import NOON

NOTHING = timedelta(0)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def at(count: float) -> datetime:
    return NOON + seconds(count)


def limiter(requests_per_minute: int = 24, usage: Usage | None = None) -> Limiter:
    """24 a minute: 2 in any 5 seconds."""
    made = Limiter(LimiterPolicy(requests_per_minute=requests_per_minute, headroom=0), now=NOON)
    if usage:
        made.resume(usage, NOON)
    return made


def send(made: Limiter, *instants: float) -> None:
    for instant in instants:
        assert made.reserve(at(instant)) == NOTHING


def test_the_cap_is_the_setting_without_the_headroom() -> None:
    caps = [LimiterPolicy(requests_per_minute=each).cap for each in (300, 100, 10, 1)]
    assert caps == [270, 90, 9, 1]


@pytest.mark.parametrize(("requests", "headroom"), [(0, 0.1), (300, 1.0), (300, -0.1)])
def test_limits_that_make_no_sense_are_refused(requests: int, headroom: float) -> None:
    with pytest.raises(errors.ConfigurationError):
        LimiterPolicy(requests_per_minute=requests, headroom=headroom)


def test_a_twelfth_of_the_cap_may_go_out_at_once_and_the_next_five_seconds_later() -> None:
    made = limiter()
    send(made, 0, 0)
    assert made.reserve(at(1)) == seconds(4)
    send(made, 5, 5)


def test_a_place_is_free_again_sixty_seconds_after_the_answer() -> None:
    made = limiter(requests_per_minute=2)
    send(made, 0)
    made.answered(at(3))
    send(made, 5)
    made.answered(at(6))
    assert made.reserve(at(10)) == seconds(53)
    assert made.reserve(at(62.9)) == seconds(0.1)
    send(made, 63)


def test_what_is_in_flight_is_not_free_for_a_minute_at_least() -> None:
    made = limiter(requests_per_minute=1)
    send(made, 0)
    assert made.reserve(at(100)) == seconds(60)
    made.lost(at(130))
    assert made.reserve(at(130)) == seconds(60)
    send(made, 190)


def test_a_429_stops_everything_until_the_wait_is_over() -> None:
    made = limiter(requests_per_minute=240)
    send(made, 0, 0)
    made.answered(at(1))
    assert made.refused(at(1), seconds(42)) == 20
    assert made.reserve(at(2)) == seconds(41)
    send(made, 43)


def test_a_shorter_wait_does_not_shorten_a_longer_one() -> None:
    made = limiter(requests_per_minute=240)
    send(made, 0, 0)
    made.refused(at(1), seconds(42))
    made.refused(at(2), seconds(1))
    assert made.reserve(at(3)) == seconds(40)


def test_the_learned_cap_is_what_was_accepted_in_the_last_minute() -> None:
    made = limiter(requests_per_minute=120)
    for number in range(30):
        send(made, number)
        made.answered(at(number + 0.1))
    send(made, 30)
    assert made.refused(at(30.1), seconds(1)) == 30
    assert (made.learned(at(30.1)), made.cap(at(30.1))) == (30, 30)
    assert made.learned(at(30.1 + 60)) == 32


def test_timeouts_and_refusals_teach_nothing_but_hold_their_places() -> None:
    made = limiter(requests_per_minute=24)
    send(made, 0, 0)
    made.lost(at(1))
    assert made.refused(at(1), NOTHING) == 2
    assert made.used(at(1)) == 2


def test_a_lower_limit_in_headers_is_believed_and_a_higher_one_is_not() -> None:
    made = limiter(requests_per_minute=100)
    made.told(40)
    lower = made.cap(NOON)
    made.told(400)
    assert (lower, made.cap(NOON)) == (40, 100)


def test_fewer_places_than_are_taken_wait_until_enough_are_free() -> None:
    made = limiter(requests_per_minute=60)
    for instant in (0, 1, 2):
        send(made, instant)
        made.answered(at(instant))
    made.told(2)
    assert made.reserve(at(10)) == seconds(51)


def test_the_checkpoint_carries_what_is_used_and_learned() -> None:
    made = limiter(requests_per_minute=240)
    send(made, 0, 0, 0)
    made.answered(at(1))
    made.refused(at(2), NOTHING)
    assert made.usage(at(3)) == Usage(at=at(3), recent=3, learned=20)


def test_a_successor_counts_what_was_spent_and_the_even_rate_since() -> None:
    made = limiter(usage=Usage(at=at(-10), recent=5))
    assert made.used(NOON) == 5 + 4
    assert made.used(at(49.9)) == 5 + 4
    assert made.used(at(50)) == 4
    assert made.used(at(60)) == 0


def test_a_successor_never_counts_more_than_the_cap() -> None:
    made = limiter(usage=Usage(at=at(-30), recent=24))
    assert made.used(NOON) == 24
    assert made.used(at(30)) == 12


def test_after_a_long_time_a_successor_begins_at_the_even_rate() -> None:
    made = limiter(usage=Usage(at=at(-3600), recent=24, learned=7))
    assert (made.used(NOON), made.used(at(30)), made.learned(NOON)) == (24, 12, None)


def test_a_clock_that_is_behind_the_predecessors_is_no_trouble() -> None:
    made = limiter(usage=Usage(at=at(20), recent=3, learned=7))
    assert (made.used(NOON), made.learned(NOON)) == (3, 7)


def test_a_limiter_that_resumes_what_it_spent_itself_counts_nothing_twice() -> None:
    made = limiter(requests_per_minute=240)
    send(made, 0, 0, 0)
    made.answered(at(1))
    made.refused(at(2), NOTHING)
    made.resume(Usage(at=at(2), recent=3, learned=7), at(2))
    assert made.usage(at(2)) == Usage(at=at(2), recent=3, learned=20)
    made.resume(Usage(at=at(2), recent=5, learned=7), at(2))
    assert made.used(at(2)) == 5


def test_it_shows_its_state() -> None:
    made = limiter()
    send(made, 0, 0)
    made.answered(at(1))
    assert repr(made) == "<Limiter 1 in flight, 1 ended, 2 sent lately>"
