"""What a client sees of each fault."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import orjson
import pytest

MORNING = "2026-03-10T09:00:00Z/2026-03-10T10:00:00Z"
QUERY = "/api/v2/analytics/conversations/details/query"


async def raw(client: Any, number: int = 1) -> tuple[int, dict[str, str], bytes]:
    body = {"interval": MORNING, "paging": {"pageSize": 20, "pageNumber": number}}
    async with client.session.post(client.simulator.url + QUERY, json=body, headers=client.headers) as answer:
        return answer.status, dict(answer.headers), await answer.read()


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("rate-limited", 429, "too.many.requests.retry.after"),
        ("rate-limited-bare", 429, "too.many.requests"),
        ("unauthorized", 401, "bad.credentials"),
        ("ip-not-authorized", 401, "ip.not.authorized"),
        ("forbidden", 403, "missing.any.permissions"),
        ("server-error", 500, "internal.server.error"),
        ("gateway-timeout", 504, "request.timeout"),
        ("too-large", 400, "response.entity.too.large"),
        ("bad-request", 400, "bad.request"),
    ],
)
async def test_error_bodies(connect: Any, kind: str, status: int, code: str) -> None:
    async with connect() as client:
        client.simulator.inject(kind, path=QUERY, times=1, retry_after=9)
        answered, headers, body = await raw(client)
        assert (answered, orjson.loads(body)["code"]) == (status, code)
        assert headers.get("Retry-After") == ("9" if kind == "rate-limited" else None)
        assert (await raw(client))[0] == (401 if kind == "unauthorized" else 200)


async def test_answers_are_dated_by_the_clock_of_the_organisation(connect: Any) -> None:
    async with connect() as client:
        now = client.simulator.clock.now()
        client.simulator.inject("bad-gateway", times=1)
        for _ in range(2):
            _, headers, _ = await raw(client)
            assert parsedate_to_datetime(headers["Date"]).timestamp() == now // 1_000


async def test_gateways_answer_html_or_nothing(connect: Any) -> None:
    async with connect() as client:
        client.simulator.inject("bad-gateway", times=1)
        client.simulator.inject("unavailable", times=1)
        status, headers, body = await raw(client)
        assert (status, headers["Content-Type"].split(";")[0], body[:6]) == (502, "text/html", b"<html>")
        status, headers, body = await raw(client)
        assert (status, body) == (503, b"")
        assert headers["ININ-Correlation-Id"]


async def test_truncated_json_is_a_whole_answer_with_half_a_body(connect: Any) -> None:
    async with connect() as client:
        right = (await raw(client))[2]
        client.simulator.inject("truncated", times=1)
        status, _, body = await raw(client)
        assert (status, body) == (200, right[: len(right) // 2])


@pytest.mark.parametrize("kind", ["reset", "cut", "stall"])
async def test_broken_connections(connect: Any, kind: str) -> None:
    async with connect() as client:
        client.simulator.inject(kind, times=1, seconds=0.05)
        with pytest.raises((aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)):
            await raw(client)
        assert (await raw(client))[0] == 200


@pytest.mark.parametrize("kind", ["slow", "drip"])
async def test_late_answers_are_right(connect: Any, kind: str) -> None:
    async with connect() as client:
        right = (await raw(client))[2]
        client.simulator.inject(kind, times=1, seconds=0.3)
        began = time.monotonic()
        assert (await raw(client))[2] == right
        assert time.monotonic() - began >= 0.28


async def test_an_oversized_page_says_the_same_at_length(connect: Any) -> None:
    async with connect() as client:
        right = orjson.loads((await raw(client))[2])
        client.simulator.inject("oversized", times=1, octets=3_000_000)
        status, _, body = await raw(client)
        assert (status, len(body), orjson.loads(body)) == (200, 3_000_000, right)


async def test_a_page_comes_twice(connect: Any) -> None:
    async with connect() as client:
        first = orjson.loads((await raw(client))[2])["conversations"]
        client.simulator.inject("duplicate-page", times=1)
        assert orjson.loads((await raw(client, 2))[2])["conversations"] == first
        assert orjson.loads((await raw(client, 2))[2])["conversations"] != first


async def test_a_lagging_replica_shows_the_state_before(connect: Any) -> None:
    async with connect() as client:
        await raw(client)
        client.simulator.inject("stale", times=1)
        await raw(client)
        now, before = (dict(line["served"]) for line in (await client.lines("/answers"))[1:])
        assert before == {identifier: max(0, number - 1) for identifier, number in now.items()}


async def test_latency_is_added(connect: Any) -> None:
    async with connect() as client:
        assert await client.ask("POST", "/control", {"latencySeconds": 0.2})
        began = time.monotonic()
        await raw(client)
        assert time.monotonic() - began >= 0.2
