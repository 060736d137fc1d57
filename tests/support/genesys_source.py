"""A `GenesysSource` for tests: it asks a small API, on a clock that does not wait, and remembers every event."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

import msgspec

from producer import errors
from producer.events import Event
from producer.genesys.options import ClientOptions, Credentials
from producer.genesys.retry import Backoff
from producer.genesys.source import GenesysSource
from producer.model.reads import Page, Read, ReadEnd, ReadKind, Split, SplitBody
from producer.model.regions import Endpoints
from producer.model.windows import Slice, Window
from producer.ports import Clock
from tests.support.clock import NOON, FakeClock
from tests.support.conversations import guessed

SECRET = "canary-secret-7731"
WINDOW = Window(NOON, NOON + timedelta(minutes=16))

E = TypeVar("E", bound=Event)


def split_body(body: bytes) -> SplitBody:
    """Cut a page the slow and plain way."""
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise errors.MalformedBody("the answer is not JSON") from None
    if not isinstance(found, dict):
        raise errors.MalformedBody("the answer is not an object")
    conversations = tuple(
        guessed(each.get("conversationId"), msgspec.json.encode(each)) for each in found.get("conversations") or ()
    )
    return SplitBody(conversations=conversations, total_hits=found.get("totalHits"))


@dataclass
class Bench:
    """A source and what came of it."""

    source: GenesysSource
    clock: Clock
    events: list[Event] = field(default_factory=list)

    def happened(self, kind: type[E]) -> list[E]:
        """The events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    async def read(self, what: Window | Slice | tuple[str, ...] = WINDOW) -> list[Page | Split | ReadEnd]:
        """Everything that one read yields."""
        return [item async for item in self.source.read(reading(what))]


def reading(what: Window | Slice | tuple[str, ...] = WINDOW) -> Read:
    """A read with the request id r-1."""
    if isinstance(what, tuple):
        return Read(request_id="r-1", kind=ReadKind.WATCH, ids=what)
    part = what if isinstance(what, Slice) else Slice(window=what)
    return Read(request_id="r-1", kind=ReadKind.HEAD, slice=part)


def plain(items: list[Page | Split | ReadEnd]) -> list[str]:
    """What a read yielded, one readable line each."""
    return [_line(item) for item in items]


def _line(item: Page | Split | ReadEnd) -> str:
    match item:
        case Page():
            return f"page {item.number}: {len(item.conversations)} of {item.total_hits}"
        case Split():
            return f"split {item.hits}: " + ", ".join(str(part) for part in item.parts)
    unread = f", unread {item.unread}" if item.unread else ""
    return f"{item.verdict.value}: {item.unique} unique, {item.pages} pages, {item.attempts} attempts{unread}"


@contextlib.asynccontextmanager
async def bench(
    url: str,
    *,
    options: ClientOptions | None = None,
    clock: Clock | None = None,
    secret: str = SECRET,
) -> AsyncIterator[Bench]:
    """An open source that asks `url`, with small waits and no jitter."""
    clock = clock or FakeClock()
    heard: list[Event] = []
    source = GenesysSource(
        endpoints=Endpoints(api=url, login=url),
        credentials=Credentials(client_id="client-1", secret=lambda: secret),
        options=options or ClientOptions(timeout=timedelta(seconds=5)),
        clock=clock,
        observe=heard.append,
        split=split_body,
        backoff=Backoff(jitter=lambda: 1.0),
    )
    async with source:
        yield Bench(source, clock, heard)
