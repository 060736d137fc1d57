"""The organisation's own time, and how instants are written. All instants are UTC milliseconds since 1970."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Clock(Protocol):
    """What tells the organisation the time."""

    def now(self) -> int:
        """The present instant, UTC milliseconds."""
        ...


class VirtualClock:
    """`origin + (unix time - epoch) x speed`, so that another process given the same three shows the same time."""

    def __init__(self, origin: datetime | None = None, epoch: float | None = None, speed: float = 1.0) -> None:
        started = time.time()
        self._epoch = started if epoch is None else epoch
        self._origin = self._epoch * SECOND if origin is None else origin.timestamp() * SECOND
        self._speed = speed

    def now(self) -> int:
        """The present instant, UTC milliseconds."""
        return int(self._origin + (time.time() - self._epoch) * self._speed * SECOND)


class ManualClock:
    """A clock that a test moves by hand."""

    def __init__(self, instant: str) -> None:
        self.at = millis(datetime.fromisoformat(instant))

    def now(self) -> int:
        """The instant it was last set to."""
        return self.at

    def advance(self, span: int) -> None:
        """Move on by so many milliseconds."""
        self.at += span


def millis(instant: datetime) -> int:
    """An aware instant as UTC milliseconds."""
    return round(instant.timestamp() * SECOND)


@lru_cache(maxsize=16_384)
def _minute(number: int) -> str:
    return datetime.fromtimestamp(number * 60, UTC).strftime("%Y-%m-%dT%H:%M:")


def text(instant: int) -> str:
    """`yyyy-MM-ddTHH:mm:ss.mmmZ`, as the platform writes instants."""
    minute, rest = divmod(instant, MINUTE)
    seconds, fraction = divmod(rest, SECOND)
    return f"{_minute(minute)}{seconds:02}.{fraction:03}Z"
