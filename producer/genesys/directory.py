"""Looking up names by id: the requests for them, and what their answers say.

The lists take `?id=a&id=b` (so the vendor's definition of the API); what the API does not know, or may not show to the
client, is left out of the answer. Users are asked for in any state: those who left are in conversations, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from producer import errors
from producer.genesys.complaint import json_object
from producer.genesys.exchange import Endpoint, Request
from producer.model.names import NameKind
from producer.model.reads import ReadKind

LONGEST_NAME = 1_000
"""Characters of a name that are kept."""
_AT_ONCE = 100  # a page holds 25 unless more are asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where the names of a kind are listed, and the permission that it takes. `more` goes into the address."""

    path: str
    permission: str
    more: str = ""


ROUTES: Mapping[NameKind, Route] = {
    NameKind.QUEUE: Route(path="/api/v2/routing/queues", permission="routing:queue:view"),
    NameKind.WRAP_UP: Route(path="/api/v2/routing/wrapupcodes", permission="routing:wrapupCode:view"),
    NameKind.USER: Route(path="/api/v2/users", permission="directory:user:view", more="&state=any"),
    NameKind.DIVISION: Route(path="/api/v2/authorization/divisions", permission="authorization:division:view"),
}


def names_request(api: str, kind: NameKind, ids: Iterable[str], *, request_id: str) -> Request:
    """The names of these ids, up to 100; without ids a list of one."""
    route = ROUTES[kind]
    wanted = "".join(f"&id={quote(each, safe='')}" for each in ids)
    query = f"?pageSize={_AT_ONCE}{route.more}{wanted}" if wanted else "?pageSize=1"
    return Request(
        endpoint=Endpoint.DIRECTORY,
        method="GET",
        url=api + route.path + query,
        request_id=request_id,
        read=ReadKind.DIRECTORY,
        permission=route.permission,
    )


def names_in(body: bytes) -> dict[str, str]:
    """The names in an answer, by id. Raises MalformedBody."""
    found = json_object(body)
    entities = found.get("entities") or [] if found is not None else None
    if not isinstance(entities, list):
        raise errors.MalformedBody("the answer of the directory holds no list of entities")
    pairs = [(each.get("id"), each.get("name")) for each in entities if isinstance(each, dict)]
    return {
        identifier: name[:LONGEST_NAME]
        for identifier, name in pairs
        if isinstance(identifier, str) and isinstance(name, str) and name
    }
