"""How long to wait until the next poll of the head, and after a failure.

Pure. A poll that costs more requests than the head's share of the budget stretches the interval by itself, so that a
busy organisation makes the head later, never the limit broken.
"""

from __future__ import annotations

from datetime import timedelta

from producer import errors

_ONE_MINUTE = timedelta(minutes=1)

FIRST_AND_LONGEST_WAIT: dict[type[errors.ProducerError], tuple[timedelta, timedelta]] = {
    errors.CredentialsRefused: (timedelta(seconds=60), timedelta(minutes=5)),
    errors.PermissionMissing: (timedelta(seconds=60), timedelta(minutes=5)),
    errors.AddressNotAllowed: (timedelta(seconds=60), timedelta(minutes=5)),
    errors.WrongOrganisation: (timedelta(seconds=60), timedelta(minutes=5)),
    errors.ClockAhead: (timedelta(seconds=10), timedelta(minutes=1)),
    errors.TooManyHoles: (timedelta(seconds=60), timedelta(minutes=5)),
    errors.RateLimited: (timedelta(seconds=5), timedelta(minutes=1)),
    errors.SourceUnavailable: (timedelta(seconds=1), timedelta(seconds=30)),
    errors.Fenced: (timedelta(seconds=10), timedelta(minutes=5)),
    errors.SinkUnavailable: (timedelta(milliseconds=200), timedelta(seconds=5)),
    errors.SinkRefused: (timedelta(seconds=5), timedelta(minutes=1)),
    errors.StateTooNew: (timedelta(seconds=60), timedelta(minutes=5)),
}
"""By class of error: the wait after the first failure, and where doubling ends. What a person must mend waits long."""


def poll_interval(configured: timedelta, requests: int, share_per_minute: float) -> timedelta:
    """The span from one poll to the next: as configured, or what the last poll's requests take at the head's share."""
    return max(configured, _ONE_MINUTE * (requests / share_per_minute))


def wait_after(error: errors.ProducerError, failures: int) -> timedelta:
    """The wait after the n-th failure in a row (n from 1): doubling up to the longest of its class."""
    first, longest = next(
        (FIRST_AND_LONGEST_WAIT[kind] for kind in type(error).__mro__ if kind in FIRST_AND_LONGEST_WAIT),
        FIRST_AND_LONGEST_WAIT[errors.SourceUnavailable],
    )
    return min(longest, first * (1 << min(failures - 1, 16)))
