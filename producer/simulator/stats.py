"""What the simulator counted: requests by path and status, concurrency, faults."""

from __future__ import annotations

from collections import Counter
from typing import Any

_MOST_PATHS = 1_000


class Stats:
    """Counters since the start."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._faults: Counter[str] = Counter()
        self._in_flight = 0
        self._peak = 0
        self._rate_limited = 0
        self._rows = 0

    def began(self) -> None:
        """A request has arrived."""
        self._in_flight += 1
        self._peak = max(self._peak, self._in_flight)

    def finished(self, path: str, status: int, fault: str | None, rows: int) -> None:
        """It was answered, with status 0 if it was not."""
        self._in_flight -= 1
        if len(self._requests) < _MOST_PATHS or (path, status) in self._requests:
            self._requests[path, status] += 1
        if fault is not None:
            self._faults[fault] += 1
        self._rows += rows

    def limited(self) -> None:
        """The rate limit refused a request."""
        self._rate_limited += 1

    def values(self) -> dict[str, Any]:
        """All of it, as JSON values."""
        by_path: dict[str, dict[str, int]] = {}
        for (path, status), number in sorted(self._requests.items()):
            by_path.setdefault(path, {})[str(status)] = number
        return {
            "requests": by_path,
            "faults": dict(self._faults),
            "inFlight": self._in_flight,
            "peakConcurrency": self._peak,
            "rateLimited": self._rate_limited,
            "conversationsServed": self._rows,
        }
