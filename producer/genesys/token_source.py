"""A gateway of the token dialect as the flow sees it: `ports.Source`, put together from this package."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from types import TracebackType
from typing import Self
from uuid import uuid4

from producer import errors
from producer.genesys.client import Client, TooHeavy
from producer.genesys.cuts import before
from producer.genesys.options import ClientOptions, Credentials
from producer.genesys.retry import Backoff
from producer.genesys.token_pages import CursorPaging
from producer.genesys.token_requests import TokenLogin, window_request
from producer.genesys.windows import SplitPage, WindowReader
from producer.model.checkpoint import Usage
from producer.model.instants import ONE_MILLISECOND, floor_millis
from producer.model.reads import Page, Read, ReadEnd, Split
from producer.model.regions import Endpoints
from producer.model.windows import Slice, Window
from producer.ports import Clock, Observer


class TokenSource:
    """Reads one realm. Open it with `async with`: closing it closes its connections. `name` goes into every event."""

    def __init__(
        self,
        *,
        endpoints: Endpoints,
        credentials: Credentials,
        realm: str,
        options: ClientOptions,
        clock: Clock,
        observe: Observer,
        split: SplitPage,
        name: str = "default",
        backoff: Backoff | None = None,
    ) -> None:
        self._api = endpoints.api
        self._split = split
        self._client = Client(
            endpoints=endpoints,
            credentials=credentials,
            options=options,
            clock=clock,
            observe=observe,
            source=name,
            backoff=backoff,
            login=TokenLogin(realm=realm),
        )
        self._paging = CursorPaging(self._client, api=endpoints.api, options=options, split=split)
        self._windows = WindowReader(self._client, self._paging, options=options)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def read(self, read: Read) -> AsyncGenerator[Page | Split | ReadEnd, None]:
        """Yield the pages of a read, then a ReadEnd; or a Split as the last item. `read.ids` are interaction ids.

        Raises as ports.Source.read; WindowRefused also for a selection that the dialect has no words for.
        """
        answers: AsyncGenerator[Page | Split | ReadEnd, None] = (
            self._windows.read(read, read.slice) if read.slice is not None else self._paging.interactions(read)
        )
        try:
            async with aclosing(answers) as items:
                async for item in items:
                    yield item
        except TooHeavy as heavy:
            raise heavy.error from heavy

    async def organisation_id(self) -> str | None:
        """None: the dialect does not tell; a gateway gives no token for a realm that is not the client's."""
        return None

    async def permitted(self, now: datetime) -> None:
        """Ask for one conversation of the last minute: a permission that is missing shows at once. Raises as `read`."""
        instant = floor_millis(now)
        window = before(Window(instant, instant + ONE_MILLISECOND))
        question = window_request(self._api, Slice(window=window), size=1, request_id=str(uuid4()))
        with contextlib.suppress(errors.WindowRefused):  # says nothing of what we may
            await self._client.ask(question, self._split)

    def resume(self, usage: Usage) -> None:
        """Go on from what a predecessor used and learned of the rate limit, as its checkpoint says."""
        self._client.resume(usage)

    def usage(self) -> Usage:
        """What the rate limit has to carry now, for the checkpoint."""
        return self._client.usage()
