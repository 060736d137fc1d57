"""How a value on a topic names the schema it was written with.

Single-object encoding needs nothing but the schemas that ship with the package. The wire format of a schema registry
(a zero byte and the registry's id) is a second class with the same two methods.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from producer import errors
from producer.encoding.schemas import Schema, Schemas

_MARKER = b"\xc3\x01"
_LENGTH = 10  # two bytes of marker, eight of fingerprint


class Framing(Protocol):
    """What stands before the Avro bytes of a value."""

    @property
    def schemas(self) -> Schemas:
        """The schemas that it can name."""

    def prefix(self, schema: Schema) -> bytes:
        """The bytes that name the schema."""

    def read(self, value: bytes) -> tuple[Schema, int]:
        """The schema a value names, and where its Avro bytes begin. Raises Malformed."""


@dataclass(frozen=True, slots=True)
class SingleObject:
    """Avro single-object encoding: 0xC3 0x01 and the CRC-64-AVRO fingerprint, little-endian."""

    schemas: Schemas

    def prefix(self, schema: Schema) -> bytes:
        """The ten bytes that name the schema."""
        return _MARKER + schema.fingerprint

    def read(self, value: bytes) -> tuple[Schema, int]:
        """The schema a value names, and where its Avro bytes begin. Raises Malformed."""
        if value[:2] != _MARKER or len(value) < _LENGTH:
            raise errors.Malformed("framing", "$", "the value is not in Avro single-object encoding")
        schema = self.schemas.by_fingerprint(value[2:_LENGTH])
        if schema is None:
            named = value[2:_LENGTH].hex()
            raise errors.Malformed("framing", "$", f"schema {named} is unknown here: it was written by another version")
        return schema, _LENGTH
