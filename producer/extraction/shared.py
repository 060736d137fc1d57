"""One source for all extractions of a retriever: open while somebody uses it, so that they share client and budget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from producer.model.checkpoint import Usage
from producer.ports import Source


class SharedSource:
    """The mutable state: who uses it, and what was used of the rate limit until it was last closed."""

    def __init__(self, make: Callable[[], AbstractAsyncContextManager[Source]]) -> None:
        self._make = make
        self._users = 0
        self._opening = asyncio.Lock()
        self._source: Source | None = None
        self._open = AsyncExitStack()
        self._usage: Usage | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Source]:
        """The source, for as long as the block runs; the last to leave closes it."""
        self._users += 1
        try:
            yield await self._opened()
        finally:
            self._users -= 1
            if not self._users:
                await self._close()

    async def _opened(self) -> Source:
        if self._users == 1:
            self._opening = asyncio.Lock()  # of this event loop
        async with self._opening:
            if self._source is None:
                source = await self._open.enter_async_context(self._make())
                if self._usage is not None:
                    source.resume(self._usage)
                self._source = source
            return self._source

    async def _close(self) -> None:
        """Close it; who comes meanwhile opens another."""
        source, self._source = self._source, None
        closing, self._open = self._open, AsyncExitStack()
        if source is not None:
            self._usage = source.usage()
        await closing.aclose()
