"""The cursors of the gateway: where a reader goes on, for a while, and of so many readers at most."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import NamedTuple

from producer.simulator import refusals

_MOST = 10_000


class Place(NamedTuple):
    """Behind which conversation a page begins: by its start, then by its key."""

    start: int
    key: int


BEGINNING = Place(-1, -1)


class Cursor(NamedTuple):
    """What a cursor stands for; `question` is what was asked, `before` where the page began that gave it."""

    question: str
    place: Place
    before: Place
    expires: int


class Cursors:
    """The cursors in force; one place of one question has one cursor. Instants are UTC milliseconds."""

    def __init__(self, lifetime: int) -> None:
        self._lifetime = lifetime
        self._known: OrderedDict[str, Cursor] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def issue(self, question: str, place: Place, before: Place, now: int) -> str:
        """A cursor to a place."""
        token = blake2b(f"{question}/{place.start}/{place.key}".encode(), digest_size=24).hexdigest()
        self._known[token] = Cursor(question, place, before, now + self._lifetime)
        self._known.move_to_end(token)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return token

    def read(self, token: str, question: str, now: int) -> Cursor:
        """What a cursor stands for. Raises Refused when it is not known, too old, or of another question."""
        cursor = self._known.get(token)
        if cursor is None or now >= cursor.expires or cursor.question != question:
            raise refusals.Refused(400, "invalid.cursor", "The nextPageToken is not valid, or it has expired")
        return cursor

    def forget(self) -> None:
        """End all of them."""
        self._known.clear()
