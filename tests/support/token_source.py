"""A `TokenSource` for tests, on a clock that does not wait, and a small gateway that answers from a table of pages."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from producer.events import Event
from producer.genesys.options import ClientOptions, Credentials
from producer.genesys.retry import Backoff
from producer.genesys.token_source import TokenSource
from producer.model.reads import Page, ReadEnd, Split
from producer.model.regions import Endpoints
from producer.model.windows import Slice, Window
from producer.transform.token_split import split
from tests.support.clock import FakeClock
from tests.support.genesys_api import QUERY, Answer, Seen
from tests.support.genesys_source import SECRET, WINDOW, reading

REALM = "realm-7"


@dataclass
class Bench:
    """A source and what came of it."""

    source: TokenSource
    events: list[Event] = field(default_factory=list)

    async def read(self, what: Window | Slice | tuple[str, ...] = WINDOW) -> list[Page | Split | ReadEnd]:
        """Everything that one read yields."""
        return [item async for item in self.source.read(reading(what))]


@contextlib.asynccontextmanager
async def bench(url: str, *, options: ClientOptions | None = None) -> AsyncIterator[Bench]:
    """An open source that asks `url`, with small waits and no jitter."""
    heard: list[Event] = []
    source = TokenSource(
        endpoints=Endpoints(api=url, login="http://127.0.0.1:1/never-asked"),
        credentials=Credentials(client_id="client-1", secret=lambda: SECRET),
        realm=REALM,
        options=options or ClientOptions(page_size=2_000, timeout=timedelta(seconds=5)),
        clock=FakeClock(),
        observe=heard.append,
        split=split,
        backoff=Backoff(jitter=lambda: 1.0),
    )
    async with source:
        yield Bench(source, heard)


@dataclass
class Pages:
    """What the gateway answers: by cursor (empty: the first page) the ids of a page and the cursor of the next one."""

    by_cursor: Mapping[str, tuple[tuple[str, ...], str]]

    def __call__(self, seen: Seen) -> Answer | None:
        """The answer to a query; nothing for anything else."""
        if seen.path != QUERY:
            return None
        ids, following = self.by_cursor[seen.query.get("nextPageToken", "")]
        body: dict[str, object] = {"entities": [{"id": each} for each in ids]}
        return Answer(body=body | ({"nextPageToken": following} if following else {}))


def cursors(asked: list[Seen]) -> list[str]:
    """The cursors that queries were asked with, in order."""
    return [seen.query.get("nextPageToken", "") for seen in asked]
