"""The admin server over real HTTP: what Kubernetes, Prometheus and people get."""

from __future__ import annotations

import asyncio
import html
import io
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from producer import events
from producer.telemetry import Options, Telemetry
from tests.support.happenings import NOON, SECOND, one_of_each

PATHS = ("/", "/metrics", "/livez", "/readyz", "/startupz", "/status", "/config")
CANARY = "canary-7f3a/+ é"
CONFIG = {"genesys": {"client_id": "id", "client_secret": "***"}, "kafka": {"bootstrap_servers": "a:1"}}


class StillClock:
    def now(self) -> datetime:
        return NOON

    async def sleep(self, duration: timedelta) -> None:
        raise NotImplementedError


class Admin:
    """A served Telemetry and a client of it."""

    def __init__(self, telemetry: Telemetry, http: aiohttp.ClientSession, log: io.StringIO) -> None:
        self.telemetry = telemetry
        self.http = http
        self.log = log

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        async with self.http.get(path, headers=headers) as answer:
            return answer.status, await answer.text()

    async def json(self, path: str) -> tuple[int, Any]:
        async with self.http.get(path) as answer:
            assert answer.content_type == "application/json"
            return answer.status, await answer.json()


@asynccontextmanager
async def served(config: dict[str, Any] | None = None) -> AsyncIterator[Admin]:
    log = io.StringIO()
    telemetry = Telemetry(
        options=Options(host="127.0.0.1", port=0, stream=log, log_level=logging.DEBUG, log_format="json"),
        clock=StillClock(),
        sources=["default"],
        version="1.2.3",
        config=lambda: CONFIG if config is None else config,
        secrets=[CANARY],
    )
    async with telemetry.serve() as (host, port), aiohttp.ClientSession(f"http://{host}:{port}") as http:
        yield Admin(telemetry, http, log)


@pytest.fixture
async def admin() -> AsyncIterator[Admin]:
    async with served() as serving:
        yield serving


def restored() -> events.LaneRestored:
    return events.LaneRestored(source="default", took=SECOND, conversations=7, checkpoint=None)


async def test_it_is_alive_and_started_but_not_ready_at_first(admin: Admin) -> None:
    assert await admin.json("/livez") == (200, {"live": True})
    assert await admin.json("/startupz") == (200, {"started": True})
    assert await admin.json("/readyz") == (
        503,
        {
            "ready": False,
            "reasons": [
                {
                    "reason": "restoring",
                    "message": "the state of the lane is not restored yet",
                    "what_to_do": "wait; a line `lane_restored` tells",
                    "since": "2025-03-10T12:00:00.000Z",
                    "source": "",
                }
            ],
        },
    )


async def test_it_is_ready_when_restored_and_alive_although_kafka_is_gone(admin: Admin) -> None:
    admin.telemetry.observe(restored())
    assert await admin.json("/readyz") == (200, {"ready": True, "reasons": []})
    admin.telemetry.observe(
        events.SinkBlocked(reason="SinkUnavailable", message="no broker", what_to_do="w", wait=SECOND)
    )
    assert (await admin.json("/readyz"))[0] == 503
    assert (await admin.json("/livez"))[0] == 200


async def test_the_metrics_come_in_the_form_that_is_asked_for(admin: Admin) -> None:
    admin.telemetry.observe(events.RateLimitHit(source="default", wait=SECOND, learned=1, request_id="r"))
    accept = "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    async with admin.http.get("/metrics", headers={"Accept": accept}) as answer:
        assert answer.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        parsed = text_string_to_metric_families(await answer.text())  # type: ignore[no-untyped-call]  # has no types
        families = {family.name: family for family in parsed}
    assert families["genesys_producer_rate_limited"].samples[0].value == 1
    not_ready = families["genesys_producer_not_ready"].samples
    assert {sample.labels["reason"] for sample in not_ready if sample.value} == {"restoring"}
    async with admin.http.get("/metrics") as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert 'genesys_producer_rate_limited_total{source="default"} 1.0' in await answer.text()


