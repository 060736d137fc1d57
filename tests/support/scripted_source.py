"""A source made of scripted answers: what each read brings is said by a function of the read, item by item."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from producer.model.checkpoint import Usage
from producer.model.reads import Page, Read, ReadEnd, Split
from producer.ports import Clock

Item = Page | Split | ReadEnd | Exception | asyncio.Event | timedelta
"""What a read does next: yield this, raise this, wait for this, or wait this long."""


@dataclass(slots=True, kw_only=True)
class ScriptedSource:
    """`answer` is asked once a read. `organisations` says what `organisation_id` does, the last one for ever;
    `permissions` what `permitted` raises."""

    clock: Clock
    answer: Callable[[Read], Iterable[Item]]
    organisations: deque[str | Exception | None] = field(default_factory=lambda: deque([None]))
    permissions: deque[Exception | None] = field(default_factory=deque)
    reads: list[Read] = field(default_factory=list)
    resumed: list[Usage] = field(default_factory=list)
    closed: int = 0

    async def read(self, read: Read) -> AsyncGenerator[Page | Split | ReadEnd, None]:
        self.reads.append(read)
        try:
            for item in self.answer(read):
                await asyncio.sleep(0)
                if isinstance(item, Exception):
                    raise item
                if isinstance(item, asyncio.Event):
                    await item.wait()
                elif isinstance(item, timedelta):
                    await self.clock.sleep(item)
                else:
                    yield item
        finally:
            self.closed += 1

    async def organisation_id(self) -> str | None:
        answer = self.organisations.popleft() if len(self.organisations) > 1 else self.organisations[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def permitted(self, now: datetime) -> None:
        answer = self.permissions.popleft() if self.permissions else None
        if isinstance(answer, Exception):
            raise answer

    def resume(self, usage: Usage) -> None:
        self.resumed.append(usage)

    def usage(self) -> Usage:
        return Usage(at=self.clock.now(), recent=len(self.reads))
