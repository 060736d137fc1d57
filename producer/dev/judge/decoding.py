"""Avro values from the topics: single-object encoding, read with the schemas that ship with the package.

On purpose not the code that wrote them. Instants stay epoch milliseconds.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any, cast

from fastavro import schemaless_reader
from fastavro.schema import fingerprint, parse_schema, to_parsing_canonical_form

_MARKER = b"\xc3\x01"
_BODY = 10  # two bytes of marker, eight of fingerprint


class Decoder:
    """All shipped schemas, by the fingerprint that a value begins with."""

    def __init__(self, schemas: Mapping[bytes, Any]) -> None:
        self._schemas = schemas

    @classmethod
    def shipped(cls) -> Decoder:
        """Read every version of every schema in the package."""
        root = resources.files("producer") / "_schemas"
        texts = [
            file.read_text() for folder in root.iterdir() for file in folder.iterdir() if file.name[-5:] == ".avsc"
        ]
        parsed = [parse_schema(_without_logical_types(json.loads(text))) for text in texts]
        return cls({bytes.fromhex(fingerprint(to_parsing_canonical_form(one), "CRC-64-AVRO")): one for one in parsed})

    def read(self, value: bytes) -> dict[str, Any]:
        """Return the record in a value. Raises ValueError when it names no shipped schema."""
        schema = self._schemas.get(value[2:_BODY]) if value.startswith(_MARKER) else None
        if schema is None:
            raise ValueError(f"a value begins with {value[:_BODY].hex()}, which names no schema of this version")
        return cast("dict[str, Any]", schemaless_reader(io.BytesIO(value[_BODY:]), schema, None))


def _without_logical_types(schema: Any) -> Any:
    """Logical types are no part of the fingerprint; without them instants are plain numbers."""
    if isinstance(schema, list):
        return [_without_logical_types(one) for one in schema]
    if isinstance(schema, dict):
        return {
            name: _without_logical_types(inner) if name in {"type", "fields", "items", "values"} else inner
            for name, inner in schema.items()
            if name != "logicalType"
        }
    return schema