async def test_the_heartbeat_is_measured(admin: Admin) -> None:
    beating = asyncio.Event()
    observe = admin.telemetry.observe

    def beat(event: events.Event) -> None:
        observe(event)
        beating.set()

    admin.telemetry.observe = beat  # type: ignore[method-assign]
    async with asyncio.TaskGroup() as group:
        running = group.create_task(admin.telemetry.run())
        await asyncio.wait_for(beating.wait(), 10)
        running.cancel()
    assert "genesys_producer_event_loop_lag_seconds_count 1.0" in (await admin.get("/metrics"))[1]


async def test_the_status_says_the_same_as_the_page(admin: Admin) -> None:
    for event in one_of_each("x"):
        admin.telemetry.observe(event)
    code, status = await admin.json("/status")
    assert code == 200
    assert list(status) == [
        "at", "version", "run_id", "started_at", "ready", "reasons", "sources", "reads", "errors",
    ]  # fmt: skip
    assert status["sources"][0]["new"] == 60
    page_code, page = await admin.get("/")
    assert page_code == 200
    assert html.escape(status["errors"][0]["message"]) in page


async def test_the_page_refreshes_itself_unless_it_is_asked_not_to(admin: Admin) -> None:
    pages = [(await admin.get(path))[1] for path in ("/", "/?refresh=off", "/?refresh=<script>")]
    assert [('http-equiv="refresh"' in page, "<script>" in page) for page in pages] == [
        (True, False),
        (False, False),
        (True, False),
    ]


async def test_the_configuration_is_yaml_or_json(admin: Admin) -> None:
    code, text = await admin.get("/config")
    assert (code, yaml.safe_load(text)) == (200, CONFIG)
    async with admin.http.get("/config", headers={"Accept": "application/json"}) as answer:
        assert await answer.json() == CONFIG


@pytest.mark.parametrize("path", PATHS)
async def test_it_is_read_only(admin: Admin, path: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        async with admin.http.request(method, path, data=b"x" * 1000) as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")
    async with admin.http.get(path) as answer:
        length = len(await answer.read())
    async with admin.http.head(path) as answer:
        assert (await answer.read(), answer.content_length is not None) == (b"", True)
        if path not in {"/metrics", "/status"}:  # those change from call to call
            assert answer.content_length == length


@pytest.mark.parametrize("path", [*PATHS, "/elsewhere", "/../etc/passwd"])
async def test_every_answer_carries_the_security_headers(admin: Admin, path: str) -> None:
    async with admin.http.get(path) as answer:
        headers = answer.headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert {name: headers[name] for name in headers if name.startswith(("X-", "Ref", "Cross", "Cache", "Server"))} == {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
        "Server": "genesys-producer",
    }


async def test_the_canary_is_nowhere() -> None:
    async with served({"genesys": {"client_secret": CANARY}, CANARY: [CANARY]}) as admin:
        for event in one_of_each(f"before {CANARY} after"):
            admin.telemetry.observe(event)
        logging.getLogger("aiokafka").warning("said %s", CANARY)
        shown = [await admin.get(path) for path in PATHS]
        shown += [await admin.get("/metrics", Accept="application/openmetrics-text")]
        shown += [await admin.get("/config", Accept="application/json")]
    everything = admin.log.getvalue() + "".join(text for _, text in shown)
    assert "before *** after" in everything
    assert "said ***" in everything
    assert "canary" not in everything


async def test_a_page_that_cannot_be_made_is_an_error_in_the_log_and_the_others_stay(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object, *, refreshing: bool) -> str:
        raise ValueError("cannot draw")

    monkeypatch.setattr("producer.telemetry.page.render", broken)
    assert (await admin.get("/"))[0] == 500
    assert (await admin.json("/livez"))[0] == 200
    assert "cannot draw" in admin.log.getvalue()
