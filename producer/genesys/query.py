"""The requests of reads: a page of a window's query, conversations by id, the token's own organisation."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec

from producer import errors
from producer.genesys.complaint import json_object
from producer.genesys.exchange import Endpoint, Request
from producer.genesys.selection import segment_filters
from producer.model.reads import ReadKind
from producer.model.windows import Direction, Ended, Interval, Slice

QUERY_PATH = "/api/v2/analytics/conversations/details/query"
BY_ID_PATH = "/api/v2/analytics/conversations/details"
ORGANISATION_PATH = "/api/v2/tokens/me"


class Medium(enum.Enum):
    """A kind of thread: it may go on after its end."""

    MESSAGE = "message"
    EMAIL = "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """How many conversations of these days there are: below 7 days without a filter, below 31 with one.

    `still_open`: only those without an end. `medium`: only those with a session of it.
    """

    interval: Interval
    still_open: bool = False
    medium: Medium | None = None


_JSON = {"Content-Type": "application/json"}
_END = {Ended.OPEN: "notExists", Ended.ENDED: "exists"}


def page_request(
    api: str, part: Slice, *, number: int, size: int, request_id: str, read: ReadKind = ReadKind.HEAD
) -> Request:
    """Page `number` of a slice. Ascending by start is the order that moves least while one pages (reference 2.6)."""
    body: dict[str, Any] = {
        "interval": str(part.window),
        "order": "asc",
        "orderBy": "conversationStart",
        "paging": {"pageSize": size, "pageNumber": number},
    }
    predicates = [*_by_end(part.ended), *_by_direction(part.direction)]
    if predicates:
        body["conversationFilters"] = [{"type": "and", "predicates": predicates}]
    if filters := segment_filters(part.selection):
        body["segmentFilters"] = filters
    return query_request(api, body, request_id=request_id, read=read)


def count_request(api: str, question: Question, *, request_id: str) -> Request:
    """One row, for the sake of the number of hits that comes with it."""
    body: dict[str, Any] = {"interval": str(question.interval), "paging": {"pageSize": 1, "pageNumber": 1}}
    if question.still_open:
        body["conversationFilters"] = [{"type": "and", "predicates": _by_end(Ended.OPEN)}]
    if question.medium:
        predicate = _predicate("mediaType", "matches") | {"value": question.medium.value}
        body["segmentFilters"] = [{"type": "and", "predicates": [predicate]}]
    return query_request(api, body, request_id=request_id, read=ReadKind.QUERY)


def hits_of(body: bytes) -> int:
    """How many there are, as an answer to `count_request` says. Raises MalformedBody."""
    found = json_object(body)
    hits = found.get("totalHits") if found else None
    if not isinstance(hits, int) or isinstance(hits, bool) or hits < 0:
        raise errors.MalformedBody("the answer does not say how many conversations there are")
    return hits


def by_id_request(api: str, ids: Iterable[str], *, request_id: str, read: ReadKind = ReadKind.WATCH) -> Request:
    """Conversations by id, comma-joined in one parameter."""
    url = f"{api}{BY_ID_PATH}?id={quote(','.join(ids), safe='')}"
    return Request(endpoint=Endpoint.BY_ID, method="GET", url=url, request_id=request_id, read=read)


def organisation_request(api: str, *, request_id: str) -> Request:
    """Whom the token belongs to."""
    return Request(endpoint=Endpoint.ORGANISATION, method="GET", url=api + ORGANISATION_PATH, request_id=request_id)


def query_request(api: str, body: Mapping[str, Any], *, request_id: str, read: ReadKind) -> Request:
    """A search, in the words of either dialect."""
    return Request(
        endpoint=Endpoint.QUERY,
        method="POST",
        url=api + QUERY_PATH,
        request_id=request_id,
        body=msgspec.json.encode(body),
        headers=_JSON,
        read=read,
    )


def _by_end(ended: Ended | None) -> list[dict[str, str]]:
    return [] if ended is None else [_predicate("conversationEnd", _END[ended])]


def _by_direction(direction: Direction | None) -> list[dict[str, str]]:
    if direction is None:
        return []
    if direction is Direction.NONE:
        return [_predicate("originatingDirection", "notExists")]
    return [_predicate("originatingDirection", "matches") | {"value": direction.value}]


def _predicate(dimension: str, operator: str) -> dict[str, str]:
    return {"type": "dimension", "dimension": dimension, "operator": operator}
