"""Records to framed Avro bytes and back."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import fastavro

from producer import errors
from producer.encoding import binary
from producer.encoding.framing import Framing, SingleObject
from producer.encoding.schemas import Schema, Schemas, Subject

UNREADABLE = (ValueError, TypeError, OverflowError, LookupError, EOFError, MemoryError, struct.error)
# What fastavro raises for bytes that are no record: it has no error of its own.


class Encoder:
    """Writes records of one schema. Called with a record it returns the framed bytes (it is a `ports.Encode`).

    Fields that are left out take their defaults; instants are epoch milliseconds.
    """

    def __init__(self, schema: Schema, prefix: bytes) -> None:
        self._name = schema.name
        self._prefix = prefix
        self._write = binary.writer(json.loads(schema.text))

    def __call__(self, record: Mapping[str, Any]) -> bytes:
        """The framed bytes of a record. Raises Malformed when a value does not fit, or has no field."""
        try:
            return self._prefix + self._write(record)
        except binary.Unfit as unfit:
            path = "$" + "".join(reversed(unfit.path))
            raise errors.Malformed("does_not_fit", path, f"{self._name} can't be encoded: {unfit}") from unfit


@dataclass(frozen=True, slots=True, kw_only=True)
class Avro:
    """All that is encoded and decoded in one installation: its schemas and how values name them."""

    schemas: Schemas
    framing: Framing

    @classmethod
    def shipped(cls) -> Avro:
        """With the shipped schemas and single-object encoding."""
        schemas = Schemas.shipped()
        return cls(schemas=schemas, framing=SingleObject(schemas))

    def encoder(self, subject: Subject) -> Encoder:
        """An encoder for the latest schema of a subject."""
        schema = self.schemas.latest(subject)
        return Encoder(schema, self.framing.prefix(schema))

    def decode(self, value: bytes) -> tuple[str, dict[str, Any]]:
        """The name of the schema and the record, every field present, instants as aware datetimes. Raises Malformed."""
        schema, start = self.framing.read(value)
        try:
            record: Any = fastavro.schemaless_reader(io.BytesIO(value[start:]), schema.parsed, None)
        except UNREADABLE as error:
            raise errors.Malformed("undecodable", "$", f"the bytes are no {schema.name}: {error}") from error
        return schema.name, record
