"""A slow little API that speaks HTTP by hand: it answers in pieces, keeps connections open, and counts them.

For tests that stop a client anywhere: whatever is still open afterwards is a leak.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

PIECES = 3
PAUSE = 0.001  # seconds before each piece

Json = dict[str, Any]


class SlowApi:
    """Every window has `pages` full pages of conversations, all of different ids."""

    def __init__(self, *, pages: int = 2) -> None:
        self.url = ""
        self.open = 0
        self.requests = 0
        self._pages = pages
        self._changed = asyncio.Condition()

    async def all_closed(self, seconds: float = 5.0) -> bool:
        """True as soon as nobody is connected any more, False when that takes long."""
        async with self._changed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._changed.wait_for(lambda: not self.open)
            return not self.open

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the other side closes it."""
        self.open += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.requests += 1
                lines = head.decode().split("\r\n")
                length = next(
                    (int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length")), 0
                )
                await self._answer(writer, self._body(lines[0].split()[1], await reader.readexactly(length)))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            async with self._changed:
                self.open -= 1
                self._changed.notify_all()

    async def _answer(self, writer: asyncio.StreamWriter, body: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        whole = head.encode() + body
        size = -(-len(whole) // PIECES)
        for start in range(0, len(whole), size):
            await asyncio.sleep(PAUSE)
            writer.write(whole[start : start + size])
            await writer.drain()

    def _body(self, path: str, asked: bytes) -> bytes:
        if path == "/oauth/token":
            return json.dumps({"access_token": "slow", "token_type": "bearer", "expires_in": 86_399}).encode()
        query: Json = json.loads(asked)
        number, size = query["paging"]["pageNumber"], query["paging"]["pageSize"]
        hits = self._pages * size
        if number > self._pages:
            return json.dumps({"totalHits": hits}).encode()
        start = query["interval"].partition("/")[0]
        rows = [_conversation(start, (number - 1) * size + row) for row in range(size)]
        return json.dumps({"totalHits": hits, "conversations": rows}).encode()


def _conversation(start: str, row: int) -> Json:
    return {"conversationId": f"{start}-{row}", "conversationStart": start, "conversationEnd": start}


@contextlib.asynccontextmanager
async def slow_api() -> AsyncIterator[SlowApi]:
    """Serve until the block is left."""
    api = SlowApi()
    async with await asyncio.start_server(api.serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()[:2]
        api.url = f"http://{host}:{port}"
        yield api
