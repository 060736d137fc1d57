"""What came of one attempt: a reply that was understood, or trouble with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from producer import errors
from producer.genesys.complaint import asked_to_wait, complaint_of
from producer.genesys.exchange import READ_PERMISSION, Answer, Failure, NoAnswer
from producer.genesys.retry import BY_FAILURE, Disposition, disposition_of, error_of, reason_of

T_co = TypeVar("T_co", covariant=True)

_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Generic[T_co]):
    """An answer that was understood. `sent_at` is what instant its content speaks of; `size` is in bytes."""

    value: T_co
    sent_at: datetime
    received_at: datetime
    size: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An attempt that failed: what to do, and the error that it becomes when nothing helps.

    `wait` is what the server asked for, None when it did not; `said` is the complaint in its words.
    """

    disposition: Disposition
    error: errors.SourceError
    reason: str
    status: int | None = None
    failure: Failure | None = None
    wait: timedelta | None = None
    said: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def rate_limited(self) -> bool:
        """True for a 429."""
        return self.disposition is Disposition.WAIT

    @property
    def breaks(self) -> bool:
        """True when it counts for the breaker: a 5xx, a timeout, a broken connection, a broken body."""
        if self.failure is not None:
            return self.failure is not Failure.TOO_LARGE
        return self.status is not None and self.status >= _SERVER_ERROR


def no_answer(error: NoAnswer) -> Trouble:
    """Trouble without a whole answer."""
    failure = error.failure
    ends_as: errors.SourceError = error
    if failure is Failure.TOO_LARGE:
        ends_as = errors.WindowRefused(str(error), code=error.code)
    elif failure is Failure.BODY:
        ends_as = errors.MalformedBody(str(error), code=error.code)
    reason = (Failure.BODY if failure is Failure.TOO_LARGE else failure).value
    return Trouble(disposition=BY_FAILURE[failure], error=ends_as, reason=reason, failure=failure)


def misunderstood(error: errors.MalformedBody, answer: Answer) -> Trouble:
    """An answer of status 200 that is not what the API speaks."""
    said = errors.MalformedBody(str(error), code=Failure.BODY.value, correlation_id=answer.correlation_id)
    return Trouble(
        disposition=BY_FAILURE[Failure.BODY],
        error=said,
        reason=Failure.BODY.value,
        status=answer.status,
        failure=Failure.BODY,
        headers=answer.headers,
    )


def complained(answer: Answer, now: datetime, permission: str = READ_PERMISSION) -> Trouble:
    """An answer that says no to a request that takes this permission."""
    complaint = complaint_of(answer)
    return Trouble(
        disposition=disposition_of(complaint),
        error=error_of(complaint, permission),
        reason=reason_of(complaint),
        status=answer.status,
        wait=asked_to_wait(answer, complaint, now),
        said=str(complaint),
        headers=answer.headers,
    )
