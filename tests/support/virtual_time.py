"""An event loop whose time passes at once, and a clock on it: hours of waiting take no time, in the order they would.

When nothing is ready the loop jumps to the next timer. When there is no timer either, nothing will ever happen again:
that is a test that would hang, so it fails at once and says so.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import ParamSpec

from tests.support.build import at

P = ParamSpec("P")


class _JumpingSelector(selectors.DefaultSelector):
    """Never blocks: a timeout to wait becomes time that has passed."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("every task waits for something that will never come")
        self.passed += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time, which begins at 0."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.passed


def in_virtual_time(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Run an async test on a loop of its own in virtual time."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def whole() -> None:
            await test(*args, **kwargs)

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(whole())

    return run


LOOP_BEGAN = at("10:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopClock:
    """A clock that shows the loop's time, from an origin on."""

    origin: datetime = LOOP_BEGAN

    def now(self) -> datetime:
        return self.origin + timedelta(seconds=asyncio.get_running_loop().time())

    async def sleep(self, duration: timedelta) -> None:
        await asyncio.sleep(max(0.0, duration.total_seconds()))
