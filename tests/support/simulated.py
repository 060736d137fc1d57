"""A simulated organisation in a thread of this process: asked over HTTP by the daemon, moved by hand from the test."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

from producer.simulator import Simulator, SimulatorOptions, serve

T = TypeVar("T")

START_SECONDS = 20.0
QUERY = "/details/query"


class SimulatedOrganisation:
    """Enter it to serve; every method may be called from the test's thread."""

    url: str

    def __init__(self, options: SimulatorOptions) -> None:
        self._options = options
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._simulator: Simulator | None = None
        self._thread = threading.Thread(target=self._run, name="simulated-organisation", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(START_SECONDS), "the simulator did not start"
        assert self._simulator is not None, "the simulator could not start"
        self.url = self._simulator.url
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_SECONDS)
        assert not self._thread.is_alive(), "the simulator did not stop"

    def do(self, act: Callable[[Simulator], T]) -> T:
        """Do something to the simulator, in its own thread, and return what it returns."""

        async def acted() -> T:
            assert self._simulator is not None
            return act(self._simulator)

        return asyncio.run_coroutine_threadsafe(acted(), self._loop).result(START_SECONDS)

    def inject(self, kind: str, *, path: str = QUERY, **conditions: object) -> None:
        """Put a fault into force, on queries unless said otherwise."""
        self.do(lambda simulator: simulator.inject(kind, path=path, **conditions))

    def stats(self) -> Mapping[str, Any]:
        """What the organisation counted."""
        return self.do(lambda simulator: simulator.front.stats.values())

    def answers(self) -> list[Mapping[str, Any]]:
        """Every answer so far, oldest first."""
        return self._lines("/answers?after=0")

    def truth(self) -> list[Mapping[str, Any]]:
        """The conversations that became visible since the day before it started, each with its states."""
        day = 24 * 3_600_000
        since = self.do(lambda simulator: simulator.clock.now()) - day
        return self._lines(f"/truth?since={since}")

    def wait_until_answered(self, fault: str, seconds: float = 20.0) -> None:
        """Wait until a request was answered by this fault."""
        deadline = time.monotonic() + seconds
        while fault not in self.stats()["faults"]:
            assert time.monotonic() < deadline, f"no request was answered by {fault} within {seconds:g} s"
            time.sleep(0.03)

    def wait_until_over(self, seconds: float = 20.0) -> None:
        """Wait until all faults have fired as often as they may."""
        deadline = time.monotonic() + seconds
        while left := self.do(lambda simulator: simulator.front.faults.listing()):
            assert time.monotonic() < deadline, f"faults that no request met within {seconds:g} s: {left}"
            time.sleep(0.03)

    def _lines(self, path: str) -> list[Mapping[str, Any]]:
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return [json.loads(line) for line in answer]

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._serve())
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        async with serve(self._options) as self._simulator:
            self._ready.set()
            await self._stop.wait()
