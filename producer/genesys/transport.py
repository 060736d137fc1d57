"""The only file that speaks HTTP: one attempt of one request, with real timeouts, a bounded body and verified TLS.

Foreign exceptions end here, by a table. An answer of any status, also HTML or nothing, is an ordinary answer; what it
means is decided elsewhere.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from producer import events
from producer.genesys.exchange import Answer, Failure, NoAnswer, Request, served_at
from producer.genesys.options import ClientOptions
from producer.genesys.unpack import ACCEPTED, too_large, unpack
from producer.ports import Clock, Observer
from producer.proxies import Proxy, proxies_of_environment, proxy_for

FAILURES: tuple[tuple[type[Exception], Failure], ...] = (
    (TimeoutError, Failure.TIMEOUT),
    (aiohttp.ClientPayloadError, Failure.BODY),
    (HttpProcessingError, Failure.BODY),
    (aiohttp.ClientResponseError, Failure.CONNECTION),
    (aiohttp.ClientError, Failure.CONNECTION),
    (ssl.SSLError, Failure.CONNECTION),
    (OSError, Failure.CONNECTION),
)
"""What a foreign exception means: the first line that fits."""

_QUOTING = (aiohttp.ClientResponseError, aiohttp.InvalidURL)
"""Errors whose text or repr holds addresses and headers of the request: only their class and status are told."""

CURES: tuple[tuple[type[BaseException], str], ...] = (
    (
        aiohttp.ClientProxyConnectionError,
        "check the proxy that HTTPS_PROXY or HTTP_PROXY names, or name the host in NO_PROXY",
    ),
    (aiohttp.ClientConnectorDNSError, "check genesys.region and this machine's DNS: it does not know the name"),
    (
        aiohttp.ClientConnectorCertificateError,
        "trust who signed the host's certificate (a proxy that opens TLS has its own): SSL_CERT_FILE; check the name",
    ),
    (aiohttp.ClientSSLError, "check the address: the host does not speak TLS there, or no version of it that we do"),
    (TimeoutError, "check the firewall and the proxy (HTTPS_PROXY): nothing came back"),
    (OSError, "check the address, the firewall and the proxy (HTTPS_PROXY): the connection is refused or breaks"),
)
"""What a person can do about a host that can't be reached, by the foreign exception: the first line that fits."""

_SKEW_EVERY = timedelta(minutes=1)


@contextlib.contextmanager
def as_no_answer(request: Request) -> Iterator[None]:
    """Turn foreign exceptions into NoAnswer. The message names the host, never a header."""
    try:
        yield
    except tuple(kind for kind, _ in FAILURES) as error:
        failure = next(failure for kind, failure in FAILURES if isinstance(error, kind))
        host = urlsplit(request.url).netloc
        cause = None if isinstance(error, _QUOTING) else error
        message = f"{failure.value} at {host}: {type(error).__name__} {_told_of(error)}".rstrip()
        raise NoAnswer(failure, message) from cause


def _told_of(error: Exception) -> str:
    """What may be said of a foreign exception besides its class."""
    if isinstance(error, aiohttp.ClientResponseError):
        return f"(status {error.status})"
    return "" if isinstance(error, _QUOTING) else str(error)


def cure_of(error: NoAnswer) -> str:
    """What a person can do about it; by its class where nothing more is known."""
    return next((cure for kind, cure in CURES if isinstance(error.__cause__, kind)), error.what_to_do)


class Transport:
    """A session with the API and the login host. Raises ConfigurationError for a proxy that can't be used.

    The mutable state: the session, the proxies of the two hosts, and when the skew was last told.
    """

    def __init__(self, options: ClientOptions, *, clock: Clock, observe: Observer, source: str = "") -> None:
        self._options = options
        self._clock = clock
        self._observe = observe
        self._source = source
        self._session: aiohttp.ClientSession | None = None
        self._environment = proxies_of_environment()
        self._proxies: dict[str, Proxy | None] = {}
        self._skew_told_at: datetime | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._options.concurrency + 1),  # the token's request comes on top
            timeout=aiohttp.ClientTimeout(total=self._options.timeout.total_seconds()),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": ACCEPTED,
                "User-Agent": self._options.user_agent,
            },
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        # A GET on a connection that the server closed would be sent twice, once without a place in the limiter.
        self._session._retry_connection = False  # noqa: SLF001 - there is no public switch; a test pins it
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, request: Request) -> Answer:
        """Make one attempt. Raises NoAnswer when no whole answer came back in time and in bounds."""
        if self._session is None:
            raise RuntimeError("the transport is not open")
        proxy = self._proxy(request.url)
        to_proxy = {"Proxy-Authorization": proxy.authorization} if proxy and proxy.authorization else {}
        tunnelled = request.url.startswith("https:")
        with as_no_answer(request):
            async with self._session.request(
                request.method,
                URL(request.url, encoded=True),
                data=request.body,
                headers={"X-Request-Id": request.request_id, **request.headers, **({} if tunnelled else to_proxy)},
                proxy=proxy.url if proxy else None,
                proxy_headers=to_proxy if tunnelled else None,
                allow_redirects=False,  # a token must not follow to another host
            ) as response:
                body = await self._body(response)
        headers = {name.lower(): value for name, value in response.headers.items()}
        self._measure_skew(served_at(headers))
        return Answer(status=response.status, headers=headers, body=body)

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        limit = self._options.max_response_bytes
        size = 0
        chunks: list[bytes] = []
        while chunk := await response.content.readany():
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
            chunks.append(chunk)
        return unpack(b"".join(chunks), response.headers.get("Content-Encoding", ""), limit)

    def _proxy(self, address: str) -> Proxy | None:
        """The proxy for an address; NO_PROXY is asked once for each host."""
        host = urlsplit(address).netloc
        if host not in self._proxies:
            self._proxies[host] = proxy_for(address, self._environment)
        return self._proxies[host]

    def _measure_skew(self, server: datetime | None) -> None:
        """Tell now and then how far the server's clock is from ours."""
        now = self._clock.now()
        if server is None or (self._skew_told_at and now - self._skew_told_at < _SKEW_EVERY):
            return
        self._skew_told_at = now
        self._observe(events.ClockSkewMeasured(source=self._source, skew=server - now))
