"""Who goes next when several reads want to ask: all share one budget, and none starves.

Pure but for what it counts. The order of importance is that of `ReadKind`; a kind that has had less than its guaranteed
share of the last minute goes before those more important than it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Mapping
from datetime import datetime

from producer.genesys.limiter_learned import MINUTE
from producer.model.reads import ReadKind

ORDER: tuple[ReadKind, ...] = tuple(ReadKind)
"""From the most important kind of read to the least."""


class Shares:
    """One source's budget by kind of read. The mutable state: what was sent in the last minute."""

    def __init__(self, guaranteed: Mapping[ReadKind, float]) -> None:
        """`guaranteed` are parts of the budget, from 0 to 1; what is not guaranteed goes by importance."""
        self._guaranteed = guaranteed
        self._sent: deque[tuple[datetime, ReadKind]] = deque()

    def sent(self, kind: ReadKind, now: datetime) -> None:
        """A request of this kind goes out."""
        self._forget(now)
        self._sent.append((now, kind))

    def next(self, waiting: Collection[ReadKind], cap: int, now: datetime) -> ReadKind:
        """Which of the kinds that wait goes first; `cap` is what may be sent in a minute."""
        spent = self.spent(now)
        starved = [kind for kind in waiting if spent[kind] < self._guaranteed.get(kind, 0.0) * cap]
        return min(starved or waiting, key=ORDER.index)

    def spent(self, now: datetime) -> Counter[ReadKind]:
        """Requests of the last minute by kind."""
        self._forget(now)
        return Counter(kind for _, kind in self._sent)

    def _forget(self, now: datetime) -> None:
        while self._sent and self._sent[0][0] <= now - MINUTE:
            self._sent.popleft()
