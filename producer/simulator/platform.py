"""The platform's API paths: login, conversation details, reference calls. More paths are more entries in `routes`."""

from __future__ import annotations

import base64
from dataclasses import replace
from functools import partial
from urllib.parse import parse_qs

import orjson
from aiohttp import web

from producer.simulator import query, refusals, wire
from producer.simulator.faults import Trouble
from producer.simulator.front import Call, Front
from producer.simulator.options import SimulatorOptions
from producer.simulator.organisation import Organisation, Row

_REQUEST_BYTES = 512_000
_LARGEST_NUMBER = 500
_DIGITS = 9
_REFERENCES = ("routing/queues", "routing/wrapupcodes", "users", "authorization/divisions")
_DETAILS = "/api/v2/analytics/conversations"


class LoginRefused(refusals.Refused):
    """The login's refusals don't use the platform's error body."""

    def body(self, _correlation_id: str, /) -> dict[str, str]:
        """RFC 6749 names, and the platform's `description` beside them."""
        return {"error": self.code, "description": self.message, "error_description": self.message}


class Platform:
    """Answers API requests from the organisation."""

    def __init__(self, options: SimulatorOptions, organisation: Organisation, front: Front) -> None:
        self._options = options
        self._organisation = organisation
        self._front = front

    def routes(self) -> list[web.RouteDef]:
        """Every path, and who answers it."""
        front = self._front
        references = [web.get(f"/api/v2/{kind}", front.guarded(partial(self._listing, kind))) for kind in _REFERENCES]
        return [
            web.post("/oauth/token", front.open(self.token)),
            web.post(f"{_DETAILS}/details/query", front.guarded(self._query, needs_permission=True)),
            web.get(f"{_DETAILS}/details", front.guarded(self._several, needs_permission=True)),
            web.get(f"{_DETAILS}/{{id}}/details", front.guarded(self._one, needs_permission=True)),
            *references,
            web.get("/api/v2/organizations/me", front.guarded(self._organization)),
            web.get("/api/v2/tokens/me", front.guarded(self._token_info)),
            web.route("*", "/api/{rest:.*}", front.guarded(self._unknown)),
            web.route("*", "/{rest:.*}", front.open(self._unknown)),
        ]

    async def token(self, call: Call) -> bytes:
        """The login: a token for the client's id and secret. Raises Refused."""
        client, secret = _basic(call.request.headers.get("Authorization", ""))
        form = parse_qs((await call.request.read()).decode(errors="replace"))
        grant = [*form.get("grant_type", []), *call.request.query.getall("grant_type", [])]
        if client is None:
            raise refusals.Refused(404, "not found", "HTTP 404 Not Found")
        if client != self._options.client_id:
            raise LoginRefused(400, "invalid_client", "client not found")
        if secret != self._front.secret:
            raise LoginRefused(401, "invalid_client", "authentication failed")
        if grant != ["client_credentials"]:
            raise LoginRefused(400, "unsupported_grant_type" if grant else "invalid_request", "grant_type")
        tokens = self._front.tokens
        answer = {"access_token": tokens.issue(call.now), "token_type": "bearer", "expires_in": tokens.lifetime}
        return wire.dumps(answer)

    async def _query(self, call: Call) -> bytes:
        raw = await call.request.read()
        if len(raw) > _REQUEST_BYTES:
            raise refusals.request_too_large(_REQUEST_BYTES)
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError as problem:
            raise refusals.bad_request("The request body is not valid JSON") from problem
        try:
            asked = query.read(body, self._options.max_page_size)
        except RecursionError as problem:
            raise refusals.bad_request("The request body is nested too deeply") from problem
        if call.meets(Trouble.DUPLICATE_PAGE):
            asked = replace(asked, page_number=max(1, asked.page_number - 1))
        page = await self._organisation.page(asked, call.now, stale=call.meets(Trouble.STALE))
        call.served = page.rows
        hits = b'"totalHits":%d}' % page.total_hits
        return _conversations(page.rows, b"," + hits) if page.rows else b"{" + hits

    async def _several(self, call: Call) -> bytes:
        identifiers = [one for value in call.request.query.getall("id", []) for one in value.split(",") if one]
        if not identifiers:
            raise refusals.bad_request("id is required")
        rows = self._organisation.by_id(identifiers, call.now, stale=call.meets(Trouble.STALE))
        call.served = rows
        return _conversations(rows, b"}") if rows else b"{}"

    async def _one(self, call: Call) -> bytes:
        identifier = call.request.match_info["id"]
        rows = self._organisation.by_id([identifier], call.now, stale=call.meets(Trouble.STALE))
        if not rows:
            raise refusals.not_found(f"conversation {identifier}")
        call.served = rows
        return rows[0].content

    async def _listing(self, kind: str, call: Call) -> bytes:
        entities = self._organisation.directory.listing(kind) or []
        parameters = call.request.query
        if wanted := {one for value in parameters.getall("id", []) for one in value.split(",")}:
            entities = [one for one in entities if one["id"] in wanted]
        state = parameters.get("state", "active")  # of those that have one
        entities = [one for one in entities if state in ("any", one.get("state", state))]
        size, number = _whole(parameters.get("pageSize"), 25), _whole(parameters.get("pageNumber"), 1)
        return wire.dumps(
            {
                "entities": entities[(number - 1) * size : number * size],
                "pageSize": size,
                "pageNumber": number,
                "total": len(entities),
                "pageCount": -(-len(entities) // size),
            }
        )

    async def _organization(self, _call: Call) -> bytes:
        organization = self._organisation.directory.organization
        return wire.dumps({"id": organization.id, "name": organization.name, "state": "active"})

    async def _token_info(self, _call: Call) -> bytes:
        organization = self._organisation.directory.organization
        named = {"id": organization.id, "name": organization.name}
        client = {"id": self._options.client_id, "name": "simulated client", "organization": named}
        return wire.dumps({"organization": named, "homeOrganization": named, "OAuthClient": client})

    async def _unknown(self, call: Call) -> bytes:
        raise refusals.not_found(call.request.path)


def _conversations(rows: list[Row], rest: bytes) -> bytes:
    return b'{"conversations":[' + b",".join([row.content for row in rows]) + b"]" + rest


def _basic(header: str) -> tuple[str | None, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None, ""
    try:
        client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:  # not base64, or not text
        return None, ""
    return client, secret


def _whole(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS or not 1 <= int(text) <= _LARGEST_NUMBER:
        raise refusals.Refused(
            400, "invalid.query.param.value", f"Value [{text}] is not valid: a number from 1 to {_LARGEST_NUMBER}"
        )
    return int(text)
