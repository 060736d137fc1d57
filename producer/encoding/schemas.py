"""The Avro schemas that this version ships: every released version of every subject, read and parsed once.

They live in `schemas/<subject>/v<n>.avsc` and travel inside the package. A released file never changes; a new version
is a new file that readers of the old one still understand (compatibility FULL_TRANSITIVE).
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from fastavro.schema import fingerprint, parse_schema, to_parsing_canonical_form

from producer import errors

_SUFFIX = ".avsc"


class Subject(enum.Enum):
    """What there are schemas of; the value is the folder's name."""

    CONVERSATION = "conversation"
    CONVERSATION_FLAT = "conversation-flat"
    AUDIT_EVENT = "audit-event"
    WATERMARK = "watermark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """One version of one schema. `name` is the record's, without its namespace; `text` is the file as it ships;
    `parsed` is for the Avro library.

    `fingerprint` is the CRC-64-AVRO of the parsing canonical form in the byte order of single-object encoding.
    """

    subject: Subject
    version: int
    name: str
    text: str = field(repr=False)
    parsed: Any = field(repr=False, compare=False)
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Schemas:
    """All shipped schemas, oldest version first within a subject."""

    versions: tuple[Schema, ...]

    @classmethod
    def shipped(cls) -> Schemas:
        """Read them from the package. Raises ConfigurationError when the installation lacks them."""
        root = resources.files("producer") / "_schemas"
        return cls(tuple(schema for subject in Subject for schema in _released(subject, root / subject.value)))

    def latest(self, subject: Subject) -> Schema:
        """The version that records are written with."""
        return [schema for schema in self.versions if schema.subject is subject][-1]

    def by_fingerprint(self, value: bytes) -> Schema | None:
        """The version with this fingerprint; None when this installation does not know it."""
        return next((schema for schema in self.versions if schema.fingerprint == value), None)


def _released(subject: Subject, folder: Traversable) -> Iterator[Schema]:
    files = [file for file in folder.iterdir() if file.name.endswith(_SUFFIX)] if folder.is_dir() else []
    if not files:
        raise errors.ConfigurationError(f"the installation holds no schema of {subject.value}: install the wheel again")
    versions = {int(file.name.removeprefix("v").removesuffix(_SUFFIX)): file for file in files}
    for version, file in sorted(versions.items()):
        text = file.read_text(encoding="utf-8")
        content = json.loads(text)
        parsed = parse_schema(content)
        yield Schema(
            subject=subject,
            version=version,
            name=content["name"],
            text=text,
            parsed=parsed,
            fingerprint=bytes.fromhex(fingerprint(to_parsing_canonical_form(parsed), "CRC-64-AVRO")),
        )
