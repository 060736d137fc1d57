"""A directory in memory: what is known and what is awaited, as a test says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from producer.model.names import NameKey, NameKind


@dataclass
class Book:
    """`known` are names by the text of their key, `waits` the keys that are soon to be known (a `NameBook`)."""

    known: Mapping[str, str] = field(default_factory=dict)
    waits: Collection[str] = ()
    kinds: Collection[NameKind] = tuple(NameKind)
    asked: list[NameKey] = field(default_factory=list)

    def name_of(self, key: NameKey) -> str | None:
        """What is known."""
        self.asked.append(key)
        return self.known.get(key.text)

    def awaited(self, key: NameKey) -> bool:
        """What is waited for."""
        return key.text in self.waits
