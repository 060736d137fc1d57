"""When the next request may be sent, so that the API never has to refuse one.

Pure: it decides on paper, takes `now` and never sleeps. A request takes a place from the moment it is sent until 60 s
after its answer or timeout. The server counts a request somewhere between the two, so whatever window it counts by,
fixed or sliding, it never sees more of them in a minute than there are places.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from producer import errors
from producer.model.checkpoint import Usage

MINUTE = timedelta(minutes=1)
SPACING = timedelta(seconds=5)
_SPACINGS_PER_MINUTE = 12
_LEAST_SHARE = 12  # a learned cap is at least a twelfth of the configured one: others' bursts must not choke a source
_NOW = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimiterPolicy:
    """`requests_per_minute` is the published limit, `headroom` the share of it that is left to others.

    `rise_per_minute` is the share of the configured cap by which a learned cap rises in each minute without a 429.
    """

    requests_per_minute: int = 300
    headroom: float = 0.1
    rise_per_minute: float = 0.02

    def __post_init__(self) -> None:
        if self.requests_per_minute < 1:
            raise errors.ConfigurationError("requests_per_minute must be at least 1")
        if not 0 <= self.headroom < 1:
            raise errors.ConfigurationError("headroom must be at least 0 and below 1")

    @property
    def cap(self) -> int:
        """The most requests per minute that the settings allow."""
        return max(1, round(self.requests_per_minute * (1 - self.headroom), 6).__floor__())


@dataclass(slots=True)
class _Place:
    """A place whose request has ended: free again at `free_at`. `accepted` is false for a 429 and for no answer."""

    free_at: datetime
    accepted: bool


@dataclass(frozen=True, slots=True)
class _Learned:
    """A cap learned from a 429 at an instant; it has risen since."""

    cap: int
    at: datetime


class Limiter:
    """One source's places. The mutable state: how many requests are in flight, when the ended ones free their places
    (in order of time), when the last ones were sent, what was learned, and until when everything waits.
    """

    def __init__(self, policy: LimiterPolicy, *, now: datetime) -> None:
        self._policy = policy
        self._in_flight = 0
        self._ended: deque[_Place] = deque()
        self._sent: deque[datetime] = deque()
        self._told: int | None = None
        self._paused_until = now
        self._learned: _Learned | None = None

    def __repr__(self) -> str:
        return f"<Limiter {self._in_flight} in flight, {len(self._ended)} ended, {len(self._sent)} sent lately>"

    def cap(self, now: datetime) -> int:
        """The lowest of what the settings allow, what headers said and what was learned, per minute."""
        caps = [self._policy.cap, self._told, self.learned(now)]
        return max(1, min(cap for cap in caps if cap is not None))

    def learned(self, now: datetime) -> int | None:
        """The cap learned from the last 429, risen since; None when it no longer binds."""
        if self._learned is None:
            return None
        minutes = max(_NOW, now - self._learned.at) / MINUTE
        cap = self._learned.cap + int(minutes * self._policy.rise_per_minute * self._policy.cap)
        return cap if cap < self._policy.cap else None

    def used(self, now: datetime) -> int:
        """How many places are taken."""
        self._forget(now)
        return self._in_flight + len(self._ended)

    def reserve(self, now: datetime) -> timedelta:
        """Take a place for a request that is sent now and return zero; or how long to wait before asking again."""
        self._forget(now)
        wait = max(self._paused_until - now, self._wait_for_place(now), self._wait_for_spacing(now), _NOW)
        if not wait:
            self._in_flight += 1
            self._sent.append(now)
        return wait

    def answered(self, now: datetime) -> None:
        """A request was answered, by anything but a 429."""
        self._end(now, accepted=True)

    def lost(self, now: datetime) -> None:
        """A request ended without an answer: timeout, reset, or given up. The server may have counted it."""
        self._end(now, accepted=False)

    def refused(self, now: datetime, wait: timedelta) -> int:
        """A request was answered by a 429: everything waits.

        Returns the learned cap: what was accepted in the last 60 s.
        """
        self._end(now, accepted=False)
        self._forget(now)
        accepted = sum(place.accepted for place in self._ended)
        cap = min(self._policy.cap, max(accepted, self._policy.cap // _LEAST_SHARE, 1))
        self._learned = _Learned(cap, now)
        self._paused_until = max(self._paused_until, now + wait)
        return cap

    def told(self, allowed: int) -> None:
        """A header named the number of requests that are allowed per minute."""
        self._told = max(1, allowed)

    def resume(self, usage: Usage, now: datetime) -> None:
        """Count what a predecessor spent beyond what is known here, and go on from the cap that it learned.

        The predecessor may have been this same process, before it lost its lane: nothing is counted twice.
        """
        if usage.learned is not None and (self._learned is None or self._learned.at < usage.at):
            self._learned = _Learned(usage.learned, usage.at)
        unknown = _spent_before(usage, now, self._policy.cap)[self.used(now) :]
        self._ended = deque(sorted([*self._ended, *unknown], key=lambda place: place.free_at))

    def usage(self, now: datetime) -> Usage:
        """What a successor must count as spent."""
        return Usage(at=now, recent=self.used(now), learned=self.learned(now))

    def _end(self, now: datetime, *, accepted: bool) -> None:
        self._in_flight -= 1
        self._ended.append(_Place(now + MINUTE, accepted))

    def _forget(self, now: datetime) -> None:
        while self._ended and self._ended[0].free_at <= now:
            self._ended.popleft()
        while self._sent and self._sent[0] <= now - SPACING:
            self._sent.popleft()

    def _wait_for_place(self, now: datetime) -> timedelta:
        """Zero, or the span until enough places are free. One in flight frees its place no sooner than in a minute."""
        excess = self._in_flight + len(self._ended) - self.cap(now)
        if excess < 0:
            return _NOW
        return self._ended[excess].free_at - now if excess < len(self._ended) else MINUTE

    def _wait_for_spacing(self, now: datetime) -> timedelta:
        """Zero, or the span until fewer than a twelfth of the cap was sent in the last 5 s.

        Rounding down costs 2 % of the default cap, and more of a small one.
        """
        burst = max(1, self.cap(now) // _SPACINGS_PER_MINUTE)
        return _NOW if len(self._sent) < burst else self._sent[-burst] + SPACING - now


def _spent_before(usage: Usage, now: datetime, cap: int) -> list[_Place]:
    """The places that a predecessor may still hold, in the order in which they become free: what its checkpoint said,
    and the even rate for the time since. Never more than the cap, of which the latest count: after a minute only these.
    """
    since = min(max(now - usage.at, _NOW), MINUTE)
    even = int(cap * (since / MINUTE))
    told = [min(usage.at, now) + MINUTE] * usage.recent
    after = [now + MINUTE - since * ((even - 1 - number) / even) for number in range(even)]
    return [_Place(free_at, accepted=True) for free_at in [*told, *after][-cap:]]
