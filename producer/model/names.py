"""Names of what conversations refer to by id: of which things they are told, and how one is asked for."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class NameKind(enum.Enum):
    """What has a name on the record; also the first part of what `ConversationState.names_missing` holds."""

    QUEUE = "queue"
    WRAP_UP = "wrapup"


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


NameOf = Callable[[NameKey], str | None]
"""The name behind a key, None while it is not known; to be asked for it is what has it looked up."""


def name_key(kind: NameKind, identifier: str | None) -> NameKey | None:
    """The key of an id; None for what the directory can't know: no id at all, or a word of the system's own."""
    return NameKey(kind, identifier) if identifier is not None and _ID.fullmatch(identifier) else None


def known_now(missing: Iterable[str], told: Iterable[str], name_of: NameOf) -> bool:
    """True when a name that a record was sent without is known by now, and every name that it has still is: it is not
    to be sent again with less. All of them are asked for.
    """
    gained = [name_of(key) is not None for key in _keys(missing)]
    kept = [name_of(key) is not None for key in _keys(told)]
    return any(gained) and all(kept)


def _keys(texts: Iterable[str]) -> list[NameKey]:
    return [key for key in map(NameKey.of, texts) if key is not None]


def not_known(_key: NameKey) -> str | None:
    """A directory that knows nothing (a `NameOf`): what is sent lacks its names, until somebody has them."""
    return None
