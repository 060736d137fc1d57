"""The token: fetched by client credentials, kept until shortly before it expires, fetched once for all who wait.

The token and the secret stay in here: no repr, event or error ever holds them.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, quote_plus

from producer import errors, events
from producer.genesys.complaint import json_object
from producer.genesys.exchange import Answer, Endpoint, Request
from producer.genesys.options import Credentials
from producer.genesys.outcome import Trouble
from producer.genesys.retry import Disposition
from producer.model.regions import Endpoints
from producer.ports import Clock, Observer

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
_SHORTEST_LIFE = timedelta(minutes=5)  # what an OAuth client may be set to at least (reference 1.2)
_LONGEST_LIFE = timedelta(hours=48)
SCOPES = frozenset({"*", "analytics", "analytics:readonly", "analytics:conversation:view"})
"""Scopes that let conversation details be read; tokens of client credentials usually carry none."""
_LONGEST_SCOPE = 200
_REFUSALS = frozenset({400, 401, 403})
_PAUSE_AFTER_FAILURE = timedelta(seconds=10)
_PASSING = (errors.SourceUnavailable, errors.RateLimited, errors.MalformedBody)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token; `fresh_until` is when a new one should be fetched. Both in product time."""

    value: str = field(repr=False)
    expires_at: datetime
    fresh_until: datetime
    scopes: tuple[str, ...] = ()

    def refuse_scopes(self) -> None:
        """Raises PermissionMissing when the answer named scopes (the platform names none) and none lets us read."""
        if self.scopes and SCOPES.isdisjoint(self.scopes):
            needed = ", ".join(sorted(SCOPES))
            raise errors.PermissionMissing(
                f"the token's scope is {' '.join(self.scopes)[:_LONGEST_SCOPE]!r}; reads need one of {needed}",
                code="scope.missing",
            )


Fetch = Callable[[], Awaitable[Token]]
"""Asks for a token, again where that helps.

Raises CredentialsRefused, AddressNotAllowed, RateLimited, SourceUnavailable, MalformedBody.
"""


Login = Callable[[Endpoints, Credentials, str], Request]
"""Makes the request for a token, with a request id. Raises CredentialsRefused when the secret can't be read."""


def token_request(endpoints: Endpoints, credentials: Credentials, request_id: str) -> Request:
    """The platform's way (a `Login`): the client-credentials grant as a form, at the login host."""
    basic = b64encode(f"{credentials.client_id}:{secret_of(credentials)}".encode()).decode("ascii")
    return Request(
        endpoint=Endpoint.TOKEN,
        method="POST",
        url=endpoints.login + TOKEN_PATH,
        request_id=request_id,
        body=b"grant_type=client_credentials",
        headers={"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"},
    )


def secret_of(credentials: Credentials) -> str:
    """The client's secret as it is now. Raises CredentialsRefused when it can't be read."""
    try:
        return credentials.secret()
    except (errors.ProducerError, OSError) as error:
        raise errors.CredentialsRefused(f"the client secret can't be read: {type(error).__name__}") from error


def token_of(body: bytes, now: datetime, margin: timedelta) -> Token:
    """Read a token answer. A token that lives shorter than twice the margin is used for half its life.

    Raises MalformedBody; its message never quotes the body.
    """
    found = json_object(body)
    if found is None:
        raise errors.MalformedBody("the token answer is no JSON object")
    value = found.get("access_token")
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value:
        raise errors.MalformedBody("the token answer holds no access_token")
    life = _life(found.get("expires_in"))
    scope = found.get("scope")
    return Token(
        value=value,
        expires_at=now + life,
        fresh_until=now + max(life - margin, life / 2),
        scopes=tuple(scope.split()) if isinstance(scope, str) else (),
    )


def bearing(request: Request, token: Token) -> Request:
    """The same request in the name of the token's client."""
    return replace(request, headers={**request.headers, "Authorization": f"Bearer {token.value}"})


