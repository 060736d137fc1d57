"""What to do about a failed exchange: a table that one can print, and the wait before the next attempt.

Pure. The first rule that fits decides: the code of the answer, then its status, then its kind. What the tables don't
name is seen and counted, never retried blindly.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from producer import errors
from producer.genesys.complaint import Complaint
from producer.genesys.exchange import READ_PERMISSION, Failure


class NotFound(errors.SourceUnavailable):
    """There is nothing at the address that was asked (404)."""


class ServerError(errors.SourceUnavailable):
    """The API is there and answered with a server error (5xx)."""


class Disposition(enum.Enum):
    """What to do about a failed exchange."""

    RETRY = "retry"
    """Ask again after a backoff, or what Retry-After says; then the read is made again later."""
    RETRY_OR_SHRINK = "retry or shrink"
    """The same; but when it happens twice on one page, ask for less at once."""
    SHRINK = "shrink"
    """Ask for less at once."""
    WAIT = "wait"
    """All requests of the source wait, then ask again."""
    REFRESH_TOKEN = "refresh the token"  # noqa: S105 - an action
    """Ask again with a new token, once."""
    SPLIT = "split"
    """Ask for a shorter time."""
    REFUSE = "refuse"
    """It belongs to the window, and would happen again."""
    PERSON = "wait for a person"
    """Any read would fail now, until somebody mends it."""


BY_CODE: Mapping[str, Disposition] = {
    "ip.not.authorized": Disposition.PERSON,
    "response.entity.too.large": Disposition.SHRINK,
    "too.many.requests": Disposition.WAIT,
    "too.many.requests.retry.after": Disposition.WAIT,
}
BY_MESSAGE: Mapping[str, Disposition] = {
    "Pagination may not exceed": Disposition.SPLIT,
    "does not exceed": Disposition.SPLIT,
}
BY_STATUS: Mapping[int, Disposition] = {
    400: Disposition.REFUSE,
    401: Disposition.REFRESH_TOKEN,
    403: Disposition.PERSON,
    404: Disposition.PERSON,
    407: Disposition.PERSON,
    408: Disposition.RETRY,
    409: Disposition.RETRY,
    413: Disposition.REFUSE,
    429: Disposition.WAIT,
    500: Disposition.RETRY,
    502: Disposition.RETRY_OR_SHRINK,
    503: Disposition.RETRY,
    504: Disposition.RETRY_OR_SHRINK,
}
BY_FAILURE: Mapping[Failure, Disposition] = {
    Failure.TIMEOUT: Disposition.RETRY_OR_SHRINK,
    Failure.CONNECTION: Disposition.RETRY,
    Failure.BODY: Disposition.RETRY,
    Failure.TOO_LARGE: Disposition.SHRINK,
}
_BY_CLASS: Mapping[int, Disposition] = {4: Disposition.REFUSE, 5: Disposition.RETRY}

_REASONS: Mapping[int, str] = {400: "body", 401: "401", 408: "timeout", 429: "429"}
# 400 is repeated only as too large a body; a conflict (409) passes like a server error and is counted with them.


def disposition_of(complaint: Complaint) -> Disposition:
    """What to do about an error answer. One that is neither 4xx nor 5xx (a redirect) needs a person."""
    by_message = (found for text, found in BY_MESSAGE.items() if complaint.status == 400 and text in complaint.message)  # noqa: PLR2004 - the status is its own name
    return (
        BY_CODE.get(complaint.code)
        or next(by_message, None)
        or BY_STATUS.get(complaint.status)
        or _BY_CLASS.get(complaint.status // 100, Disposition.PERSON)
    )


def reason_of(complaint: Complaint) -> str:
    """The reason of a retry, of the bounded set of `RequestRetried`."""
    return _REASONS.get(complaint.status, "5xx")


_Ending = tuple[type[errors.SourceError], str]

_BY_STATUS: Mapping[int, _Ending] = {
    401: (errors.CredentialsRefused, "a new token is refused as well"),
    403: (errors.PermissionMissing, "a permission is missing (it takes {permission})"),
    404: (NotFound, "nothing is at this address; check genesys.region or genesys.api_url"),
    429: (errors.RateLimited, "too many requests, again after waiting"),
}
_BY_DISPOSITION: Mapping[Disposition, _Ending] = {
    Disposition.REFUSE: (errors.WindowRefused, "refused"),
    Disposition.SPLIT: (errors.WindowRefused, "refused as too long"),
    Disposition.SHRINK: (errors.WindowRefused, "refused as too large"),
    Disposition.PERSON: (
        errors.SourceUnavailable,
        "not an answer of the API; check genesys.region or genesys.api_url, and the proxy",
    ),
    Disposition.RETRY: (ServerError, "server error"),
    Disposition.RETRY_OR_SHRINK: (ServerError, "server error"),
}


def error_of(complaint: Complaint, permission: str = READ_PERMISSION) -> errors.SourceError:
    """The error that ends a request, by what to do about it; `permission` is what the request took."""
    kind, message = _ending_of(complaint)
    code = complaint.code or str(complaint.status)
    return kind(
        f"{message.format(permission=permission)}: {complaint}", code=code, correlation_id=complaint.correlation_id
    )


def _ending_of(complaint: Complaint) -> _Ending:
    if complaint.code == "ip.not.authorized":
        return errors.AddressNotAllowed, "the address of this machine is not allowed"
    return _BY_STATUS.get(complaint.status) or _BY_DISPOSITION[disposition_of(complaint)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential with full jitter: the n-th wait is anywhere up to `first` doubled n times, at most `longest`."""

    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(seconds=30)
    jitter: Callable[[], float] = random.random

    def wait(self, attempt: int) -> timedelta:
        """The wait after the attempt of this number, from 1."""
        return self.jitter() * min(self.longest, self.first * (1 << min(attempt - 1, 16)))
