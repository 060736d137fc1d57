"""A lock whose next holder is chosen, not merely the one that waited longest."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection

from producer.model.reads import ReadKind


class Turnstile:
    """One passes at a time. Of those that wait, `choose` names the kind that is next; within it the first to come."""

    def __init__(self, choose: Callable[[Collection[ReadKind]], ReadKind]) -> None:
        self._choose = choose
        self._taken = False
        self._waiting: dict[ReadKind, deque[asyncio.Future[None]]] = {}

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return sum(not each.done() for queue in self._waiting.values() for each in queue)

    @contextlib.asynccontextmanager
    async def turn(self, kind: ReadKind) -> AsyncIterator[None]:
        """Wait for the turn of this kind, and hold it while entered."""
        await self._enter(kind)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, kind: ReadKind) -> None:
        if not self._taken:
            self._taken = True
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._waiting.setdefault(kind, deque())
        queue.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if not mine.cancelled():  # it was our turn in the moment we were told to stop
                self._leave()
            elif mine in queue:
                queue.remove(mine)
            raise

    def _leave(self) -> None:
        for queue in self._waiting.values():
            while queue and queue[0].cancelled():
                queue.popleft()
        waiting = [kind for kind, queue in self._waiting.items() if queue]
        if waiting:
            self._waiting[self._choose(waiting)].popleft().set_result(None)
        else:
            self._taken = False
