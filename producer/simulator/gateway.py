"""A gateway that speaks the token dialect, in front of the same organisation: below `/gateway`, login and query.

What a range of time finds is what the platform's interval would. No number of hits; a cursor leads to the next page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from producer.simulator import refusals, wire
from producer.simulator.cursors import BEGINNING, Cursors, Place
from producer.simulator.faults import Trouble
from producer.simulator.flat import CHANNELS
from producer.simulator.front import Call, Front
from producer.simulator.options import SimulatorOptions
from producer.simulator.organisation import Organisation
from producer.simulator.platform import LoginRefused
from producer.simulator.population import millis_of
from producer.simulator.predicates import Channels
from producer.simulator.query import Query, range_of

PREFIX = "/gateway"
SCOPE = "analytics:conversation:view"
MOST_ROWS = 2_000
_MOST_IDS = 100
_ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked for: interactions, or a range of time, of which some channels or (empty) all."""

    size: int
    channels: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    start: int = 0
    end: int = 0

    @property
    def query(self) -> Query:
        """The same as the platform's query."""
        fingerprint = f"gateway {self.start}/{self.end} {sorted(self.channels)}"
        return Query.of_range(self.start, self.end, Channels(self.channels), fingerprint)


class Gateway:
    """Answers requests of the token dialect."""

    def __init__(self, options: SimulatorOptions, organisation: Organisation, front: Front) -> None:
        self._options = options
        self._organisation = organisation
        self._front = front
        self.cursors = Cursors(millis_of(options.cursor_lifetime.total_seconds()))

    def routes(self) -> list[web.RouteDef]:
        """Every path, and who answers it."""
        query = f"{PREFIX}/api/v2/analytics/conversations/details/query"
        return [
            web.post(f"{PREFIX}/oauth/token", self._front.open(self._token)),
            web.post(query, self._front.guarded(self._query, needs_permission=True)),
        ]

    async def _token(self, call: Call) -> bytes:
        """A token for client, secret, realm and scope. Raises Refused."""
        body = _object(await call.request.read())
        if body.get("grant_type") != "client_credentials":
            raise LoginRefused(
                400, "unsupported_grant_type" if "grant_type" in body else "invalid_request", "grant_type"
            )
        if body.get("client_id") != self._options.client_id:
            raise LoginRefused(400, "invalid_client", "client not found")
        if body.get("client_secret") != self._front.secret:
            raise LoginRefused(401, "invalid_client", "authentication failed")
        if body.get("realm") != self._options.realm:
            raise LoginRefused(400, "invalid_realm", "realm not found")
        if body.get("scope") != SCOPE:
            raise LoginRefused(400, "invalid_scope", f"the scope must be {SCOPE}")
        tokens = self._front.tokens
        answer = {
            "access_token": tokens.issue(call.now),
            "token_type": "bearer",
            "expires_in": tokens.lifetime,
            "scope": SCOPE,
        }
        return wire.dumps(answer)

    async def _query(self, call: Call) -> bytes:
        raw = await call.request.read()
        question = read(_object(raw))
        begin = self._begin(call, repr(question))
        stale = call.meets(Trouble.STALE)
        if question.ids:
            following = None
            call.served = self._organisation.by_id(question.ids, call.now, stale=stale, flat=True)
        else:
            call.served, following = await self._organisation.flat_page(
                question.query, begin, question.size, call.now, stale=stale
            )
        cursor = b""
        if following is not None:
            token = self.cursors.issue(repr(question), following, begin, call.now)
            cursor = b',"nextPageToken":"%s"' % token.encode()
        if call.meets(Trouble.CURSOR_EXPIRED):
            self.cursors.forget()
        return b'{"entities":[' + b",".join([row.content for row in call.served]) + b"]" + cursor + b"}"

    def _begin(self, call: Call, question: str) -> Place:
        """Behind which conversation the page begins. Raises Refused."""
        token = call.request.query.get("nextPageToken")
        if token is None:
            return BEGINNING
        if call.meets(Trouble.CURSOR_EXPIRED):
            self.cursors.forget()
        cursor = self.cursors.read(token, question, call.now)
        return cursor.before if call.meets(Trouble.DUPLICATE_PAGE) else cursor.place


def read(body: Mapping[str, Any]) -> Question:
    """Check a request body. Raises Refused."""
    size = body.get("size", MOST_ROWS)
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= MOST_ROWS:
        raise refusals.bad_request(f"size must be between 1 and {MOST_ROWS}")
    asked = body.get("filter")
    if not isinstance(asked, dict) or len(asked) != 1 or not asked.keys() <= {"channelType", "interactionId"}:
        raise refusals.bad_request("filter must hold channelType or interactionId")
    words = next(iter(asked.values()))
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        raise refusals.bad_request("a filter must be a list of words")
    if "interactionId" in asked:
        if len(words) > _MOST_IDS:
            raise refusals.bad_request(f"interactionId must hold at most {_MOST_IDS} ids")
        return Question(size=size, ids=tuple(words))
    unknown = sorted(set(words) - {_ALL, *CHANNELS})
    if unknown:
        raise refusals.invalid_value(unknown[0], "ChannelType", [_ALL, *CHANNELS])
    span = body.get("timeRange")
    if not isinstance(span, dict):
        raise refusals.bad_request("timeRange is required with channelType")
    start, end = range_of(span.get("startTime"), span.get("endTime"))
    channels = () if _ALL in words else tuple(dict.fromkeys(words))
    return Question(size=size, channels=channels, start=start, end=end)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as problem:
        raise refusals.bad_request("The request body is not valid JSON") from problem
    if not isinstance(body, dict):
        raise refusals.bad_request("The request body must be a JSON object")
    return body
