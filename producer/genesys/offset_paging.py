"""Paging by offset over a moving set, as the platform does it: pages asked for together, and what they add up to.

A window over the hit bound is split in time; where time does not help, by end and direction.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, TypeVar

from producer import errors
from producer.genesys.client import Client
from producer.genesys.cuts import cut, halves
from producer.genesys.options import RESULT_CAP, ClientOptions
from producer.genesys.pages import Census, page_of
from producer.genesys.query import page_request
from producer.genesys.windows import Course, SplitPage
from producer.model.reads import Page, ReadEnd, ReadKind, Split, Verdict
from producer.model.windows import Slice

T = TypeVar("T")

_MADE_SURE = (ReadKind.REREAD, ReadKind.WATCH)
"""What no other read makes good, if it does not add up: re-reads, and the look for open ones at the first start."""
_MORE_THAN_MOVED = 1.5  # halves that hold more than this many times their parent share long conversations


class OffsetPaging:
    """The platform's paging (a `windows.Paging`).

    The mutable state: how many reads are open, which share the bytes that may wait.
    """

    def __init__(self, client: Client, *, api: str, options: ClientOptions, split: SplitPage) -> None:
        self._client = client
        self._api = api
        self._options = options
        self._split = split
        self._open_reads = 0

    async def pages(self, course: Course) -> AsyncGenerator[Page | Split | ReadEnd, None]:
        """One pass over the window, and one more where it did not add up and no other read makes that good."""
        self._open_reads += 1
        try:
            async with aclosing(self._pages(course)) as items:
                async for item in items:
                    yield item
        finally:
            self._open_reads -= 1

    async def glance(self, course: Course, part: Slice) -> None:
        """One conversation of another slice."""
        await self._page(course, 1, part=part, size=1)

    def cut(self, part: Slice) -> tuple[Slice, ...]:
        """By end, then by direction."""
        return cut(part)

    async def _pages(self, course: Course) -> AsyncGenerator[Page | Split | ReadEnd, None]:
        """One pass over the window from page 1."""
        first = await self._page(course, 1)
        course.hits = first.total_hits or 0
        if course.hits > self._options.hit_bound:
            parts = await self._parts(course)
            if parts:
                yield Split(parts=parts, hits=course.hits)
                return
        census = Census(page_size=course.size)
        census.add(first)
        yield first
        largest = first.size
        number, expected = 2, census.expected(first.total_hits)
        while number <= expected:
            batch = range(number, min(expected + 1, number + self._batch_size(largest)))
            arrived = await _together([self._page(course, each) for each in batch])
            largest = max(largest, *(page.size for page in arrived))
            counted = [await self._counted(course, census, page) for page in arrived]
            for page in sorted(counted, key=lambda each: each.as_of):  # of a conversation on two pages the older first
                yield page
            number = batch.stop
        while (following := census.next_page()) is not None:
            yield await self._counted(course, census, await self._page(course, following))
        end = census.end(course.tally.attempts)
        if end.verdict is Verdict.COMPLETE or course.read.kind not in _MADE_SURE or end.unread:
            yield end
            return
        async with aclosing(self._once_more(course, census)) as items:
            async for item in items:
                yield item

    async def _once_more(self, course: Course, first: Census) -> AsyncGenerator[Page | ReadEnd, None]:
        """The window once more, page by page: two passes that find the same conversations are complete.

        The pages are numbered on, so that each of a read has a number of its own.
        """
        second = Census(page_size=course.size)
        number: int | None = 1
        while number is not None:
            page = await self._counted(course, second, await self._page(course, number))
            yield replace(page, number=first.pages + page.number)
            number = second.next_page()
        yield second.end_after(first, course.tally.attempts)

    async def _page(self, course: Course, number: int, part: Slice | None = None, size: int | None = None) -> Page:
        request = page_request(
            self._api,
            part or course.part,
            number=number,
            size=size or course.size,
            request_id=course.read.request_id,
            read=course.read.kind,
        )
        reply = await self._client.ask(request, self._split, tally=course.tally, heavy=size is None)
        return page_of(number, reply)

    async def _hits(self, course: Course, part: Slice) -> int | None:
        """How much a part holds; None when that can't be said: then it is scanned, never skipped."""
        try:
            return (await self._page(course, 1, part=part, size=1)).total_hits
        except errors.WindowRefused:
            return None

    async def _counted(self, course: Course, census: Census, page: Page) -> Page:
        """Count a page; one that repeats another is asked for once more."""
        if census.repeats(page.conversations):
            page = await self._page(course, page.number)
            if census.repeats(page.conversations):
                raise errors.WindowRefused(f"page {page.number} repeats an earlier page", code="page.repeated")
        census.add(page)
        return page

    def _batch_size(self, largest: int) -> int:
        """How many pages to ask for at once, so that the bodies of all open reads stay within bounds."""
        fitting = self._options.prefetch_bytes // self._open_reads // max(1, largest)
        return max(1, min(self._options.concurrency, fitting))

    async def _parts(self, course: Course) -> tuple[Slice, ...]:
        """The parts to read instead of a window over the hit bound; none when it is to be read whole."""
        in_time = halves(course.part, self._options.window_floor)
        if in_time:
            hits = await _together([self._hits(course, half) for half in in_time])
            if None in hits or sum(each or 0 for each in hits) <= _MORE_THAN_MOVED * course.hits:
                return in_time
        return cut(course.part) if course.hits > RESULT_CAP else ()


async def _together(questions: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Ask at the same time, answer in order. The first failure ends the others and is raised as itself.

    No failure reaches the group, nor would gather do: both tell of a failure only, when a cancellation from outside
    comes in the same moment, and the caller would go on although it was told to stop.
    """
    failures: list[Exception] = []
    asked: list[asyncio.Task[T]] = []

    async def answered(question: Coroutine[Any, Any, T]) -> T:
        try:
            return await question
        except Exception as error:
            failures.append(error)
            for other in asked:
                other.cancel()
            raise asyncio.CancelledError from error

    try:
        async with asyncio.TaskGroup() as group:
            asked.extend(group.create_task(answered(question)) for question in questions)
    finally:
        for question in questions:
            question.close()  # one that was cancelled before its first step would else complain that nobody awaited it
    if failures:
        raise failures[0]
    return [answer.result() for answer in asked]
