"""Paging by cursor, as the token dialect does it: one page after the other, up to the one without a cursor.

A cursor that the gateway no longer knows, or gives a second time, is lost: the pass begins anew, a few times. Then a
window whose cursors do not live long enough is split in time, any other refused. What earlier passes brought is true as
it is. There is no number of hits to compare with: what is read to its end says `cursor-end` of itself, and no more.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from producer import errors
from producer.genesys.client import Client, Tally, TooHeavy
from producer.genesys.exchange import Request
from producer.genesys.options import ClientOptions
from producer.genesys.outcome import Reply
from producer.genesys.pages import page_of
from producer.genesys.retry import NotFound
from producer.genesys.token_requests import interactions_request, next_request, window_request
from producer.genesys.windows import Course, SplitPage
from producer.model.reads import Page, Read, ReadEnd, SplitBody, Verdict
from producer.model.windows import Slice

MOST_PASSES = 3
"""How often one read begins with the first page: cursors that are lost again and again belong to the window."""
MOST_PAGES = 10_000
"""Pages of one pass: a cursor that leads further has no end."""
IDS_PER_CALL = 100
_EXPIRED = "cursor.expired"


class _CursorLost(errors.WindowRefused):
    """The next page can't be had: its cursor is no longer known, or was given before."""


@dataclass(slots=True, kw_only=True)
class Walk:
    """One read from cursor to cursor. The mutable state: what it found so far, over all passes."""

    client: Client
    split: SplitPage
    tally: Tally
    pages: int = 0
    filled: int = 0
    repeated: int = 0
    ids: set[str] = field(default_factory=set)
    nameless: int = 0

    async def along(self, first: Request) -> AsyncGenerator[Page, None]:
        """Yield the pages of a question, numbered on. Raises WindowRefused when no pass comes to its end."""
        lost: _CursorLost | None = None
        for _ in range(MOST_PASSES):
            try:
                async with aclosing(self._pass(first)) as items:
                    async for page in items:
                        yield page
            except _CursorLost as error:
                lost = error
            else:
                return
        raise errors.WindowRefused(f"{lost}; {MOST_PASSES} times", code=lost.code if lost else "")

    async def _pass(self, first: Request) -> AsyncGenerator[Page, None]:
        cursors: set[int] = set()
        found: set[str] = set()
        cursor: str | None = None
        while True:
            reply = await self._ask(first, cursor)
            page = page_of(self.pages + 1, reply)
            self._count(page, found)
            yield page
            cursor = reply.value.cursor
            if cursor is None:
                return
            if hash(cursor) in cursors:
                raise _CursorLost("the cursor of a page was given before", code="cursor.repeated")
            cursors.add(hash(cursor))
            if len(cursors) >= MOST_PAGES:
                raise errors.WindowRefused(f"there is no end after {MOST_PAGES:,} pages", code="cursor.endless")

    async def _ask(self, first: Request, cursor: str | None) -> Reply[SplitBody]:
        """A page. The question was answered before, so that a refusal of the next page speaks of its cursor."""
        if cursor is None:
            return await self.client.ask(first, self.split, tally=self.tally, heavy=True)
        try:
            return await self.client.ask(next_request(first, cursor), self.split, tally=self.tally, heavy=True)
        except (errors.WindowRefused, NotFound) as error:
            raise _CursorLost(
                f"the cursor is not taken: {error}", code=_EXPIRED, correlation_id=error.correlation_id
            ) from error

    def _count(self, page: Page, found: set[str]) -> None:
        self.pages += 1
        self.filled += bool(page.conversations)
        for each in page.conversations:
            if each.id is None:
                self.nameless += 1
                continue
            self.repeated += each.id in found
            found.add(each.id)
            self.ids.add(each.id)

    def end(self) -> ReadEnd:
        """How the read ended."""
        return ReadEnd(
            verdict=Verdict.CURSOR_END,
            pages=self.pages,
            filled=self.filled,
            attempts=self.tally.attempts,
            unique=len(self.ids) + self.nameless,
            repeated=self.repeated,
            first_hits=None,
            last_hits=None,
        )


class CursorPaging:
    """The token dialect's paging (a `windows.Paging`)."""

    def __init__(self, client: Client, *, api: str, options: ClientOptions, split: SplitPage) -> None:
        self._client = client
        self._api = api
        self._options = options
        self._split = split

    async def pages(self, course: Course) -> AsyncGenerator[Page | ReadEnd, None]:
        """The window from its first page to the last."""
        walk = Walk(
            client=self._client, split=self._split, tally=course.tally, pages=course.pages, filled=course.filled
        )
        first = window_request(
            self._api, course.part, size=course.size, request_id=course.read.request_id, read=course.read.kind
        )
        try:
            async with aclosing(walk.along(first)) as items:
                async for page in items:
                    yield page
        except errors.WindowRefused as error:
            if error.code != _EXPIRED:
                raise
            raise TooHeavy(error, passing=False, split=True) from error
        finally:
            course.pages, course.filled = walk.pages, walk.filled  # should it be too heavy, smaller pages go on
        yield walk.end()

    async def glance(self, course: Course, part: Slice) -> None:
        """One conversation of another slice."""
        request = window_request(self._api, part, size=1, request_id=course.read.request_id, read=course.read.kind)
        await self._client.ask(request, self._split, tally=course.tally)

    def cut(self, _part: Slice) -> tuple[Slice, ...]:
        """None: the dialect has no words for open ones, nor for directions."""
        return ()

    async def interactions(self, read: Read) -> AsyncGenerator[Page | ReadEnd, None]:
        """What the gateway has of the interactions that a read names. Raises as ports.Source.read."""
        walk = Walk(client=self._client, split=self._split, tally=Tally())
        for start in range(0, len(read.ids), IDS_PER_CALL):
            ids = read.ids[start : start + IDS_PER_CALL]
            size = self._options.page_size
            first = interactions_request(self._api, ids, size=size, request_id=read.request_id, read=read.kind)
            async with aclosing(walk.along(first)) as items:
                async for page in items:
                    yield page
        yield walk.end()
