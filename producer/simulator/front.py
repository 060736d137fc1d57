"""The door every API request comes in by: faults, credentials, limit, permission, and the log of what was answered."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from random import Random

from aiohttp import web

from producer.simulator import refusals, wire
from producer.simulator.access import Quotas, Tokens
from producer.simulator.answers import Answer, Answers
from producer.simulator.clock import Clock
from producer.simulator.faults import Fault, FaultTable, Trouble
from producer.simulator.options import SimulatorOptions
from producer.simulator.organisation import Row
from producer.simulator.stats import Stats

LARGEST_REQUEST = 4 * 1024 * 1024
"""Bytes of a request that are read at all; the platform's own limit is checked later, and lower."""
_log = logging.getLogger(__name__)

Reply = Callable[["Call"], Awaitable[bytes]]


class Call:
    """One API request, and what is being made of it. `now` is the instant the answer speaks of."""

    def __init__(self, request: web.Request, now: int, fault: Fault | None) -> None:
        self.request = request
        self.now = now
        self.fault = fault
        self.correlation_id = str(uuid.uuid4())
        self.served: list[Row] = []
        self.status = HTTPStatus.OK.value
        self.headers: Mapping[str, str] = {}

    def meets(self, trouble: Trouble) -> bool:
        """Whether this call's fault is of that kind."""
        return self.fault is not None and self.fault.kind is trouble


class Front:
    """Lets requests in and answers out. Its attributes are what an operator may change while it runs."""

    def __init__(self, options: SimulatorOptions, clock: Clock) -> None:
        self._options = options
        self.clock = clock
        self.tokens = Tokens(options)
        self.quotas = Quotas(options)
        self.faults = FaultTable(options.faults, options.seed)
        self.answers = Answers(options.answer_log_bytes)
        self.stats = Stats()
        self.secret = options.client_secret
        self.permission = options.permission
        self.latency = options.latency.total_seconds()
        self._jitter = options.latency_jitter.total_seconds()
        self._dice = Random(options.seed)

    def open(self, reply: Reply) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """A handler for a path without a token: the login."""

        async def handler(request: web.Request) -> web.StreamResponse:
            """What aiohttp calls."""
            return await self._handle(request, reply)

        return handler

    def guarded(
        self, reply: Reply, *, needs_permission: bool = False
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """A handler for a path that needs a token, and counts against its limit."""

        async def checked(call: Call) -> bytes:
            """Credentials first, then the limit, then the permission, as the platform does."""
            token = self.tokens.check(call.request.headers.get("Authorization"), call.now)
            try:
                self.quotas.admit(token, call.now)
            except refusals.Refused:
                self.stats.limited()
                raise
            if needs_permission and not self.permission:
                raise refusals.missing_permission()
            return await reply(call)

        return self.open(checked)

    async def _handle(self, request: web.Request, reply: Reply) -> web.StreamResponse:
        now = self.clock.now()
        fault = self.faults.draw(request.path, now)
        call = Call(request, now, fault)
        answer = Answer(
            at=now,
            request_id=wire.sendable(request.headers.get("X-Request-Id", "")) or None,
            method=request.method,
            path=wire.sendable(request.path_qs),
            fault=fault.kind.value if fault else None,
        )
        self.stats.began()
        try:
            if self.latency or self._jitter:
                await asyncio.sleep(self.latency + self._jitter * self._dice.random())
            response = await self._respond(call, reply)
            wire.dated(response, self.clock.now())
            answer.status = response.status
            if response.status == HTTPStatus.OK and not (fault and fault.kind in (Trouble.TRUNCATED, Trouble.CUT)):
                answer.served = call.served
            if fault is not None and wire.spoils(fault):
                return await wire.spoil(response, fault, request)
            return response
        finally:
            self.answers.add(answer)
            route = request.match_info.route.resource
            path = route.canonical if route else request.path
            self.stats.finished(path, answer.status, answer.fault, len(answer.served))

    async def _respond(self, call: Call, reply: Reply) -> web.Response:
        try:
            if call.fault is not None:
                if call.fault.kind is Trouble.UNAUTHORIZED:
                    _, _, token = call.request.headers.get("Authorization", "").partition(" ")
                    self.tokens.revoke(token or "-")
                spoiled = await wire.instead(call.fault, call.request, call.correlation_id, self.quotas.limit)
                if spoiled is not None:
                    return spoiled
            response = await self._right(call, reply)
        except refusals.Refused as problem:
            response = wire.refusal(problem, call.correlation_id)
        except web.HTTPRequestEntityTooLarge:
            response = wire.refusal(refusals.request_too_large(LARGEST_REQUEST), call.correlation_id)
        except ConnectionError:  # the client has gone: nobody to answer
            raise
        except Exception:  # noqa: BLE001  the last door, as said below
            # The last door: whatever a client sent, it gets an error of the platform and not one of the web server.
            _log.exception("%s %s failed: a defect of the simulator", call.request.method, call.request.path)
            response = wire.refusal(refusals.server_error(), call.correlation_id)
        if self._options.rate_headers:
            response.headers.update(self._rate_headers(call))
        if self._options.gzip and not wire.spoils(call.fault):
            wire.compress(response, call.request)
        return response

    async def _right(self, call: Call, reply: Reply) -> web.Response:
        body = await reply(call)
        if call.meets(Trouble.OVERSIZED) and call.fault is not None:
            body = wire.padded(body, call.fault.octets)
        return wire.reply(body, call.correlation_id, call.status, call.headers)

    def _rate_headers(self, call: Call) -> dict[str, str]:
        _, _, token = call.request.headers.get("Authorization", "").partition(" ")
        return self.quotas.headers(token, call.now)
