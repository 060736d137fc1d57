"""Names of what conversations refer to by id: of which things they are told, and how one is asked for."""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class NameKind(enum.Enum):
    """What has a name on the record; also the first part of what `ConversationState.names_missing` holds."""

    QUEUE = "queue"
    WRAP_UP = "wrapup"
    USER = "user"
    DIVISION = "division"


class NameKey(NamedTuple):
    """Whose name it is."""

    kind: NameKind
    id: str

    @property
    def text(self) -> str:
        """As it is remembered, for example `queue:<id>`."""
        return f"{self.kind.value}:{self.id}"

    @classmethod
    def of(cls, text: str) -> NameKey | None:
        """The key of a text; None for what another version may have written."""
        word, _, identifier = text.partition(":")
        kind = next((each for each in NameKind if each.value == word), None)
        return cls(kind, identifier) if kind is not None else None


class NameBook(Protocol):
    """Who tells names, of some kinds."""

    @property
    def kinds(self) -> Collection[NameKind]:
        """The kinds that are told; of others a record lacks nothing."""

    def name_of(self, key: NameKey) -> str | None:
        """The name behind a key, None while it is not known; to be asked for it is what has it looked up."""

    def awaited(self, key: NameKey) -> bool:
        """True when it is soon to be known whether a key has a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwritten:
    """A book that tells nothing yet: what is sent by it lacks its names, until somebody has them (a `NameBook`)."""

    kinds: Collection[NameKind]

    def name_of(self, _key: NameKey) -> str | None:
        """No name."""
        return None

    def awaited(self, _key: NameKey) -> bool:
        """Nothing is looked up."""
        return False


def name_key(kind: NameKind, identifier: str | None) -> NameKey | None:
    """The key of an id; None for what the directory can't know: no id at all, or a word of the system's own."""
    return NameKey(kind, identifier) if identifier is not None and _ID.fullmatch(identifier) else None


def named_by(book: NameBook, missing: Iterable[str], told: Iterable[str]) -> bool:
    """True when a book has a name that a record was sent without, and it is time to send it again.

    Every name that the record has must be known still: it is not to be sent again with less. And none that it lacks may
    be awaited: it is not to be sent again for each of them. All are asked for.
    """
    lacking, having = _keys(missing), _keys(told)
    gained = [book.name_of(key) is not None for key in lacking]
    kept = [book.name_of(key) is not None for key in having]
    return any(gained) and all(kept) and not any(map(book.awaited, lacking))


def _keys(texts: Iterable[str]) -> list[NameKey]:
    return [key for key in map(NameKey.of, texts) if key is not None]
