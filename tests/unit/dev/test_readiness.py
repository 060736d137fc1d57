from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from producer.dev.readiness import is_ready


@contextmanager
def somebody(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Somebody who listens and treats one connection in their own way; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(ConnectionError):  # who sees a stranger hangs up in mid-sentence
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            thread.join()


def says(body: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(1_000)
        for half in (body[: len(body) // 2], body[len(body) // 2 :]):
            connection.sendall(half)

    return answer


def framed(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body


def metadata(rack: bytes) -> bytes:
    return framed(struct.pack(">i", 7) + b"..." + struct.pack(">h", len(rack)) + rack + b"...")


def test_the_broker_with_our_rack_is_ready() -> None:
    with somebody(says(metadata(b"ours"))) as port:
        assert is_ready(port, "ours")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(says(metadata(b"them")), id="another broker"),
        pytest.param(says(metadata(b"ours-too")), id="a rack that begins like ours"),
        pytest.param(says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), id="not Kafka"),
        pytest.param(says(metadata(b"ours")[:10]), id="hangs up in the middle"),
        pytest.param(says(b""), id="hangs up at once"),
    ],
)
def test_anybody_else_is_not(answer: Callable[[socket.socket], None]) -> None:
    with somebody(answer) as port:
        assert not is_ready(port, "ours")


def test_nobody_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert not is_ready(port, "ours")


def test_one_who_never_answers_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not is_ready(silent.getsockname()[1], "ours", timeout=0.05)
