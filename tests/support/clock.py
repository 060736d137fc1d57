"""A clock for tests: it stands still until somebody moves it, and sleeping on it moves it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

NOON = datetime(2025, 3, 10, 12, tzinfo=UTC)
"""A Monday noon, where tests begin unless they say otherwise."""


@dataclass(slots=True)
class FakeClock:
    """`ports.Clock` without waiting. `slept` lists every sleep, in order."""

    instant: datetime = NOON
    slept: list[timedelta] = field(default_factory=list)

    def now(self) -> datetime:
        """The present instant of the test."""
        return self.instant

    def advance(self, duration: timedelta) -> None:
        """Let time pass."""
        self.instant += max(timedelta(0), duration)

    async def sleep(self, duration: timedelta) -> None:
        """Sleep until its end comes: the clock is moved there at once, other coroutines get a turn."""
        self.slept.append(duration)
        until = self.instant + max(timedelta(0), duration)
        await asyncio.sleep(0)
        self.instant = max(self.instant, until)
