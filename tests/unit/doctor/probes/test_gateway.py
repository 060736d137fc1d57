"""What doctor finds at a gateway of the token dialect."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from producer.clock import WallClock
from producer.dev.rehearsal import free_port
from producer.doctor.probes.gateway import GatewayProbe
from producer.doctor.results import Result
from producer.genesys.options import ClientOptions, Credentials
from producer.model.regions import Endpoints
from producer.simulator import SimulatorOptions, serve


def probe(url: str, *, realm: str = "simulated-realm", secret: str = "simulator-secret") -> GatewayProbe:
    return GatewayProbe(
        endpoints=Endpoints(api=url, login="http://127.0.0.1:1/never-asked"),
        credentials=Credentials(client_id="simulator", secret=lambda: secret),
        realm=realm,
        options=ClientOptions(timeout=timedelta(seconds=5)),
        clock=WallClock(),
        head_lag=timedelta(seconds=30),
    )


def told(results: list[Result]) -> dict[str, str]:
    return {result.prerequisite.value: result.outcome.value for result in results}


ALL_WELL = dict.fromkeys(
    (
        "login host",
        "API host",
        "clock",
        "login",
        "organisation",
        "allow list",
        "rate limit",
        "permission",
        "permission by id",
        "budget",
    ),
    "ok",
)


async def test_all_is_well_by_two_requests() -> None:
    async with serve(SimulatorOptions(rate_per_day=2_000)) as simulator:
        results = await probe(simulator.gateway_url).examine()
        requests = simulator.front.stats.values()["requests"]

    assert told(results) == ALL_WELL
    assert results[-1].finding == (
        "a gateway does not say how much there is to read; ask `genesys-producer plan --volume`"
    )
    assert sum(sum(by_status.values()) for by_status in requests.values()) == 2


@pytest.mark.parametrize(
    ("given", "finding"),
    [
        ({"realm": "elsewhere"}, "no token in the name of realm elsewhere: 400 invalid_realm realm not found"),
        (
            {"secret": "wrong"},
            "no token in the name of realm simulated-realm: 401 invalid_client authentication failed",
        ),
    ],
)
async def test_a_gateway_that_gives_no_token(given: dict[str, Any], finding: str) -> None:
    async with serve(SimulatorOptions(rate_per_day=2_000)) as simulator:
        results = await probe(simulator.gateway_url, **given).examine()

    assert told(results) == {"login host": "ok", "API host": "ok", "clock": "ok", "login": "failed"}
    assert results[-1].finding == finding
    assert results[-1].what_to_do.startswith("check genesys.client_id, genesys.client_secret, genesys.realm_id")


async def test_a_missing_permission() -> None:
    async with serve(SimulatorOptions(rate_per_day=2_000, permission=False)) as simulator:
        results = await probe(simulator.gateway_url).examine()
    expected = {name: outcome for name, outcome in ALL_WELL.items() if name not in {"permission by id", "budget"}}
    assert told(results) == expected | {"permission": "failed"}


async def test_nobody_there() -> None:
    results = await probe(f"http://127.0.0.1:{free_port()}").examine()
    assert told(results) == {"login host": "failed", "API host": "failed"}


async def test_a_proxy_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")
    asked = probe("https://gateway.invalid")
    results = await replace(asked, options=ClientOptions()).examine()
    assert told(results) == {"login host": "failed", "API host": "failed"}
