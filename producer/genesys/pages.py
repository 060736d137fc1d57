"""What the pages of one window add up to: unique ids, repeats, how far to go, and the verdict.

Pure. Paging is by offset over a moving set: only a short or absent page is the end, never arithmetic with totalHits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from producer.genesys.exchange import served_at
from producer.genesys.options import RESULT_CAP
from producer.genesys.outcome import Reply
from producer.model.reads import Page, RawConversation, ReadEnd, SplitBody, Verdict

UNREAD = "over.result.cap"
"""Why a part of a window stays unread: its results reach beyond what the API pages through."""


class Census:
    """What has been seen of one window, page by page in rising order. The mutable state: ids, full pages, counts."""

    def __init__(self, *, page_size: int) -> None:
        self._size = page_size
        self._ids: set[str] = set()
        self._full_pages: set[int] = set()
        self._pages = 0
        self._filled = 0
        self._nameless = 0
        self._repeated = 0
        self._first_hits: int | None = None
        self._last_hits: int | None = None
        self._last_number = 0
        self._last_full = False

    @property
    def last_page(self) -> int:
        """The last page that the API answers at this page size."""
        return RESULT_CAP // self._size

    @property
    def pages(self) -> int:
        """How many pages were counted."""
        return self._pages

    def expected(self, hits: int | None) -> int:
        """How many pages a number of hits makes, up to the last that the API answers."""
        return min(self.last_page, max(1, -(-(hits or 0) // self._size)))

    def repeats(self, conversations: Sequence[RawConversation]) -> bool:
        """True for a full page that was seen before in the same order: the server goes in circles."""
        return len(conversations) >= self._size and _likeness(conversations) in self._full_pages

    def add(self, page: Page) -> None:
        """Count the next page."""
        ids = [found.id for found in page.conversations if found.id is not None]
        known = len(self._ids)
        self._ids.update(ids)
        self._repeated += len(ids) - (len(self._ids) - known)
        self._nameless += len(page.conversations) - len(ids)
        self._pages += 1
        self._filled += bool(page.conversations)
        self._last_number = page.number
        self._last_full = len(page.conversations) >= self._size
        if self._last_full:
            self._full_pages.add(_likeness(page.conversations))
        if page.total_hits is not None:
            self._first_hits = page.total_hits if self._first_hits is None else self._first_hits
            self._last_hits = page.total_hits

    def next_page(self) -> int | None:
        """The page to ask for after the last one; None when that was short or absent, or the last that there can be."""
        return self._last_number + 1 if self._last_full and self._last_number < self.last_page else None

    def end(self, attempts: int) -> ReadEnd:
        """How the read ended: complete when hits and ids agree from the first page to the last and none came twice."""
        unique = len(self._ids) + self._nameless
        consistent = self._first_hits == self._last_hits == unique and not self._repeated
        return ReadEnd(
            verdict=Verdict.COMPLETE if consistent else Verdict.PROVISIONAL,
            pages=self._pages,
            filled=self._filled,
            attempts=attempts,
            unique=unique,
            repeated=self._repeated,
            first_hits=self._first_hits,
            last_hits=self._last_hits,
            unread=UNREAD if self._last_full and self._last_number >= self.last_page else None,
        )

    def end_after(self, first: Census, attempts: int) -> ReadEnd:
        """How a second pass over the same window ended: complete when it found the conversations of the first."""
        end = self.end(attempts)
        agreed = self._ids == first._ids and self._nameless == first._nameless and end.unread is None
        return replace(
            end,
            verdict=Verdict.COMPLETE if agreed else end.verdict,
            pages=first._pages + end.pages,
            filled=first._filled + end.filled,
            first_hits=first._first_hits,
        )


def page_of(number: int, reply: Reply[SplitBody]) -> Page:
    """An answer as page `number` of a read."""
    return Page(
        number=number,
        conversations=reply.value.conversations,
        total_hits=reply.value.total_hits,
        as_of=reply.sent_at,
        observed_at=reply.received_at,
        size=reply.size,
        served_at=served_at(reply.headers),
    )


def _likeness(conversations: Sequence[RawConversation]) -> int:
    """A number for the conversations of a page in their order."""
    return hash(tuple([found.id or found.hash for found in conversations]))
