"""Records as an Avro object container file: the schema at its head, then compressed blocks. Any Avro tool reads it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

from fastavro.write import Writer

from producer.encoding.schemas import Schema


class ContainerWriter:
    """Writes records of one schema to a binary file, which it neither opens nor closes."""

    def __init__(self, file: BinaryIO, schema: Schema) -> None:
        """Write the head."""
        self._writer = Writer(file, schema.parsed, codec="deflate")

    def write(self, records: Iterable[dict[str, Any]]) -> None:
        """Add records, and finish the block so that what was given is in the file."""
        for record in records:
            self._writer.write(record)
        self._writer.flush()
