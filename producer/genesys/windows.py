"""Reading one window: its pages in order, or the parts to read instead, or whose fault it is that neither works.

How pages are had differs by dialect (`Paging`). A window too heavy for the API is asked for in smaller pages, then
split in time; where time does not help, as the dialect can. A failure belongs to the window only when the API keeps
failing on it and answers another question at the same time.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from producer import errors
from producer.genesys.blame import Blame, may_belong_to_window
from producer.genesys.client import Client, Tally, TooHeavy
from producer.genesys.cuts import before, halves
from producer.genesys.options import ClientOptions
from producer.model.reads import Page, Read, ReadEnd, Split, SplitBody
from producer.model.windows import Slice

SplitPage = Callable[[bytes], SplitBody]
"""Cuts a body into its conversations without parsing them. Pure. Raises MalformedBody."""


@dataclass(slots=True)
class Course:
    """One read on its way: what it asks for, at which page size, what it has cost and found so far.

    `pages` are those that were yielded, `filled` those that held something, where paging numbers them on;
    `answered_elsewhere` tells that the API answered
    a small question about another time, since the read began.
    """

    read: Read
    part: Slice
    size: int
    tally: Tally = field(default_factory=Tally)
    hits: int = 0
    pages: int = 0
    filled: int = 0
    answered_elsewhere: bool = False


class Paging(Protocol):
    """How one dialect pages through a slice. Every method raises as ports.Source.read, and TooHeavy."""

    def pages(self, course: Course) -> AsyncGenerator[Page | Split | ReadEnd, None]:
        """One pass over the slice: its pages and a ReadEnd; or a Split as the last item."""

    async def glance(self, course: Course, part: Slice) -> None:
        """Ask for one conversation of another slice."""

    def cut(self, part: Slice) -> tuple[Slice, ...]:
        """The parts of a slice that time can't divide; none when there is no way to tell them apart."""


class WindowReader:
    """Reads windows. The mutable state: the blame."""

    def __init__(self, client: Client, paging: Paging, *, options: ClientOptions) -> None:
        self._client = client
        self._paging = paging
        self._options = options
        self._blame = Blame()

    async def read(self, read: Read, part: Slice) -> AsyncGenerator[Page | Split | ReadEnd, None]:
        """Yield the pages of a slice in order and a ReadEnd; or a Split as the last item.

        Raises as ports.Source.read.
        """
        course = Course(read, part, self._options.page_size)
        if not self._client.closed:
            await self._ask_elsewhere(course)  # the breaker is probed with a small question, not with this window
        while True:
            try:
                async with aclosing(self._paging.pages(course)) as items:
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

    async def _parts_of_heavy(self, course: Course, heavy: TooHeavy) -> Split:
        """The parts to read instead of a window that is too heavy for the API. Raises when there are none."""
        if heavy.passing and not await self._answers_elsewhere(course):
            raise heavy.error
        parts = halves(course.part, self._options.window_floor) or self._paging.cut(course.part)
        if not parts:
            raise await self._judged(course, heavy.error) from heavy
        return Split(parts=parts, hits=course.hits)

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
            await self._paging.glance(course, Slice(window=before(course.part.window)))
        except errors.WindowRefused:
            return False
        course.answered_elsewhere = True
        return True
