"""What came of one attempt, and what to do about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from producer.model.delivery import Delivery
from producer.model.instants import from_millis

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=15)
LONGEST_ASKED = timedelta(hours=1)
"""How long a Retry-After is heeded."""

_GONE = 410
_RATE_LIMITED = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The receiver answered; `retry_after` is what it asked for."""

    status: int
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """No answer came. `reason` is one of a bounded set (timeout, connection, settings, defect)."""

    reason: str
    message: str


Outcome = Answered | Unanswered


@dataclass(frozen=True, slots=True)
class Taken:
    """The receiver has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Send it again after `wait`. `all_wait`: the receiver asked for it, so everything that is pending waits."""

    wait: timedelta
    reason: str
    message: str
    all_wait: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """It will not be sent again."""

    reason: str
    message: str


Verdict = Taken | Again | GivenUp


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a delivery is repeated: until `give_up_after` (product time) after what it tells of."""

    give_up_after: timedelta

    def judge(self, outcome: Outcome, delivery: Delivery, attempt: int, now: datetime, *, jitter: float) -> Verdict:
        """What to do after the attempt number `attempt` (from 1). `jitter` is from 0 to 1: senders must not march.

        The last attempt is made when the time is up, or once the wait is over that the receiver asked for.
        """
        if isinstance(outcome, Answered) and outcome.status // 100 == 2:  # noqa: PLR2004 - 2xx
            return Taken()
        reason, message = _told(outcome)
        if isinstance(outcome, Answered) and outcome.status == _GONE:
            return GivenUp(reason=reason, message=f"{message}: the receiver is gone for good")
        left = from_millis(delivery.created_at) + self.give_up_after - now
        if left <= timedelta(0):
            return GivenUp(reason=reason, message=f"{message}, attempt {attempt}, and its time is up")
        backoff = min(FIRST_WAIT * 2 ** min(attempt - 1, 16), LONGEST_WAIT) * (0.5 + jitter / 2)
        asked = outcome.retry_after if isinstance(outcome, Answered) else None
        if asked is not None and asked > timedelta(0):
            wait = min(asked, LONGEST_ASKED) + FIRST_WAIT * jitter
            return Again(wait=max(wait, min(backoff, left)), reason=reason, message=message, all_wait=True)
        return Again(wait=min(backoff, left), reason=reason, message=message)


def _told(outcome: Outcome) -> tuple[str, str]:
    """The reason, of a bounded set, and a text."""
    if isinstance(outcome, Unanswered):
        return outcome.reason, outcome.message
    known = "429" if outcome.status == _RATE_LIMITED else f"{outcome.status // 100}xx"
    return known, f"it answers {outcome.status}"
