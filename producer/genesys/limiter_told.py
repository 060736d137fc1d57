"""What the headers of an answer say of the limit, and of what others on the same token take of it.

Pure. The vendor removed these headers in 2021; where they come back they are believed. Their count is of all requests
in the window that ends `reset` from now, so what exceeds our own requests in it is somebody else's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from producer.genesys.limiter_learned import MINUTE

_REMEMBERED = timedelta(seconds=65)
"""Longer than a minute: the end of a fixed window, which shows all that others took of it, is always in there."""
_MARGIN = 100
"""A hundredth of what is allowed stays free, for requests of others that no header has shown yet."""
_NARROW_MARGIN = 150
_NEAR = timedelta(seconds=2)
_LONGEST_RESET = 60
_ROUNDED = timedelta(seconds=1)
_TELLING = timedelta(seconds=5)
"""So much of a window must have passed before one infers the rest from it."""
_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """So many requests are `allowed` per minute; `count` were made in the window that ends in `reset` (None: not said).

    `reset` is given in whole seconds, rounded up.
    """

    allowed: int
    count: int | None = None
    reset: timedelta | None = None

    @property
    def span(self) -> timedelta:
        """How much of the window has passed at least; zero when it is not said."""
        return timedelta(0) if self.reset is None else MINUTE + _ROUNDED - self.reset

    @property
    def spent(self) -> bool:
        """True when the count has reached what is allowed: a 429 with it is no surprise."""
        return self.count is not None and self.count >= self.allowed

    def all_but_spent(self, under_way: int) -> bool:
        """True when somebody else may have the rest before our next request is there, with so many of ours under way.

        The end of a sliding window is always near, and a place is free then: no more than two need be left there.
        """
        if self.count is None or self.reset is None:
            return False
        margin = self.allowed // _MARGIN if self.reset > _NEAR else self.allowed // _NARROW_MARGIN
        return self.count + under_way >= self.allowed - margin


def allowance_of(headers: Mapping[str, str]) -> Allowance | None:
    """What an answer says; None where it does not say how much is allowed."""
    allowed, count, reset = (
        _number(headers.get(f"inin-ratelimit-{name}", "")) for name in ("allowed", "count", "reset")
    )
    if allowed is None:
        return None
    ends_in = None if reset is None or reset > _LONGEST_RESET else timedelta(seconds=reset)
    return Allowance(allowed=allowed, count=count, reset=ends_in)


def _number(text: str) -> int | None:
    return int(text[:_DIGITS]) if text.isascii() and text.isdigit() else None


class Told:
    """The last allowance, and what others took lately: of their values only those that no later one exceeds."""

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._last: Allowance | None = None
        self._others: deque[tuple[datetime, int]] = deque()

    @property
    def spent(self) -> bool:
        """True when the last answer said that nothing is left."""
        return self._last is not None and self._last.spent

    def heard(self, allowance: Allowance, others: int, now: datetime) -> None:
        """An answer came with this allowance, of which `others` have taken so much until now.

        In the first minute no window has been seen whole: they are taken to go on as they do.
        """
        self._since = self._since or now
        self._last = allowance
        if now - self._since < MINUTE and allowance.span >= _TELLING:
            others = round(others * (MINUTE / min(allowance.span, MINUTE)))
        while self._others and self._others[-1][1] <= others:
            self._others.pop()
        self._others.append((now, others))

    def cap(self, now: datetime) -> int | None:
        """What is left for us, per minute; None when nothing was said."""
        if self._last is None:
            return None
        while len(self._others) > 1 and self._others[0][0] <= now - _REMEMBERED:
            self._others.popleft()
        allowed = self._last.allowed
        return max(1, allowed - self._others[0][1] - allowed // _MARGIN)
