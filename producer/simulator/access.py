"""Who may ask, and how often: tokens of the one OAuth client, and the requests each may make in a minute."""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from random import Random
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
    """The requests of one token, as the platform counts them: in minutes of the organisation's clock.

    Another client may hold the same token. It asks at a steady pace for its share of the limit, has done so before we
    came, counts and is refused like anybody, and does not ask again.
    """

    def __init__(self, window: Literal["fixed", "sliding"], seed: int = 0) -> None:
        self._sliding = window == "sliding"
        self._dice = Random(seed)
        self._accepted: deque[int] = deque()
        self._minute = 0
        self._in_minute = 0
        self._limit = 0
        self._lowered_at = -MINUTE
        self._other_asked: int | None = None
        self._other_asks = 0
        self.most = 0
        """The most requests accepted in any sliding minute."""
        self.most_over: int | None = None
        """How far that was above the limit at most, minutes apart that end within 60 s after the limit was lowered."""
        self.others = 0
        """How many requests of the other client were accepted."""

    def admit(self, now: int, limit: int, other_share: float = 0.0) -> int | None:
        """Take a request in and return None, or return the whole seconds after which it may be repeated."""
        self._let_other_ask(now, limit, other_share)
        return None if self._admit(now, limit) else self._wait(now, limit)

    def used(self, now: int) -> int:
        """The requests of the present window."""
        self._move_on(now)
        return len(self._accepted) if self._sliding else self._in_minute

    def resets_in(self, now: int) -> int:
        """The whole seconds until the window ends; a sliding one, until the oldest request leaves it."""
        self._move_on(now)
        begun = now if not self._accepted else self._accepted[0]
        left = begun + MINUTE - now if self._sliding else MINUTE - now % MINUTE
        return max(1, -(-left // SECOND))

    def _admit(self, now: int, limit: int) -> bool:
        if limit < self._limit:
            self._lowered_at = now
        self._limit = limit
        if self.used(now) >= limit:
            return False
        self._accepted.append(now)
        self._in_minute += 1
        self.most = max(self.most, len(self._accepted))
        if now - self._lowered_at > MINUTE:
            over = len(self._accepted) - limit
            self.most_over = over if self.most_over is None else max(self.most_over, over)
        return True

    def _let_other_ask(self, now: int, limit: int, share: float) -> None:
        """Let in what the other client asked for until now: one request at some instant of each stretch of its pace."""
        if not share:
            self._other_asked = None
            return
        pace = max(1, int(MINUTE / (share * limit)))
        if self._other_asked is None or self._other_asked < now - MINUTE:
            begin = now - MINUTE if not self._accepted or self._accepted[-1] < now - MINUTE else now
            self._other_asked, self._other_asks = begin, begin + self._dice.randrange(pace)
        while self._other_asks <= now:
            self.others += self._admit(self._other_asks, limit)
            self._other_asked += pace
            self._other_asks = self._other_asked + self._dice.randrange(pace)

    def _move_on(self, now: int) -> None:
        while self._accepted and self._accepted[0] <= now - MINUTE:
            self._accepted.popleft()
        if now // MINUTE != self._minute:
            self._minute, self._in_minute = now // MINUTE, 0

    def _wait(self, now: int, limit: int) -> int:
        """Until the fixed window ends, or until enough requests have left the sliding one."""
        if not self._sliding:
            return self.resets_in(now)
        leaving = self._accepted[len(self._accepted) - limit]
        return max(1, -(-(leaving + MINUTE - now) // SECOND))


class Quotas:
    """The quota of every token, and the limit in force."""

    def __init__(self, options: SimulatorOptions) -> None:
        self.limit = options.limit_per_minute
        """What the headers say."""
        self.other_share = options.other_client_share
        self._seed = options.seed
        self._window = options.limit_window
        self._before, self._until = self.limit, -1  # an earlier limit, and until when it is in force still
        self._by_token: OrderedDict[str, Quota] = OrderedDict()
        self._most = 0
        self._most_over: int | None = None

    def change(self, limit: int, now: int, notice: int = 0) -> None:
        """Tell of another limit, and go on by the one in force for so many milliseconds."""
        self._before, self._until = self._in_force(now), now + notice
        self.limit = limit

    def admit(self, token: str, now: int) -> None:
        """Count a request. Raises Refused when the limit is reached."""
        wait = self._of(token).admit(now, self._in_force(now), self.other_share)
        if wait is not None:
            raise refusals.rate_limited(wait)

    def headers(self, token: str, now: int) -> dict[str, str]:
        """What the platform said of the limit in every answer, until 2021."""
        quota = self._of(token)
        return {
            "inin-ratelimit-count": str(quota.used(now)),
            "inin-ratelimit-allowed": str(self.limit),
            "inin-ratelimit-reset": str(quota.resets_in(now)),
        }

    def most(self) -> int:
        """The most requests accepted from one token in any sliding minute."""
        return max([self._most, *(quota.most for quota in self._by_token.values())])

    def most_over(self) -> int | None:
        """How far above the limit that was at most, minutes that end within 60 s after it was lowered left out."""
        known = [self._most_over, *(quota.most_over for quota in self._by_token.values())]
        return max((one for one in known if one is not None), default=None)

    def total_used(self, now: int) -> int:
        """The requests of all tokens in the present window."""
        return sum(quota.used(now) for quota in self._by_token.values())

    def others(self) -> int:
        """The requests of the other client that were accepted, of the tokens still remembered."""
        return sum(quota.others for quota in self._by_token.values())

    def _in_force(self, now: int) -> int:
        return self._before if now < self._until else self.limit

    def _of(self, token: str) -> Quota:
        known = self._by_token.get(token)
        if known is None:
            known = self._by_token[token] = Quota(self._window, self._seed)
            if len(self._by_token) > _MOST_TOKENS:
                _, dropped = self._by_token.popitem(last=False)
                self._most = max(self._most, dropped.most)
                if dropped.most_over is not None:
                    self._most_over = max(dropped.most_over, self._most_over or dropped.most_over)
        return known