def without(answer: Answer, secret: str) -> Answer:
    """An answer that does not repeat the secret: what is asked in JSON comes back in complaints, and those are told."""
    body = answer.body
    for spelled in _spellings(secret):
        body = body.replace(spelled.encode(), b"***")
    return replace(answer, body=body)


def _spellings(secret: str) -> list[str]:
    """As it is, in a JSON text, in a JSON text within one, in a URL and in a form; the longest first."""
    once = {json.dumps(secret, ensure_ascii=each)[1:-1] for each in (True, False)}
    twice = {json.dumps(text, ensure_ascii=each)[1:-1] for text in once for each in (True, False)}
    return sorted({secret, *once, *twice, quote(secret, safe=""), quote_plus(secret)}, key=len, reverse=True)


def token_refused(trouble: Trouble) -> Trouble:
    """The same trouble, when the login host had it: a refusal there speaks of the OAuth client, not of a window."""
    if trouble.status not in _REFUSALS or isinstance(trouble.error, errors.AddressNotAllowed):
        return trouble
    error = errors.CredentialsRefused(
        f"no token for the OAuth client: {trouble.said}",
        code=trouble.error.code,
        correlation_id=trouble.error.correlation_id,
    )
    return replace(trouble, disposition=Disposition.PERSON, error=error)


def _life(expires_in: Any) -> timedelta:
    """How long a token lives; where the answer does not say, the shortest that the vendor allows."""
    if isinstance(expires_in, str) and expires_in.isascii() and expires_in.isdigit():
        expires_in = int(expires_in[:9])
    if isinstance(expires_in, bool) or not isinstance(expires_in, int | float) or expires_in <= 0:
        return _SHORTEST_LIFE
    return min(timedelta(seconds=min(expires_in, _LONGEST_LIFE.total_seconds())), _LONGEST_LIFE)


class TokenKeeper:
    """Hands out the one token of a source. The mutable state: the token, and the outcome of the last fetch."""

    def __init__(self, fetch: Fetch, *, clock: Clock, observe: Observer, source: str = "") -> None:
        self._fetch = fetch
        self._clock = clock
        self._observe = observe
        self._source = source
        self._lock = asyncio.Lock()
        self._token: Token | None = None
        self._fetches = 0
        self._refusal: errors.SourceError | None = None

    def __repr__(self) -> str:
        return f"<TokenKeeper {self._token!r}, {self._fetches} fetches>"

    async def token(self) -> Token:
        """The present token, or a new one. Whoever waits while one is fetched shares the outcome, also a failure.

        Raises what the fetch raised.
        """
        if self._token and self._clock.now() < self._token.fresh_until:
            return self._token
        fetches_seen = self._fetches
        async with self._lock:
            if self._token and self._clock.now() < self._token.fresh_until:
                return self._token
            if self._fetches != fetches_seen and self._refusal:
                raise self._refusal
            return await self._renew()

    def forget(self, token: Token) -> None:
        """The API refused this token; the next caller fetches another, unless somebody did already."""
        if self._token and self._token.value == token.value:
            self._token = None

    async def _renew(self) -> Token:
        self._refusal = None
        try:
            self._token = await self._fetch()
        except errors.SourceError as error:
            refused = type(error).__name__
            self._observe(events.TokenRefused(source=self._source, reason=refused, correlation_id=error.correlation_id))
            kept = self._kept_after(error)
            if kept is None:
                self._refusal = error
                raise
            self._token = kept
            return kept
        finally:
            self._fetches += 1
        self._observe(events.TokenRefreshed(source=self._source, expires_at=self._token.expires_at))
        return self._token

    def _kept_after(self, error: errors.SourceError) -> Token | None:
        """The old token, for a while longer, when it still lives and the failure may pass."""
        now = self._clock.now()
        if self._token is None or now >= self._token.expires_at or not isinstance(error, _PASSING):
            return None
        return replace(self._token, fresh_until=min(self._token.expires_at, now + _PAUSE_AFTER_FAILURE))
