"""Framed Avro bytes back to records as they were written: instants stay epoch milliseconds. Where they were written by
an older version of their schema, what it did not know yet has its default.

For programs that read very many records; people are shown what `avro.Avro.decode` gives.
"""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro

from producer import errors
from producer.encoding.avro import UNREADABLE
from producer.encoding.framing import Framing
from producer.encoding.schemas import Schema


class PlainReader:
    """Reads records. With `leading` no more than the first so many fields of each, which is much faster."""

    def __init__(self, framing: Framing, leading: int | None = None) -> None:
        self._framing = framing
        self._leading = leading
        self._schemas: dict[bytes, tuple[Any, Any]] = {}

    def read(self, value: bytes) -> dict[str, Any]:
        """The record in a value. Raises Malformed."""
        schema, start = self._framing.read(value)
        known = self._schemas.get(schema.fingerprint)
        if known is None:
            known = self._schemas[schema.fingerprint] = self._written_and_read(schema)
        body = io.BytesIO(value)
        body.seek(start)
        try:
            record: Any = fastavro.schemaless_reader(body, *known)
        except UNREADABLE as error:
            raise errors.Malformed("undecodable", "$", f"the bytes are no {schema.name}: {error}") from error
        if self._leading is None and body.tell() != len(value):
            raise errors.Malformed("undecodable", "$", f"the bytes go on behind a {schema.name}")
        return dict(record)

    def _written_and_read(self, schema: Schema) -> tuple[Any, Any]:
        """What a record was written by, and what it is read as: None is the same."""
        latest = self._framing.schemas.latest(schema.subject)
        as_written = self._leading is not None or schema == latest
        return self._parsed(schema), None if as_written else self._parsed(latest)

    def _parsed(self, schema: Schema) -> Any:
        content = _without_logical_types(json.loads(schema.text))
        if self._leading is not None:
            content["fields"] = content["fields"][: self._leading]
        return fastavro.parse_schema(content)


def _without_logical_types(avro: Any) -> Any:
    """The same schema without its logical types: they are no part of how a value is written."""
    if isinstance(avro, list):
        return [_without_logical_types(each) for each in avro]
    if not isinstance(avro, dict):
        return avro
    nested = {"type", "fields", "items", "values"}
    return {
        name: _without_logical_types(inner) if name in nested else inner
        for name, inner in avro.items()
        if name != "logicalType"
    }
