"""Chunks of records as bytes of a file: NDJSON, CSV, an Avro container. The schema says which fields there are."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, BinaryIO

import msgspec

from producer.encoding.container import ContainerWriter
from producer.encoding.schemas import Schema
from producer.transform.flat import row_of
from producer.transform.normalize import DETAIL

Records = Iterable[dict[str, Any]]
Write = Callable[[Records], None]
"""Writes a chunk. Raises OSError."""


def ndjson(file: BinaryIO, _schema: Schema) -> Write:
    """A line of JSON for each record, with all of its detail."""
    encode = msgspec.json.Encoder().encode

    def write(records: Records) -> None:
        """Write a chunk."""
        file.write(b"".join([encode(record) + b"\n" for record in records]))
        file.flush()

    return write


def comma_separated(file: BinaryIO, schema: Schema) -> Write:
    """The flat head, a column for each field and a line of names: lists and maps are JSON, instants milliseconds."""
    columns = [name for each in json.loads(schema.text)["fields"] if (name := each["name"]) not in DETAIL]

    def write_rows(rows: Iterable[Sequence[Any]]) -> None:
        """Write rows as lines."""
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        file.write(text.getvalue().encode())
        file.flush()

    write_rows([columns])
    return lambda records: write_rows(_line(row_of(record), columns) for record in records)


def avro(file: BinaryIO, schema: Schema) -> Write:
    """An Avro object container file, with all of the detail; a block for each chunk."""
    writer = ContainerWriter(file, schema)

    def write(records: Records) -> None:
        """Write a chunk."""
        writer.write(records)
        file.flush()

    return write


FORMATS: Mapping[str, Callable[[BinaryIO, Schema], Write]] = {"ndjson": ndjson, "csv": comma_separated, "avro": avro}


def _line(row: Mapping[str, Any], columns: Sequence[str]) -> list[Any]:
    """The cells of a row; true and false as JSON has them."""
    cells = [row.get(name) for name in columns]
    return [str(cell).lower() if isinstance(cell, bool) else cell for cell in cells]
