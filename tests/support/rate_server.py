"""The real limiter against the simulator's own count of requests, on paper: hours of load in a second.

Workers send whenever the limiter lets them; the server counts a request somewhere between its sending and its answer.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from producer.genesys.limiter import Limiter, LimiterPolicy
from producer.genesys.limiter_learned import MINUTE
from producer.genesys.limiter_told import allowance_of
from producer.simulator import refusals
from producer.simulator.access import Quotas
from producer.simulator.clock import millis
from producer.simulator.options import SimulatorOptions
from tests.support.clock import NOON

_MICROSECOND = timedelta(microseconds=1)
_TOKEN = "token"


@dataclass(order=True)
class _Answer:
    at: datetime
    wait: timedelta | None = field(compare=False)
    headers: dict[str, str] = field(compare=False)


class Load:
    """Requests of one client, who would always have another one to send. `change` is what an operator would do."""

    def __init__(
        self,
        *,
        window: Literal["fixed", "sliding"],
        limit: int = 300,
        other_share: float = 0.0,
        headers: bool = False,
        phase: timedelta = timedelta(0),
        seed: int = 1,
    ) -> None:
        options = SimulatorOptions(
            limit_per_minute=limit, limit_window=window, other_client_share=other_share, seed=seed
        )
        self.quotas = Quotas(options)
        self.began = self.now = NOON + phase
        self.limiter = Limiter(LimiterPolicy(), now=self.now)
        self.sent: list[datetime] = []
        self.accepted: list[datetime] = []
        self.refused: list[datetime] = []
        self._headers = headers
        self._dice = Random(seed)
        self._under_way: list[_Answer] = []

    def minutes(self, count: float) -> None:
        """Send as much as the limiter allows for so long."""
        until = self.now + count * MINUTE
        while self.now < until:
            while self._under_way and self._under_way[0].at <= self.now:
                self._end(heapq.heappop(self._under_way))
            wait = self.limiter.reserve(self.now) if len(self._under_way) < 8 else MINUTE
            if not wait:
                self._send()
                continue
            asleep = timedelta(seconds=self._dice.uniform(0, 0.02)) + _MICROSECOND
            self.now = min([until, self.now + wait + asleep, *(each.at for each in self._under_way[:1])])

    def change(self, limit: int, notice: timedelta = timedelta(0)) -> None:
        """The server has another limit from now on, or after a notice."""
        self.quotas.change(limit, millis(self.now), notice // timedelta(milliseconds=1))

    def restart(self) -> None:
        """Another process goes on from the checkpoint; what was under way is lost."""
        usage = self.limiter.usage(self.now)
        self.limiter = Limiter(LimiterPolicy(), now=self.now)
        self.limiter.resume(usage, self.now)
        self._under_way.clear()

    def used(self, minutes: float) -> float:
        """Requests per minute that were accepted in the last so many."""
        since = bisect_right(self.accepted, self.now - minutes * MINUTE)
        return (len(self.accepted) - since) / minutes

    def refused_within(self, span: timedelta) -> int:
        """The most 429s in any such span."""
        return max((bisect_left(self.refused, at + span) - nth for nth, at in enumerate(self.refused)), default=0)

    def _send(self) -> None:
        took = timedelta(seconds=self._dice.uniform(0.05, 0.15))
        counted = max([self.now + took / 2, *self.accepted[-1:]])
        self.sent.append(self.now)
        answer = _Answer(self.now + took, None, {})
        try:
            self.quotas.admit(_TOKEN, millis(counted))
            self.accepted.append(counted)
        except refusals.Refused as problem:
            self.refused.append(counted)
            answer.wait = timedelta(seconds=int(problem.headers["Retry-After"]))
        if self._headers:
            answer.headers = self.quotas.headers(_TOKEN, millis(counted))
        heapq.heappush(self._under_way, answer)

    def _end(self, answer: _Answer) -> None:
        if answer.wait is None:
            self.limiter.answered(self.now)
        if allowance := allowance_of(answer.headers):
            self.limiter.told(allowance, self.now)
        if answer.wait is not None:
            self.limiter.refused(self.now, answer.wait)
