"""Debian's chromium without a screen, driven over the DevTools protocol: what a person would see, as facts or pictures.

async with Browser.started(tmp_path) as browser:
    tab = await browser.visit("http://127.0.0.1:9464/", Screen(width=390, height=844, scheme="dark"))
    assert await tab.value("document.title") == "…"
"""

from __future__ import annotations

import asyncio
import base64
import shutil
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal, Self

import aiohttp

from producer.dev.child import Child
from producer.errors import PrerequisiteMissing

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
_PATIENCE = 20.0
"""Seconds for the browser to start, and for each answer of it."""

_WATCHED: Mapping[str, Callable[[Any], str]] = {
    "Log.entryAdded": lambda said: said["entry"]["text"],
    "Runtime.consoleAPICalled": lambda said: str([each.get("value") for each in said["args"]]),
    "Runtime.exceptionThrown": lambda said: said["exceptionDetails"]["text"],
    "Audits.issueAdded": lambda said: said["issue"]["code"],
}
"""What a browser complains about, and a page could say: events of the protocol, and their words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What the page is looked at with. `height` is that of the window; pictures show the whole page."""

    width: int
    height: int
    scheme: Literal["light", "dark"] = "light"

    @property
    def narrow(self) -> bool:
        """Whether it is a phone."""
        return self.width < 600  # between the two kinds that tests use


@dataclass(slots=True)
class Tab:
    """A page that is open. `complaints` are those of the browser, and what a script of the page said."""

    _socket: aiohttp.ClientWebSocketResponse
    _numbers: count[int] = field(default_factory=lambda: count(1))
    _waiting: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    _loaded: asyncio.Event = field(default_factory=asyncio.Event)
    complaints: list[str] = field(default_factory=list)

    async def listen(self) -> None:
        """Take what the browser says, until it is gone."""
        async for message in self._socket:
            said = message.json()
            if "id" in said:
                self._waiting.pop(said["id"]).set_result(said)
            elif said["method"] == "Page.loadEventFired":
                self._loaded.set()
            elif said["method"] in _WATCHED:
                self.complaints.append(_WATCHED[said["method"]](said["params"]))

    async def ask(self, method: str, **params: Any) -> Any:
        """Call a method of the protocol."""
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        answer = await asyncio.wait_for(self._waiting[number], _PATIENCE)
        assert "error" not in answer, (method, answer)
        return answer["result"]

    async def open(self, url: str, screen: Screen) -> None:
        """Show an address on a screen."""
        for domain in ("Page", "Log", "Runtime", "Audits"):
            await self.ask(f"{domain}.enable")
        size = {"width": screen.width, "height": screen.height, "deviceScaleFactor": 1, "mobile": screen.narrow}
        await self.ask("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": screen.scheme}
        await self.ask("Emulation.setEmulatedMedia", features=[scheme])
        await self.ask("Page.navigate", url=url)
        await self.loaded()

    async def loaded(self, seconds: float = _PATIENCE) -> None:
        """Wait until a document is loaded that was not waited for before."""
        await asyncio.wait_for(self._loaded.wait(), seconds)
        self._loaded.clear()

    async def value(self, expression: str) -> Any:
        """What an expression of JavaScript is on this page. The debugger asks: the page's policy does not bind it."""
        answer = await self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def show(self) -> None:
        """Bring it to the front: what lies behind is not refreshed."""
        await self.ask("Page.bringToFront")

    async def close(self) -> None:
        """Close it."""
        await self.ask("Page.close")

    async def picture(self) -> bytes:
        """The whole page as a PNG."""
        answer = await self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(answer["data"])


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser that runs."""

    _session: aiohttp.ClientSession
    _group: asyncio.TaskGroup
    _listeners: list[asyncio.Task[None]] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def started(cls, directory: Path) -> AsyncIterator[Self]:
        """Start one with a profile of its own in a directory. Raises PrerequisiteMissing when there is none."""
        program = shutil.which("chromium")
        if program is None:
            raise PrerequisiteMissing("chromium is not on this machine: apt-get install chromium")
        profile = directory / "chromium-profile"
        command = [program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        child = Child(command, log=directory / "chromium.log")
        try:
            port = await asyncio.to_thread(_port, child, profile, directory / "chromium.log")
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session, asyncio.TaskGroup() as group:
                browser = cls(session, group)
                try:
                    yield browser
                finally:
                    for listener in browser._listeners:
                        listener.cancel()
        finally:
            child.stop(grace=5)

    async def visit(self, url: str, screen: Screen) -> Tab:
        """Open an address in a tab of its own."""
        async with self._session.put("/json/new?about:blank") as answer:
            address = (await answer.json())["webSocketDebuggerUrl"]
        tab = Tab(await self._session.ws_connect(address, max_msg_size=64 * 1024 * 1024))
        self._listeners.append(self._group.create_task(tab.listen()))
        await tab.open(url, screen)
        return tab


def _port(child: Child, profile: Path, log: Path) -> int:
    """Where the browser listens: it writes its port into its profile."""
    told = profile / "DevToolsActivePort"
    deadline = time.monotonic() + _PATIENCE
    while not (told.exists() and told.read_text().count("\n")):
        assert child.exit_code() is None, f"chromium ended: {log.read_text()[-2_000:]}"
        assert time.monotonic() < deadline, f"chromium does not listen: {log.read_text()[-2_000:]}"
        time.sleep(0.05)
    return int(told.read_text().splitlines()[0])
