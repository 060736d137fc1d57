"""The endpoints that the real platform doesn't have: truth, answers, statistics, faults, control.

They ask for no credentials: the simulator is for a loopback address.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from aiohttp import web

from producer.simulator.clock import DAY, SECOND
from producer.simulator.faults import Fault
from producer.simulator.front import Front
from producer.simulator.organisation import Organisation
from producer.simulator.population import Plan

_CHUNK = 256 * 1024
_PATIENCE = 0.01
_MOST_CONTENTS = 1_000
_LONGEST_NOTICE = 3_600
_LINE = orjson.OPT_APPEND_NEWLINE


class Administration:
    """Answers the operator and the judge."""

    def __init__(self, organisation: Organisation, front: Front) -> None:
        self._organisation = organisation
        self._front = front
        self._started = front.clock.now()

    def routes(self) -> list[web.RouteDef]:
        """Every path, and who answers it."""
        return [
            web.get("/healthz", self._health),
            web.get("/truth", self._truth),
            web.post("/truth", self._truth_of),
            web.post("/truth/contents", self._contents),
            web.get("/answers", self._answers),
            web.get("/stats", self._stats),
            web.get("/faults", self._faults),
            web.post("/faults", self._inject),
            web.delete("/faults", self._clear),
            web.post("/control", self._control),
        ]

    async def _health(self, _request: web.Request) -> web.Response:
        return _json({"status": "ok", "now": self._front.clock.now(), "started": self._started})

    async def _truth(self, request: web.Request) -> web.StreamResponse:
        now = self._front.clock.now()
        since = _number(request, "since", self._started)
        until = min(_number(request, "until", now + 1), now + 1)
        if until - since > 31 * DAY:
            raise web.HTTPBadRequest(text="since and until may be at most 31 days apart")
        open_at = _number(request, "openAt", 0) or None
        lines = (self._line(plan, now) for plan in self._organisation.appearing(since, until, open_at))
        return await _stream(request, lines)

    async def _truth_of(self, request: web.Request) -> web.StreamResponse:
        ids = (await _body(request)).get("ids")
        if not isinstance(ids, list) or len(ids) > _MOST_CONTENTS or not all(isinstance(one, str) for one in ids):
            raise web.HTTPBadRequest(text=f'the body must be {{"ids": ["id", ...]}}, at most {_MOST_CONTENTS}')
        now = self._front.clock.now()
        plans = (plan for plan in map(self._organisation.find, ids) if plan is not None)
        return await _stream(request, (self._line(plan, now) for plan in plans))

    def _line(self, plan: Plan, now: int) -> bytes:
        states = [
            {"n": number, "at": state.at, "visibleAt": state.visible_at, "cause": state.cause, "end": state.end}
            for number, state in enumerate(plan.states[: plan.visible(now)])
        ]
        identifier = self._organisation.identifier(plan.key)
        return orjson.dumps(
            {
                "id": identifier,
                "poison": plan.poison,
                "start": plan.start,
                "profile": plan.profile.name,
                "states": states,
            },
            option=_LINE,
        )

    async def _contents(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        wanted = body.get("states")
        if not isinstance(wanted, list) or len(wanted) > _MOST_CONTENTS:
            raise web.HTTPBadRequest(text=f'the body must be {{"states": [["id", n], ...]}}, at most {_MOST_CONTENTS}')
        if not all(isinstance(one, list) and [type(part) for part in one] == [str, int] for one in wanted):
            raise web.HTTPBadRequest(text='each of "states" must be ["id", n]')
        flat = _flat(body)
        return await _stream(request, (self._content(identifier, number, flat=flat) for identifier, number in wanted))

    def _content(self, identifier: str, number: int, *, flat: bool) -> bytes:
        plan = self._organisation.find(identifier)
        if plan is None or not 0 <= number < len(plan.states):
            return orjson.dumps({"id": identifier, "n": number, "content": None}, option=_LINE)
        head = orjson.dumps({"id": identifier, "n": number})[:-1]
        return head + b',"content":' + self._organisation.content(plan, number, flat=flat) + b"}\n"

    async def _answers(self, request: web.Request) -> web.StreamResponse:
        after = _number(request, "after", 0)
        return await _stream(request, self._front.answers.lines(after, self._organisation.identifier))

    async def _stats(self, _request: web.Request) -> web.Response:
        front, now = self._front, self._front.clock.now()
        return _json(
            {
                **front.stats.values(),
                "now": now,
                "limitPerMinute": front.quotas.limit,
                "quotaUsed": front.quotas.total_used(now),
                "maxAcceptedPerMinute": front.quotas.most(),
                "maxOverLimit": front.quotas.most_over(),
                "acceptedOfOther": front.quotas.others(),
                "lastSeq": front.answers.last,
            }
        )

    async def _faults(self, _request: web.Request) -> web.Response:
        return self._listing()

    def _listing(self) -> web.Response:
        return _json({"faults": self._front.faults.listing()})

    async def _inject(self, request: web.Request) -> web.Response:
        body = await _body(request)
        given = body.get("faults", [body])
        try:
            faults = [Fault.of(one) for one in given]
        except (ValueError, TypeError) as problem:
            raise web.HTTPBadRequest(text=str(problem)) from problem
        for fault in faults:
            self._front.faults.add(fault)
        return self._listing()

    async def _clear(self, _request: web.Request) -> web.Response:
        self._front.faults.clear()
        return self._listing()

    async def _control(self, request: web.Request) -> web.Response:
        body = await _body(request)
        front = self._front
        notice = _notice(body)
        for name, value in body.items():
            match name, value:
                case "limitPerMinute", int() if value > 0:
                    front.quotas.change(value, front.clock.now(), notice)
                case "noticeSeconds", _ if "limitPerMinute" in body:
                    pass  # said of the limit
                case "otherClientShare", int() | float() if 0 <= value < 1:
                    front.quotas.other_share = float(value)
                case _:
                    _control_client(front, name, value)
        return _json(
            {
                "limitPerMinute": front.quotas.limit,
                "otherClientShare": front.quotas.other_share,
                "permission": front.permission,
                "latencySeconds": front.latency,
                "tokenLifetimeSeconds": front.tokens.lifetime,
            }
        )


def _control_client(front: Front, name: str, value: Any) -> None:
    """Change how the client is treated otherwise than by the limit."""
    match name, value:
        case "revokeTokens", bool():
            if value:
                front.tokens.revoke()
        case "secret", str():
            front.secret = value
        case "permission", bool():
            front.permission = value
        case "latencySeconds", int() | float() if value >= 0:
            front.latency = float(value)
        case "tokenLifetimeSeconds", int() if value > 0:
            front.tokens.lifetime = value
        case _:
            raise web.HTTPBadRequest(text=f"{name} is unknown or its value is not possible")


def _json(value: Any) -> web.Response:
    return web.Response(body=orjson.dumps(value, option=_LINE), content_type="application/json")


def _notice(body: Mapping[str, Any]) -> int:
    """Milliseconds between the telling of a limit and its being in force."""
    match body.get("noticeSeconds", 0):
        case int() | float() as seconds if 0 <= seconds <= _LONGEST_NOTICE:
            return int(seconds * SECOND)
        case _:
            raise web.HTTPBadRequest(text=f"noticeSeconds must be a number from 0 to {_LONGEST_NOTICE}")


def _flat(body: Mapping[str, Any]) -> bool:
    """Whether contents are asked for as the token dialect serves them."""
    match body.get("dialect", "platform"):
        case "platform":
            return False
        case "token":
            return True
        case _:
            raise web.HTTPBadRequest(text="dialect must be platform or token")


def _number(request: web.Request, name: str, default: int) -> int:
    try:
        return int(request.query.get(name, default))
    except ValueError as problem:
        raise web.HTTPBadRequest(text=f"{name} must be a whole number") from problem


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError as problem:
        raise web.HTTPBadRequest(text="the body must be JSON") from problem
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="the body must be a JSON object")
    return body


async def _stream(request: web.Request, lines: Iterator[bytes]) -> web.StreamResponse:
    """Write NDJSON, letting others run in between."""
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    chunk = bytearray()
    began = time.monotonic()
    for line in lines:
        chunk += line
        if len(chunk) > _CHUNK:
            await response.write(bytes(chunk))
            chunk.clear()
        if time.monotonic() - began > _PATIENCE:
            await asyncio.sleep(0)
            began = time.monotonic()
    await response.write(bytes(chunk))
    await response.write_eof()
    return response
