"""One request, from the first attempt to a reply that was understood or an error that says what to do.

Each attempt takes a slot, a token and a place, and is judged by the table in `retry`. Waits are in product time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self, TypeVar
from uuid import uuid4

from producer import errors, events
from producer.genesys.auth import (
    Login,
    Token,
    TokenKeeper,
    bearing,
    secret_of,
    token_of,
    token_refused,
    token_request,
    without,
)
from producer.genesys.exchange import Answer, NoAnswer, Request
from producer.genesys.gate import BreakerOpen, Gate
from producer.genesys.options import ClientOptions, Credentials
from producer.genesys.outcome import Reply, Trouble, complained, misunderstood, no_answer
from producer.genesys.retry import Backoff, Disposition
from producer.genesys.transport import Transport
from producer.model.checkpoint import Usage
from producer.model.regions import Endpoints
from producer.ports import Clock, Observer

T = TypeVar("T")

_HEAVY = frozenset({Disposition.SHRINK, Disposition.RETRY_OR_SHRINK})
_REPEATED = frozenset({Disposition.RETRY, Disposition.WAIT, *_HEAVY})
_HEAVY_ENOUGH = 2
_OK = 200


class TooHeavy(errors.SourceUnavailable):
    """The API can't answer this much at once; whoever asked should ask for less. Never leaves `genesys`.

    `error` is what it was; `passing` when a server in trouble would answer the same; `split` when a smaller page
    does not help.
    """

    def __init__(self, error: errors.SourceError, *, passing: bool, split: bool = False) -> None:
        super().__init__(str(error), code=error.code, correlation_id=error.correlation_id)
        self.error = error
        self.passing = passing
        self.split = split


@dataclass(slots=True)
class Tally:
    """How many attempts one read has cost."""

    attempts: int = 0


class Client:
    """One source's requests. State is in its parts: the gate, the token keeper, the transport."""

    def __init__(
        self,
        *,
        endpoints: Endpoints,
        credentials: Credentials,
        options: ClientOptions,
        clock: Clock,
        observe: Observer,
        source: str = "",
        backoff: Backoff | None = None,
        login: Login = token_request,
    ) -> None:
        self._endpoints = endpoints
        self._credentials = credentials
        self._login = login
        self._options = options
        self._clock = clock
        self._observe = observe
        self._source = source
        self._backoff = backoff or Backoff()
        self._transport = Transport(options, clock=clock, observe=observe, source=source)
        self._tokens = TokenKeeper(self._fetch_token, clock=clock, observe=observe, source=source)
        self._gate = Gate(options, clock=clock, observe=observe, source=source)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._open.enter_async_context(self._transport)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    @property
    def closed(self) -> bool:
        """True while the breaker is closed; else the next request is a probe."""
        return self._gate.closed

    def resume(self, usage: Usage) -> None:
        """Go on from what a predecessor used and learned of the rate limit."""
        self._gate.resume(usage)

    def usage(self) -> Usage:
        """What the rate limit has to carry now."""
        return self._gate.usage()

    async def ask_once(self, request: Request, decode: Callable[[bytes], T]) -> Reply[T]:
        """Ask without repeating what fails (but for a token that has expired). Raises as `ask`."""
        return await self._persist(request, lambda number: self._attempt(request, decode, number), retries=0)

    async def ask(
        self, request: Request, decode: Callable[[bytes], T], *, tally: Tally | None = None, heavy: bool = False
    ) -> Reply[T]:
        """Ask until the answer is understood or nothing helps. `decode` raises MalformedBody for a broken body.

        With `heavy`, raises TooHeavy when asking for less would help. Else raises WindowRefused, SourceUnavailable,
        MalformedBody, RateLimited, CredentialsRefused, PermissionMissing, AddressNotAllowed.
        """

        async def attempt(number: int) -> Reply[T] | Trouble:
            """One try, counted."""
            if tally:
                tally.attempts += 1
            return await self._attempt(request, decode, number)

        return await self._persist(request, attempt, retries=self._options.retries, heavy=heavy)

    async def _persist(
        self,
        request: Request,
        attempt: Callable[[int], Awaitable[Reply[T] | Trouble]],
        *,
        retries: int,
        heavy: bool = False,
    ) -> Reply[T]:
        refreshed, heavy_failures, number = False, 0, 1
        trouble: Trouble | None = None
        while True:
            try:
                outcome = await attempt(number)
            except BreakerOpen as error:
                raise trouble.error if trouble else error from None
            if isinstance(outcome, Reply):
                return outcome
            trouble = outcome
            if trouble.disposition is Disposition.REFRESH_TOKEN and not refreshed:
                refreshed = True
                self._tell_retry(request, trouble, number, timedelta(0))
                continue
            heavy_failures += trouble.disposition in _HEAVY
            if heavy:
                _stop_if_too_heavy(trouble, heavy_failures)
            if number > retries or not _worth_repeating(trouble, heavy=heavy):
                raise trouble.error
            wait = self._backoff.wait(number) if trouble.wait is None else trouble.wait
            self._tell_retry(request, trouble, number, wait)
            number += 1
            await self._clock.sleep(wait)

    async def _attempt(self, request: Request, decode: Callable[[bytes], T], number: int) -> Reply[T] | Trouble:
        """One attempt through the gate. A place that was taken is given back whatever happens."""
        await self._tokens.token()  # so that nothing is spent while none can be had
        async with self._gate.passage(request.read) as sent_at:
            try:
                token = await self._tokens.token()  # that one may have expired in the queue
                outcome = await self._exchange(bearing(request, token), decode, number)
            except BaseException:
                self._gate.given_up(sent_at)
                raise
        if isinstance(outcome, Reply):
            self._gate.answered(sent_at, outcome.headers, request.read)
            return outcome
        self._gate.troubled(sent_at, outcome, request)
        if outcome.disposition is Disposition.REFRESH_TOKEN:
            self._tokens.forget(token)
        return outcome

    async def _fetch_token(self) -> Token:
        """A token from whoever gives them; that has limits of its own, so it passes no gate."""
        request_id = str(uuid4())
        margin = self._options.token_margin
        request = self._login(self._endpoints, self._credentials, request_id)
        secret = secret_of(self._credentials)

        async def attempt(number: int) -> Reply[Token] | Trouble:
            outcome = await self._exchange(
                request, lambda body: token_of(body, self._clock.now(), margin), number, secret=secret
            )
            return token_refused(outcome) if isinstance(outcome, Trouble) else outcome

        token = (await self._persist(request, attempt, retries=self._options.retries)).value
        token.refuse_scopes()
        return token

    async def _exchange(
        self, request: Request, decode: Callable[[bytes], T], number: int, *, secret: str = ""
    ) -> Reply[T] | Trouble:
        """Send once and understand the answer, but for a `secret` in it; tells that the exchange ended."""
        loop = asyncio.get_running_loop()
        sent_at, started = self._clock.now(), loop.time()
        answer = None
        try:
            answer = await self._transport.send(request)
            if secret and answer.status != _OK:
                answer = without(answer, secret)
            outcome = self._understand(answer, decode, sent_at, number, request.permission)
        except NoAnswer as error:
            outcome = no_answer(error)
        took = timedelta(seconds=loop.time() - started)
        self._tell_finished(request, answer, outcome, took)
        return outcome

    def _understand(
        self, answer: Answer, decode: Callable[[bytes], T], sent_at: datetime, number: int, permission: str
    ) -> Reply[T] | Trouble:
        now = self._clock.now()
        if answer.status != _OK:
            trouble = complained(answer, now, permission)
            if trouble.rate_limited and trouble.wait is None:
                return replace(trouble, wait=self._backoff.wait(number))
            return trouble
        try:
            value = decode(answer.body)
        except errors.MalformedBody as error:
            return misunderstood(error, answer)
        return Reply(value=value, sent_at=sent_at, received_at=now, size=len(answer.body), headers=answer.headers)

    def _tell_finished(
        self, request: Request, answer: Answer | None, outcome: Reply[T] | Trouble, took: timedelta
    ) -> None:
        trouble = outcome if isinstance(outcome, Trouble) else None
        self._observe(
            events.RequestFinished(
                source=self._source,
                endpoint=request.endpoint.value,
                status=answer.status if answer else None,
                took=took,
                request_id=request.request_id,
                correlation_id=answer.correlation_id if answer else None,
                code=trouble.error.code if trouble else "",
                failure=trouble.failure.value if trouble and trouble.failure else "",
            )
        )

    def _tell_retry(self, request: Request, trouble: Trouble, attempt: int, wait: timedelta) -> None:
        self._observe(
            events.RequestRetried(
                source=self._source,
                endpoint=request.endpoint.value,
                reason=trouble.reason,
                attempt=attempt,
                wait=wait,
                request_id=request.request_id,
                message=str(trouble.error),
                correlation_id=trouble.error.correlation_id,
            )
        )


def _stop_if_too_heavy(trouble: Trouble, heavy_failures: int) -> None:
    if trouble.disposition is Disposition.SPLIT:
        raise TooHeavy(trouble.error, passing=False, split=True)
    if trouble.disposition in _HEAVY and heavy_failures >= _HEAVY_ENOUGH:
        raise TooHeavy(trouble.error, passing=trouble.disposition is Disposition.RETRY_OR_SHRINK)


def _worth_repeating(trouble: Trouble, *, heavy: bool) -> bool:
    if trouble.disposition is Disposition.SHRINK:
        return heavy
    return trouble.disposition in _REPEATED
