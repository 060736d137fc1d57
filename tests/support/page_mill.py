"""An API without an organisation behind it: as many small conversations of a day as one wants, each page ground out of
one that was made before.

    python -m tests.support.page_mill --a-day 10000

It prints its address, and serves until stdin ends.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import datetime
from typing import Any

import msgspec

PAGE_SIZE = 100
_MARK = b"0badc0de"
_BODY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


def conversation(row: int, start: str) -> dict[str, Any]:
    """One that is as small as conversations are."""
    segment = {"segmentStart": start, "segmentEnd": start, "segmentType": "interact", "disconnectType": "client"}
    session = {"mediaType": "voice", "sessionId": f"s-{row}", "direction": "inbound", "segments": [segment]}
    customer = {"participantId": f"p-{row}", "purpose": "customer", "sessions": [session]}
    return {
        "conversationId": f"{_MARK.decode()}-0000-4000-8000-{row:012x}",
        "conversationStart": start,
        "conversationEnd": start,
        "originatingDirection": "inbound",
        "participants": [customer],
    }


class Mill:
    """Answers queries. `a_day` conversations begin on every day, at its first instant."""

    def __init__(self, a_day: int) -> None:
        self._a_day = a_day
        self._templates: dict[str, bytes] = {}

    def page(self, asked: dict[str, Any]) -> bytes:
        """The body for one query."""
        start, number = asked["interval"].partition("/")[0], asked["paging"]["pageNumber"]
        left = self._a_day - (number - 1) * PAGE_SIZE
        if left <= 0:
            return b'{"totalHits":%d}' % self._a_day
        day = datetime.fromisoformat(start).toordinal()
        if start not in self._templates:
            rows = [conversation(row, start) for row in range(PAGE_SIZE)]
            self._templates = {start: msgspec.json.encode({"conversations": rows, "totalHits": self._a_day})}
        return self._templates[start].replace(_MARK, b"%05x%03x" % (day, number))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                asked = await reader.readexactly(length)
                body = self._token() if b"/oauth/token" in head else self.page(msgspec.json.decode(asked))
                writer.write(_BODY % (len(body), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    @staticmethod
    def _token() -> bytes:
        return msgspec.json.encode({"access_token": "mill", "token_type": "bearer", "expires_in": 86_399})


async def main(a_day: int) -> None:
    """Serve until stdin ends."""
    async with await asyncio.start_server(Mill(a_day).serve, "127.0.0.1", 0) as server:
        sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--a-day", type=int, required=True)
    asyncio.run(main(parser.parse_args().a_day))
