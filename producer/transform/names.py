"""The names that a record carries beside its ids. Pure: the directory is asked through a function.

A name is no content: it is no part of the fingerprint, and a queue that is renamed makes no revision.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from producer.model.names import NameKey, NameKind, NameOf, name_key

FIELDS: Mapping[str, tuple[str, NameKind]] = {
    "queueName": ("queueId", NameKind.QUEUE),
    "wrapUpCodeName": ("wrapUpCode", NameKind.WRAP_UP),
}
"""The fields that hold a name: whose id it belongs to, and of what kind that is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of one record, by field, and the keys of those that it lacks and of those that it has."""

    fields: Mapping[str, str | None]
    missing: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


def names_of(record: Mapping[str, Any], name_of: NameOf | None) -> Names:
    """What the directory knows now of the ids in a record; a name that its content tells stays as it is.

    Without a directory nothing is known, and nothing lacking.
    """
    if name_of is None:
        return Names(fields={})
    found = {field: name_of(key) if key else record.get(field) for field, key in _keys(record)}
    looked_up = [(key.text, found[field] is not None) for field, key in _keys(record) if key is not None]
    return Names(
        fields=found,
        missing=tuple(text for text, known in looked_up if not known),
        told=tuple(text for text, known in looked_up if known),
    )


def _keys(record: Mapping[str, Any]) -> Iterator[tuple[str, NameKey | None]]:
    for field, (identifier, kind) in FIELDS.items():
        yield field, name_key(kind, record[identifier]) if record.get(field) is None else None
