from __future__ import annotations

from datetime import timedelta

import pytest

from producer import errors
from producer.planning.pace import FIRST_AND_LONGEST_WAIT, poll_interval, wait_after

CONFIGURED = timedelta(seconds=15)


def test_a_cheap_poll_keeps_the_configured_interval() -> None:
    assert poll_interval(CONFIGURED, 0, 100.0) == CONFIGURED
    assert poll_interval(CONFIGURED, 25, 100.0) == CONFIGURED


def test_a_dear_poll_waits_until_its_share_of_the_budget_has_paid_for_it() -> None:
    assert poll_interval(CONFIGURED, 200, 100.0) == timedelta(minutes=2)


def test_the_wait_doubles_up_to_the_longest_of_its_class() -> None:
    waits = [wait_after(errors.SourceUnavailable("down"), failures).total_seconds() for failures in range(1, 8)]
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    assert wait_after(errors.SourceUnavailable("down"), 1_000_000).total_seconds() == 30


@pytest.mark.parametrize(
    ("error", "first", "longest"),
    [
        (errors.CredentialsRefused, 60, 300),
        (errors.PermissionMissing, 60, 300),
        (errors.AddressNotAllowed, 60, 300),
        (errors.WrongOrganisation, 60, 300),
        (errors.ClockAhead, 10, 60),
        (errors.RateLimited, 5, 60),
        (errors.SourceUnavailable, 1, 30),
        (errors.MalformedBody, 1, 30),
        (errors.SourceError, 1, 30),
        (errors.Fenced, 10, 300),
        (errors.SinkUnavailable, 0.2, 5),
        (errors.SinkRefused, 5, 60),
        (errors.StateTooNew, 60, 300),
    ],
)
def test_what_a_person_must_mend_waits_long_and_what_passes_by_itself_does_not(
    error: type[errors.ProducerError], first: float, longest: float
) -> None:
    waits = wait_after(error("failed"), 1), wait_after(error("failed"), 99)
    assert [wait.total_seconds() for wait in waits] == [first, longest]


def test_no_class_of_error_waits_for_ever_or_not_at_all() -> None:
    for first, longest in FIRST_AND_LONGEST_WAIT.values():
        assert timedelta(milliseconds=100) <= first <= longest <= timedelta(minutes=5)
