"""A small API on a loopback port that answers what a test tells it to: for the client's own tests.

It has no clock, no limits and no opinion; what a realistic organisation would do is the simulator's business.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

QUERY = "/api/v2/analytics/conversations/details/query"
BY_ID = "/api/v2/analytics/conversations/details"
TOKEN = "/oauth/token"
ME = "/api/v2/tokens/me"

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What to answer once: a status and a body; or to stall, to reset, or to cut the body in the middle."""

    status: int = 200
    body: Json | bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    stall: bool = False
    reset: bool = False
    cut: bool = False

    @property
    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else msgspec.json.encode(self.body)


@dataclass(frozen=True)
class Seen:
    """A request that arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        found: Json = msgspec.json.decode(self.body)
        return found


@dataclass(frozen=True, kw_only=True)
class Lived:
    """A conversation of the population. `end` None is still open."""

    id: str
    start: datetime
    end: datetime | None = None
    direction: str | None = "inbound"

    def matches(self, query: Json) -> bool:
        """The interval's lifetime rule and the predicates that the client sends."""
        start, end = (datetime.fromisoformat(each) for each in query["interval"].split("/"))
        predicates = [each for group in query.get("conversationFilters", ()) for each in group["predicates"]]
        alive = self.start < end and (self.end is None or self.end >= start)
        return alive and self.start.date() == start.date() and all(self._satisfies(each) for each in predicates)

    def _satisfies(self, predicate: Json) -> bool:
        value = {"conversationEnd": self.end, "originatingDirection": self.direction}[predicate["dimension"]]
        match predicate["operator"]:
            case "exists":
                return value is not None
            case "notExists":
                return value is None
        return bool(value == predicate["value"])


class GenesysApi:
    """The running API. `script` puts answers in front of the ordinary ones; `seen` lists what arrived."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self.population: list[Lived] = []
        self.tokens = 0
        self.revoked: set[str] = set()
        self.in_flight = self.most_in_flight = 0
        self.refuse: Callable[[Seen], Answer | None] = lambda _: None
        self.stalled = asyncio.Event()
        self._scripts: defaultdict[str, deque[Answer]] = defaultdict(deque)

    def script(self, path: str, *answers: Answer) -> None:
        """Answer the next requests to `path` with these, in order."""
        self._scripts[path].extend(answers)

    def asked(self, path: str) -> list[Seen]:
        """The requests that arrived at a path."""
        return [seen for seen in self.seen if seen.path == path]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        seen = Seen(request.method, request.path, request.query, request.headers, await request.read())
        self.seen.append(seen)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            scripted = self._scripts[seen.path]
            answer = scripted.popleft() if scripted else (self.refuse(seen) or self._ordinary(seen))
            if answer.stall:
                self.stalled.set()
            return await _sent(request, answer)
        finally:
            self.in_flight -= 1

    def _ordinary(self, seen: Seen) -> Answer:
        if seen.path == TOKEN:
            self.tokens += 1
            return Answer(body={"access_token": f"token-{self.tokens}", "token_type": "bearer", "expires_in": 86_399})
        if seen.headers.get("Authorization", "").removeprefix("Bearer ") in {*self.revoked, ""}:
            return error_answer(401, "bad.credentials", "Invalid login credentials.")
        if seen.path == QUERY:
            return Answer(body=self._page(seen.json))
        if seen.path == BY_ID:
            known = {each.id for each in self.population}
            found = [{"conversationId": each} for each in seen.query["id"].split(",") if each in known]
            return Answer(body={"conversations": found} if found else {})
        return Answer(body={"organization": {"id": "org-1"}})

    def _page(self, query: Json) -> Json:
        hits = sorted((each for each in self.population if each.matches(query)), key=lambda each: each.start)
        size, number = query["paging"]["pageSize"], query["paging"]["pageNumber"]
        page = [{"conversationId": each.id} for each in hits[(number - 1) * size : number * size]]
        return {"conversations": page, "totalHits": len(hits)} if page else {"totalHits": len(hits)}


def error_answer(status: int, code: str, message: str, **headers: str) -> Answer:
    """An error in the platform's form."""
    body = {"message": message, "code": code, "status": status, "contextId": "ctx-1", "details": [], "errors": []}
    return Answer(status=status, body=body, headers={"ININ-Correlation-Id": "ctx-1", **headers})


async def _sent(request: web.Request, answer: Answer) -> web.StreamResponse:
    if answer.stall:
        await asyncio.Event().wait()
    transport = request.transport
    if answer.reset and transport:
        transport.abort()
    if not answer.cut:
        headers = {"Content-Type": "application/json", **answer.headers}
        return web.Response(status=answer.status, body=answer.encoded, headers=headers)
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"conversations":[')
    if transport:
        transport.abort()
    return response


@contextlib.asynccontextmanager
async def genesys_api() -> AsyncIterator[GenesysApi]:
    """Serve until the block is left."""
    api = GenesysApi()
    application = web.Application(client_max_size=1024 * 1024)
    application.router.add_route("*", "/{path:.*}", api.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        api.url = f"http://{host}:{port}"
        yield api
    finally:
        await runner.cleanup()
