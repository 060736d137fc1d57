"""The requests of reads: a page of a window's query, conversations by id, the token's own organisation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import msgspec

from producer.genesys.exchange import Endpoint, Request
from producer.model.reads import ReadKind
from producer.model.windows import Direction, Ended, Slice

QUERY_PATH = "/api/v2/analytics/conversations/details/query"
BY_ID_PATH = "/api/v2/analytics/conversations/details"
ORGANISATION_PATH = "/api/v2/tokens/me"

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
    return Request(
        endpoint=Endpoint.QUERY,
        method="POST",
        url=api + QUERY_PATH,
        request_id=request_id,
        body=msgspec.json.encode(body),
        headers=_JSON,
        read=read,
    )


def by_id_request(api: str, ids: Iterable[str], *, request_id: str, read: ReadKind = ReadKind.WATCH) -> Request:
    """Conversations by id, comma-joined in one parameter."""
    url = f"{api}{BY_ID_PATH}?id={quote(','.join(ids), safe='')}"
    return Request(endpoint=Endpoint.BY_ID, method="GET", url=url, request_id=request_id, read=read)


def organisation_request(api: str, *, request_id: str) -> Request:
    """Whom the token belongs to."""
    return Request(endpoint=Endpoint.ORGANISATION, method="GET", url=api + ORGANISATION_PATH, request_id=request_id)


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
