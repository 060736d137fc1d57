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


_KINDS = {kind.value: kind for kind in NameKind}


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
        kind = _KINDS.get(word)
        return cls(kind, identifier) if kind is not None else None


class NameBook(Protocol):
    """Who tells names, of some kinds. Keys are texts of `NameKey`."""

    @property
    def kinds(self) -> Collection[NameKind]:
        """The kinds that are told; of others a record lacks nothing."""

    def name_of(self, key: str) -> str | None:
        """The name behind a key, None while it is not known; to be asked for it is what has it looked up."""

    def ripe(self, missing: Iterable[str], told: Iterable[str]) -> bool:
        """Whether a record that was sent with some names and without others is to be sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwritten:
    """A book that tells nothing yet: what is sent by it lacks its names, until somebody has them (a `NameBook`)."""

    kinds: Collection[NameKind]

    def name_of(self, _key: str) -> str | None:
        """No name."""
        return None

    def ripe(self, _missing: Iterable[str], _told: Iterable[str]) -> bool:
        """Never."""
        return False


def name_key(kind: NameKind, identifier: str | None) -> NameKey | None:
    """The key of an id; None for what the directory can't know: no id at all, or a word of the system's own."""
    return NameKey(kind, identifier) if identifier is not None and _ID.fullmatch(identifier) else None
