"""A directory in memory: what is known and what is awaited, as a test says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from producer.model.names import NameKind


@dataclass
class Book:
    """`known` are names by the text of their key, `waits` the keys that are soon to be known (a `NameBook`)."""

    known: Mapping[str, str] = field(default_factory=dict)
    waits: Collection[str] = ()
    kinds: Collection[NameKind] = tuple(NameKind)

    def name_of(self, key: str) -> str | None:
        """What is known."""
        return self.known.get(key)

    def ripe(self, missing: Iterable[str], told: Iterable[str]) -> bool:
        """Something is gained, nothing lost, and nothing waited for."""
        lacking = set(missing)
        return bool(lacking & self.known.keys()) and set(told) <= self.known.keys() and not lacking & set(self.waits)
