from __future__ import annotations

from datetime import timedelta

import pytest

from producer.webhook.answers import Again, Answered, GivenUp, Outcome, Patience, Taken, Unanswered
from tests.support.build import at
from tests.support.webhook import delivery

DAY = timedelta(days=1)
PATIENCE = Patience(give_up_after=DAY)
TOLD_AT_TEN = delivery(mark="10:00")


def judged(outcome: Outcome, attempt: int = 1, mark: str = "10:00", *, jitter: float = 1.0, day: int = 0) -> object:
    return PATIENCE.judge(outcome, TOLD_AT_TEN, attempt, at(mark, day=day), jitter=jitter)


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_taken(status: int) -> None:
    assert judged(Answered(status=status)) == Taken()


@pytest.mark.parametrize(
    ("outcome", "reason", "message"),
    [
        (Answered(status=301), "3xx", "it answers 301"),
        (Answered(status=400), "4xx", "it answers 400"),
        (Answered(status=401), "4xx", "it answers 401"),
        (Answered(status=429), "429", "it answers 429"),
        (Answered(status=500), "5xx", "it answers 500"),
        (Unanswered(reason="timeout", message="timeout at host"), "timeout", "timeout at host"),
        (Unanswered(reason="connection", message="connection at host"), "connection", "connection at host"),
    ],
)
def test_anything_else_is_sent_again(outcome: Outcome, reason: str, message: str) -> None:
    assert judged(outcome) == Again(wait=seconds(5), reason=reason, message=message)


def test_the_wait_doubles_up_to_a_quarter_of_an_hour() -> None:
    waits = [judged(Answered(status=500), attempt) for attempt in (1, 2, 3, 8, 9, 1_000)]

    assert [each.wait.total_seconds() for each in waits if isinstance(each, Again)] == [5, 10, 20, 640, 900, 900]


def test_chance_takes_up_to_half_of_the_wait() -> None:
    waits = [judged(Answered(status=500), 3, jitter=jitter) for jitter in (0.0, 0.5, 1.0)]

    assert [each.wait.total_seconds() for each in waits if isinstance(each, Again)] == [10, 15, 20]


@pytest.mark.parametrize("status", [429, 503, 500])
def test_a_retry_after_is_heeded_by_everything_that_is_pending(status: int) -> None:
    told = judged(Answered(status=status, retry_after=seconds(40)), jitter=0.2)

    assert isinstance(told, Again)
    assert (told.wait, told.all_wait) == (seconds(41), True)


@pytest.mark.parametrize(("asked", "waited"), [(1, 2.5), (3_600, 3_600), (86_400, 3_600)])
def test_a_retry_after_is_heeded_within_reason(asked: int, waited: float) -> None:
    told = judged(Answered(status=429, retry_after=seconds(asked)), jitter=0.0)

    assert isinstance(told, Again)
    assert told.wait == seconds(waited)


@pytest.mark.parametrize("asked", [-5, 0])
def test_a_receiver_that_asks_for_no_wait_at_all_is_spared_all_the_same(asked: int) -> None:
    told = judged(Answered(status=503, retry_after=seconds(asked)), attempt=4, jitter=1.0)

    assert isinstance(told, Again)
    assert (told.wait, told.all_wait) == (seconds(40), False)


def test_a_receiver_that_is_gone_is_not_asked_again() -> None:
    assert judged(Answered(status=410)) == GivenUp(
        reason="4xx", message="it answers 410: the receiver is gone for good"
    )


def test_the_last_attempt_is_made_when_the_time_is_up() -> None:
    assert judged(Answered(status=500), 9, "09:59", day=1) == Again(
        wait=seconds(60), reason="5xx", message="it answers 500"
    )
    assert judged(Answered(status=500), 10, "10:00", day=1) == GivenUp(
        reason="5xx", message="it answers 500, attempt 10, and its time is up"
    )
    assert judged(Answered(status=200), 10, "11:00", day=1) == Taken()
