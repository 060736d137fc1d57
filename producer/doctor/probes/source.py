"""Asks Genesys Cloud: one token, whose it is, one conversation, one by an id that nobody has, two names, and ten
numbers that say how much there is to read.

Sixteen requests, none repeated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

from producer import errors
from producer.doctor.judging import source as judging
from producer.doctor.judging.source import Exchange
from producer.doctor.results import Outcome, Prerequisite, Result, failed
from producer.genesys.auth import Token, bearing, token_request
from producer.genesys.directory import names_request
from producer.genesys.exchange import Answer, NoAnswer, Request
from producer.genesys.limiter_told import allowance_of
from producer.genesys.options import ClientOptions, Credentials
from producer.genesys.query import Question, by_id_request, count_request, organisation_request, page_request
from producer.genesys.survey import BRIEF, look
from producer.genesys.transport import Transport
from producer.model.instants import floor_millis
from producer.model.names import NameKind
from producer.model.regions import Endpoints
from producer.model.windows import Slice, windows_between
from producer.planning.cost import Rules, day_cost
from producer.ports import Clock

LONGEST = timedelta(seconds=10)
"""How long one request may take, whatever the settings allow the daemon."""
_GLANCE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceProbe:
    """How the organisation is asked, as the daemon does it. `expected` is the organisation that the settings name;
    `names` the kinds of names that are to be looked up.
    """

    endpoints: Endpoints
    credentials: Credentials
    options: ClientOptions
    clock: Clock
    head_lag: timedelta
    rules: Rules
    expected: str | None
    names: tuple[NameKind, ...] = tuple(NameKind)

    async def examine(self) -> list[Result]:
        """All that can be told; what is missing could not be asked."""
        options = replace(self.options, timeout=min(self.options.timeout, LONGEST))
        try:
            transport = Transport(options, clock=self.clock, observe=lambda _: None)
        except errors.ConfigurationError as error:
            hosts = (Prerequisite.LOGIN_HOST, Prerequisite.API_HOST)
            return [failed(each, str(error), "correct the variable, or unset it") for each in hosts]
        async with transport:
            results, token = await self._log_in(transport)
            return results + await self._look_in(transport, token)

    async def _log_in(self, transport: Transport) -> tuple[list[Result], Token | None]:
        """What the login host says, and its token."""
        request = token_request(self.endpoints, self.credentials, str(uuid4()))
        exchange = await ask(transport, self.clock, request)
        results = [judging.host(Prerequisite.LOGIN_HOST, exchange), *self._clock_of(exchange)]
        if exchange.answer is None:
            return results, None
        now = exchange.received_at
        results.append(judging.login(self.credentials.client_id, exchange.answer, now))
        return results, judging.token_in(exchange.answer, now)

    async def _look_in(self, transport: Transport, token: Token | None) -> list[Result]:
        """What the API host says; without a token no more than that it answers."""
        request = organisation_request(self.endpoints.api, request_id=str(uuid4()))
        exchange = await ask(transport, self.clock, bearing(request, token) if token else request)
        results = [judging.host(Prerequisite.API_HOST, exchange), *self._clock_of(exchange)]
        if token is None or exchange.answer is None:
            return results
        told = judging.organisation(self.expected, exchange.answer, exchange.received_at)
        results.append(told)
        if told.prerequisite is not Prerequisite.ORGANISATION:
            return results
        exchange = await ask(transport, self.clock, bearing(self._query(), token))
        results += judging.admission(self.options.limiter, exchange)
        if exchange.answer is None or results[-1].outcome is not Outcome.OK:
            return results
        allowance = allowance_of(exchange.answer.headers)
        results += [await self._by_id(transport, token), await self._names(transport, token)]
        return [*results, await self._budget(transport, token, allowance.allowed if allowance else None)]

    async def _by_id(self, transport: Transport, token: Token) -> Result:
        """Whether the other endpoint of conversations lets the client in: ids that it does not know it leaves out."""
        request = by_id_request(self.endpoints.api, [str(uuid4())], request_id=str(uuid4()))
        exchange = await ask(transport, self.clock, bearing(request, token))
        if exchange.answer is None:
            return judging.host(Prerequisite.API_HOST, exchange)
        return judging.by_id(exchange.answer, exchange.received_at)

    async def _names(self, transport: Transport, token: Token) -> Result:
        """Whether names may be looked up: one of each kind."""
        if not self.names:
            return judging.no_names()
        requests = {kind: names_request(self.endpoints.api, kind, (), request_id=str(uuid4())) for kind in self.names}
        return judging.names(
            [(kind, await ask(transport, self.clock, bearing(each, token))) for kind, each in requests.items()]
        )

    async def _budget(self, transport: Transport, token: Token, allowed: int | None) -> Result:
        """Whether a day of the tiers that are configured can be read in a day, at the volume of yesterday."""

        async def count(question: Question) -> int:
            request = count_request(self.endpoints.api, question, request_id=str(uuid4()))
            return judging.hits(await ask(transport, self.clock, bearing(request, token)))

        try:
            found = await look(count, self.clock.now(), BRIEF)
        except errors.SourceError as error:
            return judging.volume_unknown(error)
        rules = self.rules if allowed is None else replace(self.rules, budget=min(self.rules.budget, allowed))
        return judging.budget(found.volume, day_cost(found.volume, rules))

    def _query(self) -> Request:
        """One row of the last minute."""
        return page_request(self.endpoints.api, glance(self.clock), number=1, size=1, request_id=str(uuid4()))

    def _clock_of(self, exchange: Exchange) -> list[Result]:
        told = judging.clock(exchange, self.head_lag)
        return [told] if told else []


async def ask(transport: Transport, clock: Clock, request: Request) -> Exchange:
    """Send a request once, whatever comes of it."""
    outcome: Answer | NoAnswer
    sent_at: datetime = clock.now()
    try:
        outcome = await transport.send(request)
    except NoAnswer as error:
        outcome = error
    parts = urlsplit(request.url)
    return Exchange(
        address=f"{parts.scheme}://{parts.netloc}",
        outcome=outcome,
        sent_at=sent_at,
        received_at=clock.now(),
    )


def glance(clock: Clock) -> Slice:
    """The last minute, or the part of it after midnight where there was one."""
    edge = floor_millis(clock.now())
    *_, window = windows_between(edge - _GLANCE, edge)
    return Slice(window=window)
