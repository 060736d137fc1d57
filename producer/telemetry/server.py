"""The admin server: read-only HTTP for Kubernetes, Prometheus and people.

GET and HEAD only, bodies are never read, every answer is made from memory at once. It shows; it changes nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import yaml
from aiohttp import web

from producer import errors
from producer.telemetry import page
from producer.telemetry.health import Health
from producer.telemetry.plain import plain
from producer.telemetry.snapshot import Snapshot

_HEADERS = {
    "Content-Security-Policy": page.CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "genesys-producer",
}
_LONGEST_LINE = 8190
_IDLE_SECONDS = 75.0
_SHUTDOWN_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the server shows. `metrics` takes an Accept header and gives (body, content type); `config` is masked."""

    health: Health
    snapshot: Callable[[], Snapshot]
    metrics: Callable[[str], tuple[bytes, str]]
    config: Callable[[], Mapping[str, Any]]


@contextlib.asynccontextmanager
async def serving(shown: Shown, *, host: str, port: int) -> AsyncIterator[tuple[str, int]]:
    """Serve while entered; yields the host and port that it listens at (port 0 takes any free one).

    Raises ConfigurationError when the address can't be had.
    """
    runner = web.AppRunner(
        _application(shown),
        access_log=None,
        handle_signals=False,
        keepalive_timeout=_IDLE_SECONDS,
        max_line_size=_LONGEST_LINE,
        max_field_size=_LONGEST_LINE,
        shutdown_timeout=_SHUTDOWN_SECONDS,
    )
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise errors.ConfigurationError(
                f"admin.host and admin.port: can't listen at {host}:{port} ({error.strerror or error}); "
                "another process may use it: choose another port, or 0 for any free one"
            ) from error
        address = runner.addresses[0]
        yield str(address[0]), int(address[1])
    finally:
        await runner.cleanup()


def _application(shown: Shown) -> web.Application:
    application = web.Application(client_max_size=0)
    doors = _Doors(shown)
    application.add_routes(
        [
            web.get("/", doors.page),
            web.get("/metrics", doors.metrics),
            web.get("/livez", doors.livez),
            web.get("/readyz", doors.readyz),
            web.get("/startupz", doors.startupz),
            web.get("/status", doors.status),
            web.get("/config", doors.config),
        ]
    )
    application.on_response_prepare.append(_secure)
    return application


async def _secure(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


@dataclass(frozen=True, slots=True)
class _Doors:
    """One method for each path."""

    shown: Shown

    async def page(self, request: web.Request) -> web.Response:
        refreshing = request.query.get("refresh") != "off"
        return web.Response(text=page.render(self.shown.snapshot(), refreshing=refreshing), content_type="text/html")

    async def metrics(self, request: web.Request) -> web.Response:
        body, content_type = self.shown.metrics(",".join(request.headers.getall("Accept", [])))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def livez(self, _request: web.Request) -> web.Response:
        live = self.shown.health.live()
        return _json({"live": live}, ok=live)

    async def readyz(self, _request: web.Request) -> web.Response:
        snapshot = self.shown.snapshot()
        return _json({"ready": snapshot.ready, "reasons": plain(snapshot.reasons)}, ok=snapshot.ready)

    async def startupz(self, _request: web.Request) -> web.Response:
        return _json({"started": True})  # who answers has parsed its settings and listens

    async def status(self, _request: web.Request) -> web.Response:
        return _json(plain(self.shown.snapshot()))

    async def config(self, request: web.Request) -> web.Response:
        settings = plain(self.shown.config())
        if "application/json" in request.headers.get("Accept", ""):
            return _json(settings)
        text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
        return web.Response(text=text, content_type="text/plain")


def _json(value: Any, *, ok: bool = True) -> web.Response:
    status = web.HTTPOk.status_code if ok else web.HTTPServiceUnavailable.status_code
    body = msgspec.json.format(msgspec.json.encode(value), indent=2)
    return web.Response(body=body + b"\n", status=status, content_type="application/json")
