"""What was given to the caller already, as far as it may come again. Bounded by a window, not by the extraction.

A conversation belongs to the day it began, so no two days return it. Within a day a later window returns it again only
when it lived on; pages of one read may repeat any of theirs. So a read's ids are forgotten with the read, but for those
that lived beyond its window: these stay for the windows behind it, and go with the day.
"""

from __future__ import annotations

from producer.model.instants import Millis, to_millis
from producer.model.reads import Read


class Given:
    """Ids that were given, in one scope for each read that is open: the whole, its parts, their parts."""

    def __init__(self) -> None:
        self._scopes: list[dict[str, Millis | None]] = []

    def __contains__(self, conversation_id: object) -> bool:
        return any(conversation_id in scope for scope in self._scopes)

    def __len__(self) -> int:
        """How many ids are remembered."""
        return sum(len(scope) for scope in self._scopes)

    def enter(self) -> None:
        """A read begins, whole or as a part of the one that is open."""
        self._scopes.append({})

    def add(self, conversation_id: str, end: Millis | None) -> None:
        """One was given; `end` is when it ended, None while it is open."""
        self._scopes[-1][conversation_id] = end

    def leave(self, read: Read) -> None:
        """The read that was entered last is over, with all its parts."""
        scope = self._scopes.pop()
        if not self._scopes or read.slice is None:
            return
        edge = to_millis(read.slice.window.end)
        self._scopes[-1].update({found: end for found, end in scope.items() if end is None or end >= edge})
