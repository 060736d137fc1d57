"""Reading one window: its pages in order, or the parts to read instead, or whose fault it is that neither works.

A window over the hit bound, or too heavy for the API, is split in time; where time does not help, by end and direction.
A failure belongs to the window only when the API keeps failing on it and answers another question at the same time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from producer import errors
from producer.genesys.blame import Blame, may_belong_to_window
from producer.genesys.client import Client, Tally, TooHeavy
from producer.genesys.cuts import before, cut
from producer.genesys.options import RESULT_CAP, ClientOptions
from producer.genesys.pages import Census, page_of
from producer.genesys.query import page_request
from producer.model.reads import Page, Read, ReadEnd, ReadKind, Split, SplitBody, Verdict
from producer.model.windows import Slice

T = TypeVar("T")

SplitPage = Callable[[bytes], SplitBody]
"""Cuts a body into its conversations without parsing them. Pure. Raises MalformedBody."""

_MADE_SURE = (ReadKind.REREAD, ReadKind.WATCH)
"""What no other read makes good, if it does not add up: re-reads, and the look for open ones at the first start."""
_MORE_THAN_MOVED = 1.5  # halves that hold more than this many times their parent share long conversations


@dataclass(slots=True)
class Course:
    """One read on its way: what it asks for, at which page size, what it has cost and found so far.

    `answered_elsewhere` tells that the API answered a small question about another time, since the read began.
    """

    read: Read
    part: Slice
    size: int
    tally: Tally = field(default_factory=Tally)
    hits: int = 0
    answered_elsewhere: bool = False


class WindowReader:
    """Reads windows. The mutable state: how many reads are open (they share the bytes that may wait), and the blame."""

    def __init__(self, client: Client, *, api: str, options: ClientOptions, split: SplitPage) -> None:
        self._client = client
        self._api = api
        self._options = options
        self._split = split
        self._open_reads = 0
        self._blame = Blame()

    async def read(self, read: Read, part: Slice) -> AsyncGenerator[Page | Split | ReadEnd, None]:
        """Yield the pages of a slice in order and a ReadEnd; or a Split as the last item.

        Raises as ports.Source.read.
        """
        course = Course(read, part, self._options.page_size)
        self._open_reads += 1
        try:
            if not self._client.closed:
                await self._ask_elsewhere(course)  # the breaker is probed with a small question, not with this window
            while True:
                try:
                    async with aclosing(self._pages(course)) as items:
                        async for item in items:
                            yield item
                except TooHeavy as error:
                    heavy = error
                except (errors.SourceUnavailable, errors.MalformedBody) as error:
                    raise await self._judged(course, error) from error
                else:
                    self._blame.forgive(part)
                    return
                if heavy.split or course.size < self._options.page_size or course.size == 1:
                    break
                course.size //= 2
            yield await self._parts_of_heavy(course, heavy)
        finally:
            self._open_reads -= 1

    # --- pages ------------------------------------------------------------------------------------------------------

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

    # --- parts ------------------------------------------------------------------------------------------------------

    async def _parts(self, course: Course) -> tuple[Slice, ...]:
        """The parts to read instead of a window over the hit bound; none when it is to be read whole."""
        halves = self._halves(course.part)
        if halves:
            hits = await _together([self._hits(course, half) for half in halves])
            if None in hits or sum(each or 0 for each in hits) <= _MORE_THAN_MOVED * course.hits:
                return halves
        return cut(course.part) if course.hits > RESULT_CAP else ()

    async def _parts_of_heavy(self, course: Course, heavy: TooHeavy) -> Split:
        """The parts to read instead of a window that is too heavy for the API. Raises when there are none."""
        if heavy.passing and not await self._answers_elsewhere(course):
            raise heavy.error
        parts = self._halves(course.part) or cut(course.part)
        if not parts:
            raise await self._judged(course, heavy.error) from heavy
        return Split(parts=parts, hits=course.hits)

    def _halves(self, part: Slice) -> tuple[Slice, ...]:
        """The two halves in time, of a part that is whole and long enough."""
        if part.ended or part.direction:
            return ()
        return tuple(replace(part, window=half) for half in part.window.halves(self._options.window_floor))

    # --- blame ------------------------------------------------------------------------------------------------------

    async def _judged(self, course: Course, error: errors.SourceError) -> errors.SourceError:
        """The error to raise: WindowRefused when the API fails on this window again and again and not elsewhere."""
        if not may_belong_to_window(error):
            return error
        elsewhere = course.answered_elsewhere or await self._answers_elsewhere(course)
        if not elsewhere or not self._blame.repeated(course.part):
            return error
        message = f"this window fails again and again while the API answers otherwise: {error}"
        return errors.WindowRefused(message, code=error.code, correlation_id=error.correlation_id)

    async def _answers_elsewhere(self, course: Course) -> bool:
        """True when a small question is answered now."""
        try:
            return await self._ask_elsewhere(course)
        except (errors.SourceUnavailable, errors.MalformedBody):
            return False

    async def _ask_elsewhere(self, course: Course) -> bool:
        """Ask a small question: one conversation of the time before the window. True when it was answered.

        A refusal of that question says nothing of the window, nor that the API answers elsewhere.
        """
        try:
            await self._page(course, 1, part=Slice(window=before(course.part.window)), size=1)
        except errors.WindowRefused:
            return False
        course.answered_elsewhere = True
        return True


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
