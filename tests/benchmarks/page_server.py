"""A stand-in for the API that costs nothing to ask: it answers any window from gzipped pages that were made before.

    python -m tests.benchmarks.page_server --pages 100 --windows 26 [--same]

Each window that it has not seen before takes the next `--pages` pages, with `--same` the same ones again. It prints its
address when all is made. The daemon asks for a window only when the one before is committed; that question is held back
until `/release?windows=n` lets n windows through, and `/release` itself says `true` when the question for the window
after them has come: a span of the daemon's work with sharp ends.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys

import orjson
import uvloop
from aiohttp import web
from isal import isal_zlib

from tests.benchmarks.conversations import bodies, pool

_QUERY = "/api/v2/analytics/conversations/details/query"
_LEVEL, _GZIP = 1, 31
_PATIENCE = 1.0  # seconds


class Windows:
    """The windows seen so far, and how many may go through."""

    def __init__(self, answers: list[bytes], *, in_window: int, same: bool) -> None:
        self._answers = answers
        self._in_window = in_window
        self._same = same
        self._numbers: dict[str, int] = {}
        self._released = 0
        self._changed = asyncio.Condition()

    async def release(self, windows: int) -> bool:
        """Let windows through; True as soon as the one after them is asked for, False when that takes long."""
        async with self._changed:
            self._released += windows
            self._changed.notify_all()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    await self._changed.wait_for(lambda: len(self._numbers) > self._released)
            return len(self._numbers) > self._released

    async def page(self, interval: str, number: int) -> bytes:
        """The answer for page `number` of a window, gzipped."""
        async with self._changed:
            window = self._numbers.setdefault(interval, len(self._numbers))
            self._changed.notify_all()
            await self._changed.wait_for(lambda: window < self._released)
        if number > self._in_window:
            return _pack(b'{"totalHits":%d}' % (self._in_window * 100))
        return self._answers[(0 if self._same else window * self._in_window) + number - 1]


def application(windows: Windows) -> web.Application:
    """The few paths that the daemon asks for."""

    async def query(request: web.Request) -> web.Response:
        asked = orjson.loads(await request.read())
        body = await windows.page(asked["interval"], asked["paging"]["pageNumber"])
        return web.Response(body=body, content_type="application/json", headers={"Content-Encoding": "gzip"})

    async def token(_: web.Request) -> web.Response:
        return web.json_response({"access_token": "benchmark", "token_type": "bearer", "expires_in": 86_399})

    async def whose(_: web.Request) -> web.Response:
        return web.json_response({"organization": {"id": "benchmark"}})

    async def release(request: web.Request) -> web.Response:
        done = await windows.release(int(request.query["windows"]))
        return web.json_response(done)

    made = web.Application()
    made.router.add_post(_QUERY, query)
    made.router.add_post("/oauth/token", token)
    made.router.add_get("/api/v2/tokens/me", whose)
    made.router.add_post("/release", release)
    return made


def _pack(body: bytes) -> bytes:
    packed: bytes = isal_zlib.compress(body, _LEVEL, _GZIP)
    return packed


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until stdin ends, which it does at the latest with the process that started this one."""
    pages = arguments.pages * (1 if arguments.same else arguments.windows)
    answers = [_pack(body) for body in bodies(pool(), pages=pages, pages_in_window=arguments.pages)]
    windows = Windows(answers, in_window=arguments.pages, same=arguments.same)
    runner = web.AppRunner(application(windows), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, required=True, help="pages of a window")
    parser.add_argument("--windows", type=int, required=True, help="windows that there are pages for")
    parser.add_argument("--same", action="store_true", help="every window has the same pages")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
