"""One organisation of Genesys Cloud as the flow sees it: `ports.Source`, put together from this package."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from types import TracebackType
from typing import Self
from uuid import uuid4

from producer import errors
from producer.genesys.by_id import read_by_id
from producer.genesys.client import Client
from producer.genesys.complaint import json_object
from producer.genesys.cuts import before
from producer.genesys.directory import names_in, names_request
from producer.genesys.offset_paging import OffsetPaging
from producer.genesys.options import ClientOptions, Credentials
from producer.genesys.query import Question, count_request, hits_of, organisation_request, page_request
from producer.genesys.retry import Backoff, NotFound
from producer.genesys.windows import SplitPage, WindowReader
from producer.model.checkpoint import Usage
from producer.model.instants import ONE_MILLISECOND, floor_millis
from producer.model.names import NameKind
from producer.model.reads import Page, Read, ReadEnd, Split
from producer.model.regions import Endpoints
from producer.model.windows import Slice, Window
from producer.ports import Clock, Observer


class GenesysSource:
    """Reads one organisation. Open it with `async with`: closing it closes its connections.

    `name` goes into every event.
    """

    def __init__(
        self,
        *,
        endpoints: Endpoints,
        credentials: Credentials,
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
        )
        paging = OffsetPaging(self._client, api=endpoints.api, options=options, split=split)
        self._windows = WindowReader(self._client, paging, options=options)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def read(self, read: Read) -> AsyncGenerator[Page | Split | ReadEnd, None]:
        """Yield the pages of a read, then a ReadEnd; or a Split as the last item.

        A window that proves too heavy on a later page has yielded pages before its Split: they are true as they are.
        Raises WindowRefused, SourceUnavailable, MalformedBody, RateLimited, CredentialsRefused, PermissionMissing,
        AddressNotAllowed.
        """
        answers: AsyncGenerator[Page | Split | ReadEnd, None]
        if read.slice is not None:
            answers = self._windows.read(read, read.slice)
        else:
            answers = read_by_id(self._client, read, api=self._api, split=self._split)
        async with aclosing(answers) as items:
            async for item in items:
                yield item

    async def organisation_id(self) -> str | None:
        """The id of the organisation the token belongs to; None where the API does not tell. Raises as `read`."""
        try:
            reply = await self._client.ask(organisation_request(self._api, request_id=str(uuid4())), organisation_of)
        except (errors.PermissionMissing, NotFound):
            return None
        return reply.value

    async def permitted(self, now: datetime) -> None:
        """Ask for one conversation of the last minute: a permission that is missing shows at once. Raises as `read`."""
        instant = floor_millis(now)
        window = before(Window(instant, instant + ONE_MILLISECOND))
        question = page_request(self._api, Slice(window=window), number=1, size=1, request_id=str(uuid4()))
        with contextlib.suppress(errors.WindowRefused):  # says nothing of what we may
            await self._client.ask(question, self._split)

    async def names(self, kind: NameKind, ids: Sequence[str]) -> Mapping[str, str]:
        """The names of those ids that the API knows, up to 100; asked for once. Raises as `read`.

        Not asked while the breaker is open or tries: a probe should ask for what is read.
        """
        if not self._client.closed:
            raise errors.SourceUnavailable("not asked: the breaker is open", code="breaker.open")
        request = names_request(self._api, kind, ids, request_id=str(uuid4()))
        return (await self._client.ask_once(request, names_in)).value

    async def count(self, question: Question) -> int:
        """How many conversations there are. Raises as `read`."""
        request = count_request(self._api, question, request_id=str(uuid4()))
        return (await self._client.ask(request, hits_of)).value

    def resume(self, usage: Usage) -> None:
        """Go on from what a predecessor used and learned of the rate limit, as its checkpoint says."""
        self._client.resume(usage)

    def usage(self) -> Usage:
        """What the rate limit has to carry now, for the checkpoint."""
        return self._client.usage()


def organisation_of(body: bytes) -> str | None:
    """The id of the organisation in the answer about a token; None where it does not tell. Raises MalformedBody."""
    found = json_object(body)
    if found is None:
        raise errors.MalformedBody("the answer about the token is no JSON object")
    organisation = found.get("organization")
    identifier = organisation.get("id") if isinstance(organisation, dict) else None
    return identifier if isinstance(identifier, str) else None
