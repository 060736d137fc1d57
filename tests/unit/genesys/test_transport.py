"""One attempt over real sockets: proxies, compression, bounds and the server's clock."""

from __future__ import annotations

import asyncio
import gzip
import traceback
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest

from producer import errors, events
from producer.genesys.exchange import Answer as Got
from producer.genesys.exchange import Endpoint, Failure, NoAnswer, Request
from producer.genesys.options import ClientOptions
from producer.genesys.transport import FAILURES, Transport
from tests.support.clock import FakeClock
from tests.support.genesys_api import ME, Answer, GenesysApi

OPTIONS = ClientOptions(max_response_bytes=100_000, timeout=timedelta(seconds=5))


def request(url: str) -> Request:
    return Request(endpoint=Endpoint.QUERY, method="GET", url=url, request_id="r-1", headers={"Authorization": "B x"})


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    async with Transport(OPTIONS, clock=FakeClock(), observe=lambda _: None) as made:
        yield made


async def test_a_compressed_answer_comes_unpacked(api: GenesysApi, transport: Transport) -> None:
    body = b"conversation " * 1000
    api.script(ME, Answer(body=gzip.compress(body), headers={"Content-Encoding": "gzip"}))
    got = await transport.send(request(api.url + ME))
    assert (got.status, got.body) == (200, body)
    assert api.seen[0].headers["Accept-Encoding"] == "gzip"


async def test_a_bomb_is_stopped_at_the_bound(api: GenesysApi, transport: Transport) -> None:
    api.script(ME, Answer(body=gzip.compress(b" " * 50_000_000), headers={"Content-Encoding": "gzip"}))
    with pytest.raises(NoAnswer) as bomb:
        await transport.send(request(api.url + ME))
    assert (bomb.value.failure, str(bomb.value)) == (Failure.TOO_LARGE, "the answer holds more than 100000 bytes")


async def test_every_request_says_who_asks_and_for_what(api: GenesysApi, transport: Transport) -> None:
    await transport.send(request(api.url + ME))
    headers = api.seen[0].headers
    assert (headers["User-Agent"], headers["X-Request-Id"], headers["Accept"]) == (
        "genesys-producer",
        "r-1",
        "application/json",
    )


async def test_the_skew_of_the_clocks_is_told_once_a_minute(api: GenesysApi) -> None:
    clock = FakeClock()
    heard: list[events.Event] = []
    dated = Answer(headers={"Date": "Mon, 10 Mar 2025 12:00:07 GMT"})
    api.script(ME, Answer(headers={"Date": "today"}), dated, dated, dated)
    async with Transport(OPTIONS, clock=clock, observe=heard.append) as made:
        for wait in (0, 0, 59, 1):
            clock.advance(timedelta(seconds=wait))
            await made.send(request(api.url + ME))
    assert heard == [
        events.ClockSkewMeasured(skew=timedelta(seconds=7)),
        events.ClockSkewMeasured(skew=timedelta(seconds=-53)),
    ]


async def test_the_proxy_of_the_environment_is_used(api: GenesysApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", api.url)
    monkeypatch.setenv("no_proxy", "inside.example")
    async with Transport(OPTIONS, clock=FakeClock(), observe=lambda _: None) as made:
        got = await made.send(request("http://api.outside.example" + ME))
    assert isinstance(got, Got)
    assert api.seen[0].headers["Host"] == "api.outside.example"


CANARY = "canary-proxy-4417"


async def test_the_password_of_a_proxy_is_told_to_the_proxy_only(
    api: GenesysApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", api.url.replace("//", f"//me%40home:{CANARY}@"))
    async with Transport(OPTIONS, clock=FakeClock(), observe=lambda _: None) as made:
        await made.send(request("http://api.outside.example" + ME))
        assert CANARY not in repr(vars(made))
    expected = "Basic " + b64encode(f"me@home:{CANARY}".encode()).decode()
    assert api.seen[0].headers["Proxy-Authorization"] == expected


async def test_a_proxy_that_refuses_a_tunnel_is_told_of_without_its_password(
    api: GenesysApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("https_proxy", f"http://me:{CANARY}@127.0.0.1:{port}")
        async with Transport(OPTIONS, clock=FakeClock(), observe=lambda _: None) as made:
            with pytest.raises(NoAnswer) as refused:
                await made.send(request("https://api.outside.example" + ME))
    assert str(refused.value) == "connection at api.outside.example: ClientHttpProxyError (status 407)"
    assert CANARY not in "".join(traceback.format_exception(refused.value))
    assert b"Proxy-Authorization: Basic " + b64encode(f"me:{CANARY}".encode()) in asked[0]
    assert b"B x" not in asked[0]


@pytest.mark.parametrize("value", ["http://h:port", "http://", "socks5://h:1", "http://a%3Ab:c@h:1", "http://[::1:80"])
def test_a_proxy_that_can_not_be_used_is_refused_at_the_start(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", value.replace("//", f"//me:{CANARY}@", 1) if "@" not in value else value)
    with pytest.raises(errors.ConfigurationError, match="HTTPS_PROXY is no address of a proxy") as refused:
        Transport(OPTIONS, clock=FakeClock(), observe=lambda _: None)
    assert CANARY not in str(refused.value)


async def test_a_request_on_a_connection_that_the_server_closes_is_sent_once(transport: Transport) -> None:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await transport.send(request(url))
        with pytest.raises(NoAnswer) as lost:
            await transport.send(request(url))
    assert (lost.value.failure, len(asked)) == (Failure.CONNECTION, 2)


async def test_credentials_of_a_netrc_file_never_replace_the_token(
    api: GenesysApi, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("default login me password secret\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    async with Transport(OPTIONS, clock=FakeClock(), observe=lambda _: None) as made:
        await made.send(request(api.url + ME))
    assert api.seen[0].headers["Authorization"] == "B x"


def test_a_server_whose_certificate_is_not_trusted_counts_as_no_connection() -> None:
    refusal = aiohttp.ClientConnectorCertificateError
    assert next(failure for kind, failure in FAILURES if issubclass(refusal, kind)) is Failure.CONNECTION


async def test_a_closed_transport_says_so() -> None:
    with pytest.raises(RuntimeError, match="not open"):
        await Transport(OPTIONS, clock=FakeClock(), observe=lambda _: None).send(request("http://x"))
