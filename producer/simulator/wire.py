"""How answers leave: headers, compression, and the ways in which a fault spoils one. Thin."""

from __future__ import annotations

import asyncio
import json
import struct
import zlib
from collections.abc import Callable, Mapping
from email.utils import formatdate
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, Final

from aiohttp import web
from multidict import CIMultiDict

from producer.simulator import refusals
from producer.simulator.faults import Fault, Trouble

_HEADERS: Final = {
    "Cache-Control": "no-cache, no-store, must-revalidate",
    "Strict-Transport-Security": "max-age=600; includeSubDomains",
}
_PIECES = 20
_HTML = (
    b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"
)
_BARE: Mapping[Trouble, tuple[int, bytes, str]] = {
    Trouble.BAD_GATEWAY: (502, _HTML, "text/html"),
    Trouble.UNAVAILABLE: (503, b"", "text/plain"),
}
_REFUSALS: Mapping[Trouble, Callable[[Fault, int], refusals.Refused]] = {
    Trouble.RATE_LIMITED: lambda fault, _: refusals.rate_limited(fault.retry_after),
    Trouble.RATE_LIMITED_BARE: lambda _, limit: refusals.rate_limited_bare(limit),
    Trouble.BAD_REQUEST: lambda *_: refusals.bad_request("The query can't be answered"),
    Trouble.UNAUTHORIZED: lambda *_: refusals.bad_token(),
    Trouble.IP_NOT_AUTHORIZED: lambda *_: refusals.ip_not_authorized(),
    Trouble.SERVER_ERROR: lambda *_: refusals.server_error(),
    Trouble.GATEWAY_TIMEOUT: lambda *_: refusals.timed_out(),
    Trouble.TOO_LARGE: lambda *_: refusals.too_large(),
}
_SPOILED = frozenset({Trouble.TRUNCATED, Trouble.CUT, Trouble.DRIP})


def reply(
    body: bytes, correlation_id: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A JSON answer with the headers that every answer has."""
    kind = {"Content-Type": "application/json"}
    every = CIMultiDict({**_HEADERS, **kind, "ININ-Correlation-Id": correlation_id})
    every.update(headers or {})
    return web.Response(body=body, status=status, headers=every)


def refusal(problem: refusals.Refused, correlation_id: str) -> web.Response:
    """An error body of the platform."""
    return reply(dumps(problem.body(correlation_id)), correlation_id, problem.status, problem.headers)


def dumps(value: Any) -> bytes:
    """JSON bytes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def sendable(text: str) -> str:
    """What a client sent, without the bytes that are no text."""
    return text.encode(errors="replace").decode()


def padded(body: bytes, octets: int) -> bytes:
    """The same JSON, with so much white space before its last bracket that it is at least this long."""
    return body[:-1] + b" " * max(0, octets - len(body)) + body[-1:]


def dated(response: web.Response, now: int) -> None:
    """Say what time it is by the organisation's clock, from which clients tell how wrong their own is."""
    response.headers["Date"] = formatdate(now / 1_000, usegmt=True)


def compress(response: web.Response, request: web.Request) -> None:
    """Send gzip to a client that takes it."""
    if "gzip" in request.headers.get("Accept-Encoding", "") and isinstance(response.body, bytes):
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        response.body = packer.compress(response.body) + packer.flush()
        response.headers["Content-Encoding"] = "gzip"


async def instead(fault: Fault, request: web.Request, correlation_id: str, limit: int) -> web.Response | None:
    """The answer a fault gives in place of the right one; None when it leaves one to be given. Raises Refused."""
    if fault.kind is Trouble.FORBIDDEN:
        raise refusals.missing_permission(request.path)
    if fault.kind in _REFUSALS:
        raise _REFUSALS[fault.kind](fault, limit)
    if fault.kind in _BARE:
        status, body, kind = _BARE[fault.kind]
        headers = {**_HEADERS, "ININ-Correlation-Id": correlation_id}
        return web.Response(body=body, status=status, content_type=kind, headers=headers)
    if fault.kind in (Trouble.STALL, Trouble.SLOW):
        await asyncio.sleep(fault.seconds)
    return broken(request) if fault.kind in (Trouble.STALL, Trouble.RESET) else None


def broken(request: web.Request) -> web.Response:
    """Reset the connection; what is returned goes nowhere."""
    transport = request.transport
    if transport is not None:
        transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response(status=500)


def spoils(fault: Fault | None) -> bool:
    """Whether the fault spoils the right answer on its way out."""
    return fault is not None and fault.kind in _SPOILED


async def spoil(response: web.Response, fault: Fault, request: web.Request) -> web.StreamResponse:
    """Send the right answer in the wrong way."""
    body = response.body if isinstance(response.body, bytes) else b""
    if fault.kind is Trouble.TRUNCATED:
        response.body = body[: len(body) // 2]
        return response
    stream = web.StreamResponse(status=response.status, headers=response.headers)
    stream.content_length = len(body)
    await stream.prepare(request)
    if fault.kind is Trouble.CUT:
        await stream.write(body[: len(body) // 2])
        broken(request)
        return stream
    size = len(body) // _PIECES + 1
    for begin in range(0, len(body), size):
        await stream.write(body[begin : begin + size])
        await asyncio.sleep(fault.seconds / _PIECES)
    await stream.write_eof()
    return stream
