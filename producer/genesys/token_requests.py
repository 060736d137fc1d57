"""The requests of the token dialect: for gateways that speak the flat form. Both go to the API host.

The realm stands in the token request, the cursor of the next page in the URL; what is asked for is a filter and a range
of time. Interactions may be asked for by their ids, without a range.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import quote

import msgspec

from producer import errors
from producer.genesys.auth import TOKEN_PATH, secret_of
from producer.genesys.exchange import Endpoint, Request
from producer.genesys.options import Credentials
from producer.genesys.query import query_request
from producer.model.channels import ALL_CHANNELS, TOKEN_WORDS
from producer.model.instants import iso_millis
from producer.model.reads import ReadKind
from producer.model.regions import Endpoints
from producer.model.selection import Selection
from producer.model.windows import Slice

SCOPE = "analytics:conversation:view"
MOST_ROWS = 2_000
"""Conversations of one page, at most."""
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLogin:
    """Asks for a token in the name of a realm (an `auth.Login`)."""

    realm: str

    def __call__(self, endpoints: Endpoints, credentials: Credentials, request_id: str) -> Request:
        """The client-credentials grant as JSON, at the API host. Raises CredentialsRefused."""
        body = {
            "grant_type": "client_credentials",
            "client_id": credentials.client_id,
            "client_secret": secret_of(credentials),
            "realm": self.realm,
            "scope": SCOPE,
        }
        return Request(
            endpoint=Endpoint.TOKEN,
            method="POST",
            url=endpoints.api + TOKEN_PATH,
            request_id=request_id,
            body=msgspec.json.encode(body),
            headers=_JSON,
        )


def window_request(api: str, part: Slice, *, size: int, request_id: str, read: ReadKind = ReadKind.HEAD) -> Request:
    """The first page of a window. Raises WindowRefused when the dialect has no words for what is asked for."""
    body = {
        "filter": {"channelType": _channels(part)},
        "timeRange": {"startTime": iso_millis(part.window.start), "endTime": iso_millis(part.window.end)},
        "size": size,
    }
    return query_request(api, body, request_id=request_id, read=read)


def interactions_request(
    api: str, ids: Iterable[str], *, size: int, request_id: str, read: ReadKind = ReadKind.QUERY
) -> Request:
    """The first page of the interactions with these ids, whenever they were."""
    return query_request(api, {"filter": {"interactionId": list(ids)}, "size": size}, request_id=request_id, read=read)


def next_request(first: Request, cursor: str) -> Request:
    """The same question, from a cursor on."""
    return replace(first, url=f"{first.url}?nextPageToken={quote(cursor, safe='')}")


def _channels(part: Slice) -> list[str]:
    """All, also for a channel that has no word: what was not asked for is then selected from what comes."""
    wanted = part.selection.channels
    if part.ended or part.direction or replace(part.selection, channels=()) != Selection():
        raise errors.WindowRefused(f"the token dialect can select channels only, not: {part}", code="not.expressible")
    words = [TOKEN_WORDS.get(symbol, ALL_CHANNELS) for symbol in wanted]
    return [ALL_CHANNELS] if not words or ALL_CHANNELS in words else words
