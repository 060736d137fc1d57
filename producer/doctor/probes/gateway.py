"""Asks a gateway of the token dialect: one token in the name of the realm, and one conversation.

Two requests, none repeated. How much there is to read a gateway does not say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

from producer import errors
from producer.doctor.judging import source as judging
from producer.doctor.probes.source import LONGEST, ask, glance
from producer.doctor.results import Outcome, Prerequisite, Result, failed, ok
from producer.genesys.auth import bearing
from producer.genesys.options import ClientOptions, Credentials
from producer.genesys.token_requests import TokenLogin, window_request
from producer.genesys.transport import Transport
from producer.model.regions import Endpoints
from producer.ports import Clock

_HOSTS = (Prerequisite.LOGIN_HOST, Prerequisite.API_HOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayProbe:
    """How the gateway is asked, as the daemon does it."""

    endpoints: Endpoints
    credentials: Credentials
    realm: str
    options: ClientOptions
    clock: Clock
    head_lag: timedelta

    async def examine(self) -> list[Result]:
        """All that can be told; what is missing could not be asked."""
        options = replace(self.options, timeout=min(self.options.timeout, LONGEST))
        try:
            transport = Transport(options, clock=self.clock, observe=lambda _: None)
        except errors.ConfigurationError as error:
            return [failed(each, str(error), "correct the variable, or unset it") for each in _HOSTS]
        async with transport:
            return await self._look_in(transport)

    async def _look_in(self, transport: Transport) -> list[Result]:
        request = TokenLogin(realm=self.realm)(self.endpoints, self.credentials, str(uuid4()))
        exchange = await ask(transport, self.clock, request)
        results = [judging.host(each, exchange) for each in _HOSTS]
        told = judging.clock(exchange, self.head_lag)
        results += [told] if told else []
        if exchange.answer is None:
            return results
        now = exchange.received_at
        results.append(judging.gateway_login(self.credentials.client_id, self.realm, exchange.answer, now))
        token = judging.token_in(exchange.answer, now)
        if token is None:
            return results
        results.append(ok(Prerequisite.ORGANISATION, f"the gateway gives tokens in the name of realm {self.realm}"))
        query = window_request(self.endpoints.api, glance(self.clock), size=1, request_id=str(uuid4()))
        results += judging.admission(self.options.limiter, await ask(transport, self.clock, bearing(query, token)))
        if results[-1].outcome is Outcome.OK:
            nothing = "in the token dialect nothing is asked for by id"
            unknown = "a gateway does not say how much there is to read; ask `genesys-producer plan --volume`"
            results += [ok(Prerequisite.BY_ID, nothing), ok(Prerequisite.BUDGET, unknown)]
        return results
