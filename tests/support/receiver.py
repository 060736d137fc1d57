"""A receiver of webhooks over real HTTP that checks signatures by the reference library, and misbehaves as told.

with Receiver() as receiver:
    receiver.reply = Reply(status=500)
    …
    receiver.wait_until(lambda: len(receiver.attempts) > 2)
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

SECRET = "whsec_cmVjZWl2ZXIvc2VjcmV0L251bWJlci9vbmU="
OTHER_SECRET = "whsec_cmVjZWl2ZXIvc2VjcmV0L251bWJlci90d28="
PATIENCE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered. `silent`: nothing at all; `endless`: a body that never ends."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False
    endless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came. `at` is monotonic time; `sound` names the secrets under which the reference library takes it."""

    at: float
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    sound: tuple[str, ...]
    status: int | None

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = json.loads(self.body)
        return payload


class Receiver:
    """Serves on 127.0.0.1 while entered; `stop` and `start` take it down for a while, at the same port."""

    def __init__(self, reply: Reply | None = None) -> None:
        self.reply = reply or Reply()
        self.attempts: list[Attempt] = []
        self._changed = threading.Condition()
        self._ending = threading.Event()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self._port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address, with a path that would be a secret."""
        return f"http://127.0.0.1:{self._port}/hooks/t0ken"

    def start(self) -> None:
        """Listen, at the port that was had before."""
        self._ending.clear()
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), _handler_of(self))
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        """Listen no more, and let go of who waits."""
        if self._server is None or self._thread is None:
            return
        self._ending.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server = None

    def taken(self) -> list[Attempt]:
        """The attempts that were answered with 2xx."""
        return [each for each in self.attempts if each.status is not None and each.status // 100 == 2]

    def wait_until(self, met: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait until something is so after an attempt."""
        with self._changed:
            assert self._changed.wait_for(met, seconds), f"not within {seconds:g} s; attempts: {self.attempts}"

    def came(self, request: BaseHTTPRequestHandler) -> Reply:
        """Remember an attempt; returns what is to be answered."""
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply = self.reply
        attempt = Attempt(
            at=time.monotonic(),
            method=request.command,
            path=request.path,
            headers=headers,
            body=body,
            sound=tuple(secret for secret in (SECRET, OTHER_SECRET) if _is_sound(secret, body, headers)),
            status=None if reply.silent else reply.status,
        )
        with self._changed:
            self.attempts.append(attempt)
            self._changed.notify_all()
        return reply

    def answer(self, request: BaseHTTPRequestHandler, reply: Reply) -> None:
        """Answer as the reply says."""
        if reply.silent:
            self._ending.wait()
            return
        request.send_response(reply.status)
        for name, value in reply.headers.items():
            request.send_header(name, value)
        if not reply.endless:
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.end_headers()
        while not self._ending.is_set():
            request.wfile.write(b"x" * 65_536)


def _is_sound(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


def _handler_of(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            reply = receiver.came(self)
            self.close_connection = True
            try:
                receiver.answer(self, reply)
            except OSError:
                return  # whoever asked has gone

        def do_OPTIONS(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
