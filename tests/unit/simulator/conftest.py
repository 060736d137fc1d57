"""A small client of the simulator, and organisations on clocks that tests move by hand."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import orjson
import pytest

from producer.simulator import ManualClock, Simulator, SimulatorOptions, serve

QUERY = "/api/v2/analytics/conversations/details/query"


class Client:
    """Asks a running simulator, with a token of its own."""

    def __init__(self, simulator: Simulator, session: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.session = session
        self.headers: dict[str, str] = {}

    async def login(self, client: str = "simulator", secret: str = "simulator-secret") -> tuple[int, Any]:
        headers = {"Authorization": aiohttp.encode_basic_auth(client, secret)}
        form = {"grant_type": "client_credentials"}
        async with self.session.post(f"{self.simulator.url}/oauth/token", data=form, headers=headers) as answer:
            body = await answer.json()
        if answer.status == 200:
            self.headers = {"Authorization": f"Bearer {body['access_token']}"}
        return answer.status, body

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        async with self.session.request(method, self.simulator.url + path, json=body, headers=self.headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def query(self, interval: str, size: int = 100, number: int = 1, **more: Any) -> tuple[int, Any]:
        body = {"interval": interval, "paging": {"pageSize": size, "pageNumber": number}, **more}
        return await self.ask("POST", QUERY, body)

    async def lines(self, path: str, body: Any = None) -> list[Any]:
        method = "GET" if body is None else "POST"
        async with self.session.request(method, self.simulator.url + path, json=body) as answer:
            assert answer.status == 200, await answer.text()
            return [orjson.loads(line) for line in (await answer.read()).splitlines()]


Connect = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock("2026-03-10T10:00:00Z")


@pytest.fixture
def connect(clock: ManualClock) -> Connect:
    """Start a simulator with these options and log in."""

    @contextlib.asynccontextmanager
    async def started(**options: Any) -> AsyncIterator[Client]:
        wanted = SimulatorOptions(**{"rate_per_day": 5_000, **options})
        async with serve(wanted, clock) as simulator, aiohttp.ClientSession() as session:
            client = Client(simulator, session)
            await client.login()
            yield client

    return started
