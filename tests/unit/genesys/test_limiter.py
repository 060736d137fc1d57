"""The limiter's decisions, one at a time; tests/properties holds what is true of all of them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from producer import errors
from producer.genesys.limiter import Limiter, LimiterPolicy
from producer.genesys.limiter_told import Allowance, allowance_of
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


def paced() -> Limiter:
    """60 a minute, at most 5 in 5 s; a third of the places is taken, so that the distance is 0.8 s."""
    made = limiter(requests_per_minute=60)
    for number in range(20):
        send(made, 2 * number)
        made.answered(at(2 * number))
    return made


def test_when_a_third_of_the_cap_is_used_requests_go_out_one_by_one() -> None:
    made = paced()
    send(made, 40)
    assert [made.reserve(at(40 + after)) for after in (0.1, 0.6)] == [seconds(0.7), seconds(0.2)]


def test_who_is_woken_late_makes_up_for_it_and_who_only_comes_late_does_not() -> None:
    made = paced()
    send(made, 44)
    assert made.reserve(at(44)) == seconds(0.8)
    send(made, 45.7, 45.7)
    assert made.reserve(at(45.7)) == seconds(0.7)
    made = paced()
    send(made, 46.5)
    assert made.reserve(at(46.5)) == seconds(0.8)


def test_of_a_long_sleep_only_a_second_is_made_up_for() -> None:
    made = paced()
    send(made, 46)
    assert made.reserve(at(46)) == seconds(0.8)
    send(made, 56, 56)
    assert made.reserve(at(56)) == seconds(0.6)


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
    assert made.refused(at(1), seconds(42)) == 120
    assert made.reserve(at(2)) == seconds(41)
    send(made, 43)


def test_a_shorter_wait_does_not_shorten_a_longer_one() -> None:
    made = limiter(requests_per_minute=240)
    send(made, 0, 0)
    made.refused(at(1), seconds(42))
    made.refused(at(2), seconds(1))
    assert made.reserve(at(3)) == seconds(40)


def loaded(answers: int, every: float = 1.0) -> Limiter:
    """120 a minute, and so many answers, one every so many seconds."""
    made = limiter(requests_per_minute=120)
    for number in range(answers):
        send(made, number * every)
        made.answered(at(number * every))
    return made


def test_the_learned_cap_is_a_little_less_than_what_was_accepted_in_the_last_minute() -> None:
    made = loaded(60)
    send(made, 59.5)
    assert made.refused(at(59.5), NOTHING) == int(60 * 0.97)
    assert (made.learned(at(60)), made.cap(at(60))) == (58, 58)


def test_of_a_minute_only_the_span_counts_that_the_wait_leaves() -> None:
    made = loaded(75, every=0.75)
    send(made, 57)
    """48 were accepted in the last 37 s, of which half a second is a matter of rounding."""
    assert made.refused(at(57), seconds(24)) == int(0.97 * 48 * (1 - 0.5 / 37))


@pytest.mark.parametrize("wait", [50, 60, 300])
def test_a_wait_that_speaks_of_something_else_takes_no_more_than_half(wait: float) -> None:
    made = loaded(80, every=0.7)
    send(made, 56)
    assert made.refused(at(56), seconds(wait)) == int(0.97 * (40 if wait < 60 else 80))


def test_after_ten_minutes_the_learned_cap_rises_until_it_no_longer_binds() -> None:
    made = loaded(60)
    send(made, 59.5)
    made.refused(at(59.5), NOTHING)
    minutes = [(count, made.learned(at(59.5 + 60 * count))) for count in (10, 15, 20, 25, 30)]
    assert minutes == [(10, 58), (15, 59), (20, 61), (25, 91), (30, None)]


def test_refused_again_within_ten_minutes_it_takes_off_more() -> None:
    made = loaded(60)
    send(made, 59.5)
    assert made.refused(at(59.5), NOTHING) == 58
    send(made, 69.5)
    made.answered(at(69.5))
    send(made, 70.5)
    assert made.refused(at(70.5), NOTHING) == int(50 * 0.93)


def test_when_we_sent_little_half_of_the_cap_stays() -> None:
    made = loaded(10)
    send(made, 10)
    assert made.refused(at(10), seconds(1)) == 60


def test_a_single_429_out_of_the_blue_teaches_nothing_below_a_learned_cap_and_one_right_after_it_does() -> None:
    made = limiter(requests_per_minute=120, usage=Usage(at=NOON, recent=0, learned=100))
    caps = []
    for instant in (70, 200, 250):
        send(made, instant)
        caps.append(made.refused(at(instant), seconds(1)))
    assert caps == [100, 100, 50]


def test_a_429_to_what_was_sent_before_the_pause_teaches_nothing_more() -> None:
    made = loaded(60)
    send(made, 60, 60.5)
    first = made.refused(at(60.6), seconds(30))
    assert made.refused(at(60.7), seconds(30)) == first
    assert made.reserve(at(61)) == seconds(29.7)


def test_timeouts_and_refusals_teach_nothing_but_hold_their_places() -> None:
    made = limiter(requests_per_minute=24)
    send(made, 0, 0)
    made.lost(at(1))
    assert made.refused(at(1), NOTHING) == 12
    assert made.used(at(1)) == 2


def said(allowed: int, count: int | None = None, reset: float | None = None) -> Allowance:
    return Allowance(allowed=allowed, count=count, reset=None if reset is None else seconds(reset))


def test_a_lower_limit_in_headers_is_believed_and_a_higher_one_is_not() -> None:
    made = limiter(requests_per_minute=100)
    made.told(said(40), NOON)
    lower = made.cap(NOON)
    made.told(said(400), NOON)
    assert (lower, made.cap(NOON)) == (40, 100)


def test_what_others_take_of_the_window_is_left_to_them_and_a_hundredth_besides() -> None:
    made = limiter(requests_per_minute=1000)
    for instant in (0, 1, 2):
        send(made, instant)
        made.answered(at(instant))
    send(made, 3)
    made.told(said(300, count=64, reset=1), at(3))
    assert made.cap(at(3)) == 300 - (64 - 3 - 1) - 3


def test_the_own_requests_of_an_earlier_window_are_not_in_its_count() -> None:
    made = limiter(requests_per_minute=1000)
    for instant in (0, 10, 20):
        send(made, instant)
        made.answered(at(instant))
    made.told(said(300, count=20, reset=49), at(20))
    """Since 8: two of ours; 18 of others in 12 of 60 s."""
    assert made.cap(at(20)) == 300 - 90 - 3


def test_the_most_that_others_took_counts_for_a_little_more_than_a_minute() -> None:
    made = limiter(requests_per_minute=1000)
    for instant, count in ((0, 0), (70, 50), (100, 20), (136, 10)):
        made.told(said(300, count=count, reset=1), at(instant))
    caps = [made.cap(at(instant)) for instant in (134, 135, 164, 165, 300)]
    assert caps == [247, 277, 277, 287, 287]


def test_where_others_take_all_one_a_minute_is_left() -> None:
    made = limiter()
    made.told(said(30, count=30, reset=1), NOON)
    assert made.cap(NOON) == 1


@pytest.mark.parametrize(("count", "reset", "waits"), [(297, 30, 30), (296, 30, 0), (298, 2, 2), (297, 2, 0)])
def test_when_next_to_nothing_is_left_beside_others_everything_waits_for_the_next_window(
    count: int, reset: float, waits: float
) -> None:
    made = limiter(requests_per_minute=300)
    made.told(said(300, count=0, reset=60), at(-100))
    made.told(said(300, count=count, reset=reset), NOON)
    made.told(said(1_000_000, count=0, reset=60), at(70))
    assert max(NOTHING, made.reserve(at(0.5)) + seconds(0.5) if waits else made.reserve(at(0.5))) == seconds(waits)


def test_a_429_that_headers_explain_teaches_nothing() -> None:
    made = limiter(requests_per_minute=120)
    send(made, 0, 1)
    made.answered(at(1))
    made.told(said(100, count=100), at(2))
    made.refused(at(2), seconds(30))
    assert made.learned(at(2)) is None
    made.told(said(100, count=50), at(40))
    send(made, 40)
    made.refused(at(41), seconds(10))
    assert made.learned(at(41)) == 60


def test_fewer_places_than_are_taken_wait_until_enough_are_free() -> None:
    made = limiter(requests_per_minute=60)
    for instant in (0, 1, 2):
        send(made, instant)
        made.answered(at(instant))
    made.told(said(2), at(2))
    assert made.reserve(at(10)) == seconds(51)


def test_the_checkpoint_carries_what_is_used_and_what_was_learned_when() -> None:
    made = limiter(requests_per_minute=240)
    send(made, 0, 0, 0)
    made.answered(at(1))
    made.refused(at(2), NOTHING)
    assert made.usage(at(3)) == Usage(at=at(3), recent=3, learned=120, learned_at=at(2))
    assert made.usage(at(1900)) == Usage(at=at(1900), recent=1)


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
    assert made.usage(at(2)) == Usage(at=at(2), recent=3, learned=120, learned_at=at(2))
    made.resume(Usage(at=at(9), recent=5, learned=7, learned_at=at(1)), at(2))
    assert made.used(at(2)) == 5


def test_it_shows_its_state() -> None:
    made = limiter()
    send(made, 0, 0)
    made.answered(at(1))
    assert repr(made) == "<Limiter 1 in flight, 1 ended, 2 sent lately>"


@pytest.mark.parametrize(
    ("headers", "allowance"),
    [
        ({}, None),
        ({"inin-ratelimit-allowed": "many", "inin-ratelimit-count": "1"}, None),
        ({"inin-ratelimit-allowed": "300"}, said(300)),
        ({"inin-ratelimit-allowed": "300", "inin-ratelimit-count": "7", "inin-ratelimit-reset": "9"}, said(300, 7, 9)),
        ({"inin-ratelimit-allowed": "300", "inin-ratelimit-count": "-7", "inin-ratelimit-reset": "61"}, said(300)),
    ],
)
def test_headers_are_read_as_far_as_they_make_sense(headers: dict[str, str], allowance: Allowance | None) -> None:
    assert allowance_of(headers) == allowance


def test_an_allowance_that_does_not_say_how_much_is_used_is_not_spent() -> None:
    assert (said(300).all_but_spent(300), said(300, 299).all_but_spent(1), said(1).spent) == (False, False, False)
