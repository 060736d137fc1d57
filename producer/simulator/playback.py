"""Serves a cassette in place of the organisation. The login stays the simulator's own unless one was recorded."""

from __future__ import annotations

from aiohttp import web

from producer.simulator import refusals
from producer.simulator.cassette import Cassette
from producer.simulator.front import Call, Front
from producer.simulator.platform import Platform


class Playback:
    """Answers API requests from a cassette."""

    def __init__(self, cassette: Cassette, platform: Platform, front: Front) -> None:
        self._cassette = cassette
        self._platform = platform
        self._front = front

    def routes(self) -> list[web.RouteDef]:
        """Every path, and who answers it."""
        return [
            web.post("/oauth/token", self._front.open(self._token)),
            web.route("*", "/{rest:.*}", self._front.open(self._play)),
        ]

    async def _token(self, call: Call) -> bytes:
        body = await call.request.read()
        if self._cassette.holds("POST", "/oauth/token", body):
            return await self._play(call)
        return await self._platform.token(call)

    async def _play(self, call: Call) -> bytes:
        path = call.request.path_qs
        recorded = self._cassette.play(call.request.method, path, await call.request.read())
        if recorded is None:
            raise refusals.not_found(f"the cassette holds no answer to this body of {call.request.method} {path}")
        call.status = recorded.status
        call.headers = recorded.headers
        return recorded.body
