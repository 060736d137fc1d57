"""One attempt of one delivery over HTTP: signed, bounded in time, not followed anywhere, the answer's body not read."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from producer.clock import real_now
from producer.model.delivery import Delivery
from producer.model.instants import retry_after
from producer.proxies import proxies_of_environment, proxy_for
from producer.webhook.answers import Answered, Outcome, Unanswered
from producer.webhook.options import WebhookOptions, check_receiver
from producer.webhook.signing import secrets_of, signed

_FAILURES: tuple[tuple[type[Exception], str], ...] = (
    (TimeoutError, "timeout"),
    (aiohttp.ClientError, "connection"),
    (ssl.SSLError, "connection"),
    (OSError, "connection"),
)
"""The reason that a foreign exception becomes: the first line that fits."""


class Sender:
    """A session with the receiver; enter it before use. Raises ConfigurationError for a proxy that can't be used."""

    def __init__(self, options: WebhookOptions) -> None:
        self._options = options
        self._proxies = proxies_of_environment()
        self._session: aiohttp.ClientSession | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._session = await self._stack.enter_async_context(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True),  # a kept one may be closed just as it is used again
                timeout=aiohttp.ClientTimeout(total=self._options.timeout.total_seconds()),
                headers={"User-Agent": self._options.user_agent},
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def send(self, delivery: Delivery, now: datetime) -> Outcome:
        """Make one attempt; `now` is product time. Raises nothing but a cancellation."""
        body = delivery.body.encode()
        try:
            seconds = int(real_now().timestamp())  # receivers compare it with their own clock, which is a real one
            headers = signed(delivery.id, body, seconds=seconds, secrets=secrets_of(self._options.secrets()))
        except ValueError as error:
            return Unanswered(reason="settings", message=f"webhook.secrets {error}")
        return await self._exchange("POST", {"Content-Type": "application/json", **headers}, body, now)

    async def look(self, now: datetime) -> Outcome:
        """Whether somebody answers there, without delivering anything (OPTIONS)."""
        return await self._exchange("OPTIONS", {}, None, now)

    async def _exchange(self, method: str, headers: Mapping[str, str], body: bytes | None, now: datetime) -> Outcome:
        if self._session is None:
            raise RuntimeError("the sender is not open")
        try:
            url = check_receiver(self._options.url(), allow_http=self._options.allow_http)
        except ValueError as error:
            return Unanswered(reason="settings", message=f"webhook.url {error}")
        proxy = proxy_for(url, self._proxies)
        to_proxy = {"Proxy-Authorization": proxy.authorization} if proxy and proxy.authorization else {}
        tunnelled = url.startswith("https:")
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),
                data=body,
                headers={**headers, **({} if tunnelled else to_proxy)},
                proxy=proxy.url if proxy else None,
                proxy_headers=to_proxy if tunnelled else None,
                allow_redirects=False,  # what is signed for one host is for no other
            ) as response:
                response.close()  # nothing in the body matters, and it may have no end
                asked = retry_after(response.headers.get("Retry-After", ""), now)
                return Answered(status=response.status, retry_after=asked)
        except tuple(kind for kind, _ in _FAILURES) as error:
            reason = next(reason for kind, reason in _FAILURES if isinstance(error, kind))
            return Unanswered(reason=reason, message=_told(url, reason, error))


def _told(url: str, reason: str, error: Exception) -> str:
    """What may be said: the host and the class; a foreign text may quote the address, which may be a secret."""
    said = f" {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
    return f"{reason} at {urlsplit(url).netloc}: {type(error).__name__}{said}"
