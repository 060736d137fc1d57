"""How far a long command has come: one line on stderr that is written over, on a terminal only."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TextIO

_EVERY = 0.5  # seconds
_ERASE = "\r\x1b[K"


@dataclass(slots=True)
class Progress:
    """Tells a terminal; anywhere else it is silent. One thing is done at a time."""

    stream: TextIO
    _what: str = ""
    _total: int | None = None
    _done: int = 0
    _began: float = 0.0
    _told: float = 0.0
    _shown: bool = field(default=False)

    def begin(self, what: str, total: int | None = None) -> None:
        """Begin with something that has so many steps, None: nobody knows how many."""
        self._what, self._total, self._done = what, total, 0
        self._began = time.monotonic()
        self._tell(self._began)

    def advance(self, steps: int = 1) -> None:
        """So many steps more are done."""
        self._done += steps
        now = time.monotonic()
        if now - self._told >= _EVERY:
            self._tell(now)

    def end(self) -> None:
        """Leave an empty line."""
        if self._shown:
            self.stream.write(_ERASE)
            self.stream.flush()
            self._shown = False

    def line(self, now: float) -> str:
        """What there is to say at an instant of the monotonic clock."""
        rate = self._done / (now - self._began) if now > self._began else 0.0
        if not self._total:
            return f"{self._what}: {self._done:,} ({rate:,.0f}/s)"
        share = self._done / self._total
        left = f", {(self._total - self._done) / rate:,.0f} s left" if rate else ""
        return f"{self._what}: {self._done:,} of {self._total:,} ({share:.0%}, {rate:,.0f}/s{left})"

    def _tell(self, now: float) -> None:
        self._told = now
        if self.stream.isatty():
            self._shown = True
            self.stream.write(_ERASE + self.line(now))
            self.stream.flush()
