"""Who may ask, and how often: tokens of the one OAuth client, and the requests each may make in a minute."""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from typing import Literal

from producer.simulator import refusals
from producer.simulator.clock import MINUTE, SECOND
from producer.simulator.options import SimulatorOptions

_MOST_TOKENS = 1_000


class Tokens:
    """The bearer tokens in force. Instants are UTC milliseconds."""

    def __init__(self, options: SimulatorOptions) -> None:
        self.lifetime = int(options.token_lifetime.total_seconds())
        self._expiries: OrderedDict[str, int] = OrderedDict()

    def issue(self, now: int) -> str:
        """A new token."""
        token = secrets.token_urlsafe(64)
        self._expiries[token] = now + self.lifetime * SECOND
        while len(self._expiries) > _MOST_TOKENS:
            self._expiries.popitem(last=False)
        return token

    def check(self, authorization: str | None, now: int) -> str:
        """The token of an Authorization header. Raises Refused."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise refusals.no_token()
        expiry = self._expiries.get(token)
        if expiry is None:
            raise refusals.bad_token()
        if now >= expiry:
            raise refusals.expired_token()
        return token

    def revoke(self, token: str | None = None) -> None:
        """End one token, or all of them."""
        if token is None:
            self._expiries.clear()
        else:
            self._expiries.pop(token, None)


class Quota:
    """The rate limit of one token: so many requests in a minute of the organisation's clock."""

    def __init__(self, window: Literal["fixed", "sliding"], other_client_share: float) -> None:
        self._sliding = window == "sliding"
        self._other = other_client_share
        self._accepted: deque[int] = deque()
        self._minute = 0
        self._in_minute = 0
        self.most = 0
        """The most requests accepted in any sliding minute."""

    def admit(self, now: int, limit: int) -> int | None:
        """Take a request in and return None, or return the whole seconds after which it may be repeated."""
        elapsed = MINUTE if self._sliding else now % MINUTE
        eaten = int(self._other * limit * elapsed / MINUTE)
        if self.used(now) + eaten >= limit:
            return self._wait(now, limit - eaten)
        self._accepted.append(now)
        self._in_minute += 1
        self.most = max(self.most, len(self._accepted))
        return None

    def used(self, now: int) -> int:
        """The requests of the present window."""
        while self._accepted and self._accepted[0] <= now - MINUTE:
            self._accepted.popleft()
        if now // MINUTE != self._minute:
            self._minute, self._in_minute = now // MINUTE, 0
        return len(self._accepted) if self._sliding else self._in_minute

    def _wait(self, now: int, room: int) -> int:
        """Until the fixed window ends, or until enough requests have left the sliding one."""
        if not self._sliding or room < 1 or not self._accepted:
            return -(-(MINUTE - now % MINUTE) // SECOND)
        leaving = self._accepted[max(0, len(self._accepted) - room)]
        return max(1, -(-(leaving + MINUTE - now) // SECOND))


class Quotas:
    """The quota of every token, and the limit in force."""

    def __init__(self, options: SimulatorOptions) -> None:
        self.limit = options.limit_per_minute
        self._window = options.limit_window
        self._other = options.other_client_share
        self._by_token: OrderedDict[str, Quota] = OrderedDict()
        self._most = 0

    def admit(self, token: str, now: int) -> None:
        """Count a request. Raises Refused when the limit is reached."""
        wait = self._of(token).admit(now, self.limit)
        if wait is not None:
            raise refusals.rate_limited(wait)

    def used(self, token: str, now: int) -> int:
        """The requests a token has made in the present window."""
        return self._of(token).used(now)

    def most(self) -> int:
        """The most requests accepted from one token in any sliding minute."""
        return max([self._most, *(quota.most for quota in self._by_token.values())])

    def total_used(self, now: int) -> int:
        """The requests of all tokens in the present window."""
        return sum(quota.used(now) for quota in self._by_token.values())

    def _of(self, token: str) -> Quota:
        known = self._by_token.get(token)
        if known is None:
            known = self._by_token[token] = Quota(self._window, self._other)
            if len(self._by_token) > _MOST_TOKENS:
                _, dropped = self._by_token.popitem(last=False)
                self._most = max(self._most, dropped.most)
        return known
