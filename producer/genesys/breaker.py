"""Whether the API is worth asking at all: closed, open for a while after failures in a row, then one probe.

Pure: takes `now`. Requests that were already on their way when a failure was counted don't count again, so that one bad
moment of many concurrent requests is one failure.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from producer import errors

_NOW = timedelta(0)


class State(enum.Enum):
    """Where the breaker stands; also a metric label."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """`failures` in a row open it for `first_pause`, which doubles after each failed probe up to `longest_pause`."""

    failures: int = 5
    first_pause: timedelta = timedelta(seconds=10)
    longest_pause: timedelta = timedelta(minutes=2)

    def __post_init__(self) -> None:
        if self.failures < 1:
            raise errors.ConfigurationError("breaker failures must be at least 1")
        if not _NOW < self.first_pause <= self.longest_pause:
            raise errors.ConfigurationError("breaker pauses must be positive, the first at most the longest")


class Breaker:
    """One source's breaker. The mutable state: failures in a row, the instant of the last counted one, the pause that
    runs, and whether a probe is out.
    """

    def __init__(self, policy: BreakerPolicy) -> None:
        self._policy = policy
        self._failures = 0
        self._failed_at: datetime | None = None
        self._open_until: datetime | None = None
        self._pause = policy.first_pause
        self._probe_sent_at: datetime | None = None

    def __repr__(self) -> str:
        return f"<Breaker {self.state.value}, {self._failures} failures in a row>"

    @property
    def state(self) -> State:
        """Closed; open; or half open while a probe is out."""
        if self._open_until is None:
            return State.CLOSED
        return State.OPEN if self._probe_sent_at is None else State.HALF_OPEN

    @property
    def failures(self) -> int:
        """How many failures there were in a row."""
        return self._failures

    def wait(self, now: datetime) -> timedelta:
        """Zero when a request may be sent now, else how long to wait before asking again."""
        if self._open_until is None:
            return _NOW
        if self._probe_sent_at is not None:
            return self._policy.first_pause
        return max(_NOW, self._open_until - now)

    def probed_by(self, sent_at: datetime) -> bool:
        """True when the request that was sent then is the probe."""
        return self._probe_sent_at == sent_at

    def sent(self, now: datetime) -> None:
        """A request goes out; with the breaker open it is the probe. Ask `wait` first."""
        if self._open_until is not None:
            self._probe_sent_at = now

    def succeeded(self) -> None:
        """A request was answered, if only to say no: the API is there."""
        self._failures = 0
        self._failed_at = self._open_until = self._probe_sent_at = None
        self._pause = self._policy.first_pause

    def failed(self, sent_at: datetime, now: datetime) -> None:
        """A request that was sent at `sent_at` ended in a 5xx, a timeout, a broken connection or a broken body."""
        if self._probe_sent_at is not None:
            if sent_at < self._probe_sent_at:
                return
            self._probe_sent_at = None
            self._pause = min(self._pause * 2, self._policy.longest_pause)
            self._open_until = now + self._pause
            return
        if self._failed_at is not None and sent_at <= self._failed_at:
            return
        self._failures += 1
        self._failed_at = now
        if self._failures >= self._policy.failures and self._open_until is None:
            self._open_until = now + self._pause

    def given_up(self, sent_at: datetime) -> None:
        """A request was cancelled: it says nothing, and another may be the probe."""
        if self._probe_sent_at == sent_at:
            self._probe_sent_at = None
