"""Whether the broker that answers on a port is the one we started, and ready for work.

Asked in Kafka's own protocol (Metadata, version 1), since a listening socket proves neither: the port may be a
stranger's, and a broker listens before its controller lets it serve.
"""

from __future__ import annotations

import socket
import struct

_METADATA, _VERSION = 3, 1
_CORRELATION = 7
_CLIENT = b"readiness"
_LARGEST_ANSWER = 1 << 20


def is_ready(port: int, rack: str, *, timeout: float = 3.0) -> bool:
    """Tell whether the broker on the loopback `port` is registered, unfenced, and carries `rack`.

    `timeout` (seconds) bounds each step. Nobody listening, or one who speaks something else, is not ready.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), timeout) as connection:
            return _string(rack.encode()) in _ask_for_metadata(connection)
    except (OSError, ValueError):
        return False


def _ask_for_metadata(connection: socket.socket) -> bytes:
    """Return the raw answer: it lists only live brokers, each with its rack."""
    no_topics = struct.pack(">i", 0)
    request = struct.pack(">hhi", _METADATA, _VERSION, _CORRELATION) + _string(_CLIENT) + no_topics
    connection.sendall(struct.pack(">i", len(request)) + request)
    (size,) = struct.unpack(">i", _exactly(connection, 4))
    if not 0 < size < _LARGEST_ANSWER:
        raise ValueError(f"not Kafka: an answer of {size} bytes")
    return _exactly(connection, size)


def _string(text: bytes) -> bytes:
    return struct.pack(">h", len(text)) + text


def _exactly(connection: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        part = connection.recv(size - len(received))
        if not part:
            raise ConnectionError("the broker hung up")
        received += part
    return bytes(received)
