"""A source that leaves out what was not asked for, where the API can't tell: whoever compares need not know."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime

from producer import errors
from producer.extraction.choice import Record
from producer.model.checkpoint import Usage
from producer.model.reads import Page, RawConversation, Read, ReadEnd, Split
from producer.ports import Source
from producer.transform.content import parse
from producer.transform.normalize import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectingSource:
    """`ports.Source` in front of another. What can't be judged passes: where it is compared it is a dead letter."""

    source: Source
    form: Form
    chosen: Callable[[Record], bool]

    async def read(self, read: Read) -> AsyncGenerator[Page | Split | ReadEnd, None]:
        """The pages of a read with what was asked for. Raises as ports.Source.read."""
        async with aclosing(self.source.read(read)) as answers:
            async for answer in answers:
                if isinstance(answer, Page):
                    kept = tuple(raw for raw in answer.conversations if self._keeps(raw))
                    yield replace(answer, conversations=kept)
                else:
                    yield answer

    def _keeps(self, raw: RawConversation) -> bool:
        try:
            content = parse(raw.raw)
            self.form.identify(content)
            return self.chosen(self.form.normalize(content).record)
        except (errors.Malformed, RecursionError):
            return True

    async def organisation_id(self) -> str | None:
        """Whose token it is. Raises as ports.Source.read."""
        return await self.source.organisation_id()

    async def permitted(self, now: datetime) -> None:
        """Whether one may read. Raises as ports.Source.read."""
        await self.source.permitted(now)

    def resume(self, usage: Usage) -> None:
        """Go on from what a predecessor used."""
        self.source.resume(usage)

    def usage(self) -> Usage:
        """What the rate limit has to carry now."""
        return self.source.usage()
