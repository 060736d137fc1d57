"""What every request to the API passes on its way out: a slot, the breaker, the limiter; and reports back to.

Thin: the decisions are the limiter's and the breaker's, the waiting is done here, in product time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime, timedelta

from producer import errors, events
from producer.genesys.breaker import Breaker, State
from producer.genesys.exchange import Request
from producer.genesys.limiter import Limiter
from producer.genesys.limiter_told import allowance_of
from producer.genesys.options import ClientOptions
from producer.genesys.outcome import Trouble
from producer.genesys.shares import Shares
from producer.genesys.turnstile import Turnstile
from producer.model.checkpoint import Usage
from producer.model.reads import ReadKind
from producer.ports import Clock, Observer

_MEASURED_EVERY = timedelta(seconds=1)  # nobody looks more often; what goes wrong is told at once


class BreakerOpen(errors.SourceUnavailable):
    """Nothing is asked while the breaker is open."""


class Gate:
    """One source's way out: the turnstile picks who is next, `slots` bounds the requests in flight."""

    def __init__(self, options: ClientOptions, *, clock: Clock, observe: Observer, source: str = "") -> None:
        self._clock = clock
        self._observe = observe
        self._source = source
        self._shares = Shares(options.shares)
        self._turnstile = Turnstile(self._next)
        self._limiter = Limiter(options.limiter, now=clock.now())
        self._breaker = Breaker(options.breaker)
        self._measured_at = clock.now() - _MEASURED_EVERY
        self.slots = asyncio.Semaphore(options.concurrency)

    def __repr__(self) -> str:
        return f"<Gate {self._limiter!r} {self._breaker!r}>"

    @property
    def closed(self) -> bool:
        """True while the breaker is closed; else the next request is a probe."""
        return self._breaker.state is State.CLOSED

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return self._turnstile.waiting

    @contextlib.asynccontextmanager
    async def passage(self, kind: ReadKind) -> AsyncIterator[datetime]:
        """Wait until a request of this kind may be sent and yield that instant; a place is taken from then on.

        A slot is held while entered. Raises BreakerOpen at once while the breaker is open.
        """
        async with self._turnstile.turn(kind):
            await self.slots.acquire()
            try:
                sent_at = await self._placed()
            except BaseException:
                self.slots.release()
                raise
        self._shares.sent(kind, sent_at)
        before = self._breaker.state
        self._breaker.sent(sent_at)
        self._tell_breaker(before, "")
        try:
            yield sent_at
        finally:
            self.slots.release()

    async def _placed(self) -> datetime:
        while True:
            now = self._clock.now()
            self._refuse_while_open(now)
            wait = self._limiter.reserve(now)
            if not wait:
                return now
            await self._clock.sleep(wait)

    def _next(self, waiting: Collection[ReadKind]) -> ReadKind:
        now = self._clock.now()
        return self._shares.next(waiting, self._limiter.cap(now), now)

    def answered(self, sent_at: datetime, headers: Mapping[str, str], kind: ReadKind) -> None:
        """A request of this kind was answered with what was asked for."""
        now = self._clock.now()
        self._limiter.answered(now)
        self._listen(headers)
        if self._tells(sent_at, kind):
            self._succeeded()
        if now - self._measured_at >= _MEASURED_EVERY:
            self._measure(now)

    def troubled(self, sent_at: datetime, trouble: Trouble, request: Request) -> None:
        """The request was answered otherwise, or not at all."""
        now = self._clock.now()
        self._listen(trouble.headers)
        if trouble.rate_limited:
            wait = trouble.wait or timedelta(0)
            learned = self._limiter.refused(now, wait)
            self._observe(
                events.RateLimitHit(
                    source=self._source,
                    wait=wait,
                    learned=learned,
                    request_id=request.request_id,
                    correlation_id=trouble.error.correlation_id,
                )
            )
        elif trouble.status is None:
            self._limiter.lost(now)
        else:
            self._limiter.answered(now)
        if not self._tells(sent_at, request.read):
            pass
        elif trouble.breaks:
            before = self._breaker.state
            self._breaker.failed(sent_at, now)
            self._tell_breaker(before, trouble.reason)
        else:
            self._succeeded()
        self._measure(now)

    def given_up(self, sent_at: datetime) -> None:
        """The request was cancelled while it was out."""
        self._limiter.lost(self._clock.now())
        before = self._breaker.state
        self._breaker.given_up(sent_at)
        self._tell_breaker(before, "cancelled")

    def resume(self, usage: Usage) -> None:
        """Go on from what a predecessor used and learned."""
        self._limiter.resume(usage, self._clock.now())

    def usage(self) -> Usage:
        """What a successor must count as spent."""
        return self._limiter.usage(self._clock.now())

    def _refuse_while_open(self, now: datetime) -> None:
        wait = self._breaker.wait(now)
        if wait:
            raise BreakerOpen(
                f"not asked: the breaker is open for {wait.total_seconds():.0f} s more,"
                f" after {self._breaker.failures} failures in a row",
                code="breaker.open",
            )

    def _tells(self, sent_at: datetime, kind: ReadKind) -> bool:
        """Whether the breaker is to hear of an answer. Names come from another part of the API and say nothing of
        reads, but where one of them is the probe.
        """
        return kind is not ReadKind.DIRECTORY or self._breaker.probed_by(sent_at)

    def _succeeded(self) -> None:
        before = self._breaker.state
        self._breaker.succeeded()
        self._tell_breaker(before, "answered")

    def _tell_breaker(self, before: State, reason: str) -> None:
        state = self._breaker.state
        if state is not before:
            self._observe(events.BreakerChanged(source=self._source, state=state.value, reason=reason))

    def _listen(self, headers: Mapping[str, str]) -> None:
        allowance = allowance_of(headers)
        if allowance is not None:
            self._limiter.told(allowance, self._clock.now())

    def _measure(self, now: datetime) -> None:
        self._measured_at = now
        cap, learned, used = self._limiter.cap(now), self._limiter.learned(now), self._limiter.used(now)
        self._observe(events.LimiterMeasured(source=self._source, cap=cap, learned=learned, used=used))
