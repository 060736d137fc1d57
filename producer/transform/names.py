"""The names that a record carries beside its ids. Pure: the directory is asked through a `NameBook`.

A name is no content: it is no part of the fingerprint, and a queue that is renamed makes no revision.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from producer.model.names import NameBook, NameKey, NameKind, name_key

ONE: Mapping[str, tuple[str, NameKind]] = {
    "queueName": ("queueId", NameKind.QUEUE),
    "wrapUpCodeName": ("wrapUpCode", NameKind.WRAP_UP),
}
"""The fields that hold a name: the field of the id that it belongs to, and of what kind that is."""
MANY: Mapping[str, tuple[str, NameKind]] = {
    "userNames": ("userIds", NameKind.USER),
    "divisionNames": ("divisionIds", NameKind.DIVISION),
}
"""The fields that hold names by id: the field of the ids, and of what kind they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of one record, by field, and the keys of those that it lacks and of those that it has."""

    fields: Mapping[str, Any]
    missing: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


def names_of(record: Mapping[str, Any], book: NameBook | None) -> Names:
    """What a book knows now of the ids in a record; a name that its content tells stays as it is.

    Without a book nothing is known, and nothing lacking.
    """
    if book is None:
        return Names(fields={})
    found = {(field, key): book.name_of(key.text) for field, key in _keys(record, book)}
    one = {field: name for (field, _), name in found.items() if field in ONE}
    many: dict[str, dict[str, str]] = {field: {} for field in MANY}
    for (field, key), name in found.items():
        if field in MANY and name is not None:
            many[field][key.id] = name
    return Names(
        fields={**one, **many},
        missing=tuple(key.text for (_, key), name in found.items() if name is None),
        told=tuple(key.text for (_, key), name in found.items() if name is not None),
    )


def belong(field: str, names: Any, record: Mapping[str, Any]) -> bool:
    """Whether what a field of names holds can be the names of the ids in a record."""
    if field in ONE:
        return names is None or record[ONE[field][0]] is not None
    return set(names) <= set(record[MANY[field][0]])


def _keys(record: Mapping[str, Any], book: NameBook) -> Iterator[tuple[str, NameKey]]:
    for field, (identifier, kind) in ONE.items():
        if kind in book.kinds and record.get(field) is None and (key := name_key(kind, record[identifier])):
            yield field, key
    for field, (identifiers, kind) in MANY.items():
        if kind in book.kinds:
            yield from ((field, key) for each in record[identifiers] if (key := name_key(kind, each)))
