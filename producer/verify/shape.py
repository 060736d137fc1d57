"""How records of a dialect are looked at: by which form, put together again by what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from producer.transform.content import Content
from producer.transform.normalize import Form, Normalizer
from producer.transform.original import Restorer
from producer.transform.token_original import TokenRestorer
from producer.transform.token_records import TokenForm


class Restore(Protocol):
    """Puts the content of a record together again."""

    def content(self, record: Mapping[str, Any], digest: bytes) -> tuple[Content, bool]:
        """The content of a record, and whether it makes `digest`. Raises Unrestorable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One dialect. `summarised`: a record without the participants that it counts is a summary."""

    form: Form
    restore: Restore
    summarised: bool


def shape_of(dialect: str, schema: str) -> Shape:
    """The shape of records of a dialect; `schema` is the text of the Avro schema `Conversation`."""
    if dialect == "token":
        return Shape(form=TokenForm(), restore=TokenRestorer(), summarised=False)
    return Shape(form=Normalizer(schema), restore=Restorer(schema), summarised=True)
