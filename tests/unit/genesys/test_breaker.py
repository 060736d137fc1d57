"""The breaker's states."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from producer import errors
from producer.genesys.breaker import Breaker, BreakerPolicy
from tests.support.clock import NOON

POLICY = BreakerPolicy(failures=3, first_pause=timedelta(seconds=10), longest_pause=timedelta(seconds=30))


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def fail(breaker: Breaker, *instants: float) -> None:
    """Requests, one after the other, each answered by a failure after half a second."""
    for instant in instants:
        breaker.sent(at(instant))
        breaker.failed(at(instant), at(instant + 0.5))


def opened() -> Breaker:
    breaker = Breaker(POLICY)
    fail(breaker, 0, 1, 2)
    return breaker


def test_it_opens_after_failures_in_a_row() -> None:
    breaker = Breaker(POLICY)
    fail(breaker, 0, 1)
    assert repr(breaker) == "<Breaker closed, 2 failures in a row>"
    fail(breaker, 2)
    assert repr(breaker) == "<Breaker open, 3 failures in a row>"
    assert breaker.wait(at(4.5)) == timedelta(seconds=8)


def test_one_answer_in_between_begins_the_count_anew() -> None:
    breaker = Breaker(POLICY)
    fail(breaker, 0, 1)
    breaker.succeeded()
    fail(breaker, 2, 3)
    assert (repr(breaker), breaker.wait(at(4))) == ("<Breaker closed, 2 failures in a row>", timedelta(0))


def test_many_requests_that_fail_together_are_one_failure() -> None:
    breaker = Breaker(POLICY)
    for took in (0, 0, 1, 1, 2):
        breaker.failed(at(0), at(took))
    assert breaker.failures == 1


def test_after_the_pause_one_probe_goes_out_and_the_others_wait_for_it() -> None:
    breaker = opened()
    assert breaker.wait(at(12.5)) == timedelta(0)
    breaker.sent(at(12.5))
    assert repr(breaker) == "<Breaker half_open, 3 failures in a row>"
    assert breaker.wait(at(12.6)) == POLICY.first_pause
    breaker.succeeded()
    assert (breaker.state.value, breaker.failures, breaker.wait(at(13))) == ("closed", 0, timedelta(0))


def test_failed_probes_double_the_pause_up_to_the_longest() -> None:
    breaker = opened()
    waits = []
    now = 12.5
    for _ in range(3):
        fail(breaker, now)
        waits.append(breaker.wait(at(now + 0.5)).total_seconds())
        now += 0.5 + waits[-1]
    assert waits == [20, 30, 30]


def test_a_late_failure_of_before_says_nothing_about_the_probe() -> None:
    breaker = opened()
    breaker.sent(at(12.5))
    breaker.failed(at(2), at(13))
    assert breaker.state.value == "half_open"


def test_a_probe_that_is_cancelled_makes_room_for_another() -> None:
    breaker = opened()
    breaker.sent(at(12.5))
    breaker.given_up(at(3))
    assert breaker.state.value == "half_open"
    breaker.given_up(at(12.5))
    assert (breaker.state.value, breaker.wait(at(13))) == ("open", timedelta(0))


@pytest.mark.parametrize(
    "values",
    [{"failures": 0}, {"first_pause": timedelta(0)}, {"longest_pause": timedelta(seconds=1)}],
)
def test_a_policy_that_makes_no_sense_is_refused(values: dict[str, int]) -> None:
    with pytest.raises(errors.ConfigurationError):
        BreakerPolicy(**values)  # type: ignore[arg-type] # the point of the test
