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
from producer.genesys.limiter_learned import MINUTE, Learned, lesson
from producer.genesys.limiter_told import Allowance, Told
from producer.model.checkpoint import Usage

SPACING = timedelta(seconds=5)
_SPACINGS_PER_MINUTE = 12
_BURST_SHARE = 3
"""Up to a third of the cap goes out in bursts, the rest one by one, so that a limit that fell is met by one request."""
_PACE = 0.8
"""Of the even distance between requests: they are never all on time, and late ones must be made up for."""
_MOST_LATE = timedelta(seconds=1)
"""More than this is not made up for at once: a limit that fell in the meantime would refuse all of it."""
_ONE_AFTER_ANOTHER = timedelta(seconds=65)
"""Longer than a minute: a limit that is far too low for us refuses in every minute."""
_NOW = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimiterPolicy:
    """`requests_per_minute` is the published limit, `headroom` the share of it that is left to others."""

    requests_per_minute: int = 300
    headroom: float = 0.1

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


class Limiter:
    """One source's places. The mutable state: how many requests are in flight, when the ended ones free their places
    (in order of time), when the last ones were sent and the next may be, what was told and learned, and until when
    everything waits.
    """

    def __init__(self, policy: LimiterPolicy, *, now: datetime) -> None:
        self._policy = policy
        self._in_flight = 0
        self._ended: deque[_Place] = deque()
        self._sent: deque[datetime] = deque()
        self._due: datetime | None = None
        self._next = now
        self._told = Told()
        self._paused_until = now
        self._refused_at = now - _ONE_AFTER_ANOTHER
        self._learned: Learned | None = None

    def __repr__(self) -> str:
        return f"<Limiter {self._in_flight} in flight, {len(self._ended)} ended, {len(self._sent)} sent lately>"

    def cap(self, now: datetime) -> int:
        """The lowest of what the settings allow, what headers leave to us and what was learned, per minute."""
        caps = [self._policy.cap, self._told.cap(now), self.learned(now)]
        return max(1, min(cap for cap in caps if cap is not None))

    def learned(self, now: datetime) -> int | None:
        """The cap learned from the last 429, risen since; None when it no longer binds."""
        cap = self._learned.risen(now, self._policy.cap) if self._learned else self._policy.cap
        return cap if cap < self._policy.cap else None

    def used(self, now: datetime) -> int:
        """How many places are taken."""
        self._forget(now)
        return self._in_flight + len(self._ended)

    def reserve(self, now: datetime) -> timedelta:
        """Take a place for a request that is sent now and return zero; or how long to wait before asking again."""
        self._forget(now)
        wait = max(self._paused_until - now, self._wait_for_place(now), self._wait_for_spacing(now), _NOW)
        if wait:
            self._due = now + wait
        else:
            self._pace(now)
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
        """A request was answered by a 429: everything waits. Returns the cap from now on."""
        self._end(now, accepted=False)
        self._forget(now)
        accepted = [place.free_at - MINUTE for place in self._ended if place.accepted]
        if self._teaches(len(accepted), now):
            self._learned = lesson(self._learned, accepted, now=now, wait=wait, configured=self._policy.cap)
        self._refused_at = now
        self._paused_until = max(self._paused_until, now + wait)
        return self.cap(now)

    def told(self, allowance: Allowance, now: datetime) -> None:
        """The headers of an answer, which has ended already unless it is a 429, spoke of the limit.

        Where others take their part and next to nothing is left, everything waits until the window ends.
        """
        others = 0
        if allowance.count is not None and allowance.reset is not None:
            since = now - allowance.span
            ours = sum(place.free_at - MINUTE > since for place in self._ended)
            others = max(0, allowance.count - ours - self._in_flight)
            if others and allowance.all_but_spent(self._in_flight):
                self._paused_until = max(self._paused_until, now + allowance.reset)
        self._told.heard(allowance, others, now)

    def resume(self, usage: Usage, now: datetime) -> None:
        """Count what a predecessor spent beyond what is known here, and go on from the cap that it learned.

        The predecessor may have been this same process, before it lost its lane: nothing is counted twice.
        """
        at = usage.learned_at or usage.at
        if usage.learned is not None and (self._learned is None or self._learned.at < at):
            self._learned = Learned(usage.learned, at)
        unknown = _spent_before(usage, now, self._policy.cap)[self.used(now) :]
        self._ended = deque(sorted([*self._ended, *unknown], key=lambda place: place.free_at))

    def usage(self, now: datetime) -> Usage:
        """What a successor must count as spent."""
        binds = self._learned if self.learned(now) is not None else None
        return Usage(
            at=now,
            recent=self.used(now),
            learned=binds.cap if binds else None,
            learned_at=binds.at if binds else None,
        )

    def _teaches(self, accepted: int, now: datetime) -> bool:
        """False for a 429 that headers had announced, that was sent before the one for which everything waits, or that
        came out of the blue: we know of a cap, were far below it, and nothing was refused in the minute before.
        """
        if self._told.spent or now < self._paused_until:
            return False
        learned = self.learned(now)
        return learned is None or 2 * accepted >= learned or now - self._refused_at < _ONE_AFTER_ANOTHER

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
        """Zero, or the span until fewer than a twelfth of the cap was sent in the last 5 s, and the last not just now.

        A twelfth of the configured cap is rounded down, which costs 2 % of the default; of a lower one, up.
        """
        cap = self.cap(now)
        burst = max(1, min(self._policy.cap // _SPACINGS_PER_MINUTE, -(-cap // _SPACINGS_PER_MINUTE)))
        wait = _NOW if len(self._sent) < burst else self._sent[-burst] + SPACING - now
        if (self._in_flight + len(self._ended)) * _BURST_SHARE >= cap:
            wait = max(wait, self._next - now)
        return wait

    def _pace(self, now: datetime) -> None:
        """The next paced request goes one distance after the instant at which this one could have gone.

        That is earlier than now when the process was not woken in time: what it is late with may then follow at once.
        """
        distance = min(SPACING, _PACE * MINUTE / self.cap(now))
        follows = bool(self._sent) and now - self._sent[-1] < distance
        could = self._due or (self._next if follows else now)
        self._next = max(min(could, now), now - _MOST_LATE) + distance
        self._due = None


def _spent_before(usage: Usage, now: datetime, cap: int) -> list[_Place]:
    """The places that a predecessor may still hold, in the order in which they become free: what its checkpoint said,
    and the even rate for the time since. Never more than the cap, of which the latest count: after a minute only these.
    """
    since = min(max(now - usage.at, _NOW), MINUTE)
    even = int(cap * (since / MINUTE))
    told = [min(usage.at, now) + MINUTE] * usage.recent
    after = [now + MINUTE - since * ((even - 1 - number) / even) for number in range(even)]
    return [_Place(free_at, accepted=True) for free_at in [*told, *after][-cap:]]
