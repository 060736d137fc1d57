"""`record.md`: every field of the records and of what they hold, from the Avro schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from producer.dev.reference import markdown
from producer.dev.reference.markdown import code, codes, sentence
from producer.encoding.schemas import Schemas, Subject

HEADER = ("field", "type", "meaning")
INTRODUCTION = """\
Values are Avro in single-object encoding: two bytes `C3 01`, eight bytes that name the schema (CRC-64-AVRO of its
parsing canonical form), then the record. `genesys-producer tail` decodes them. An instant is milliseconds since 1970
(`timestamp-millis`). Every field has a default, so that readers of any version understand writers of any other. Null
means that it is not known: the API did not tell, or what it told was of another type and is in `extras`.
With `record.detail` `flat` the values on the conversations' topic are [ConversationFlat](#conversationflat)."""

Named = Mapping[str, Any]


def document() -> str:
    """The whole document."""
    shipped = Schemas.shipped()
    return markdown.document(
        "Records",
        "the newest schemas in `schemas/`",
        INTRODUCTION,
        *(
            section(shipped, subject)
            for subject in (Subject.CONVERSATION, Subject.CONVERSATION_FLAT, Subject.WATERMARK)
        ),
    )


def section(shipped: Schemas, subject: Subject) -> str:
    """A schema with all records in it, outermost first."""
    schema = shipped.latest(subject)
    outermost = json.loads(schema.text)
    facts = f"Schema `{outermost['namespace']}.{schema.name}`, version {schema.version}, named by the bytes"
    parts = [
        f"## {schema.name}",
        sentence(outermost["doc"]),
        f"{facts} `{schema.fingerprint.hex()}`.",
        _fields(outermost),
    ]
    for record in _inner(outermost):
        parts += [f"### {record['name']}", sentence(record["doc"]), _fields(record)]
    return "\n\n".join(parts)


def _fields(record: Named) -> str:
    rows = ((code(field["name"]), type_of(field["type"]), _meaning(field)) for field in record["fields"])
    return markdown.table(HEADER, rows)


def type_of(schema: Any) -> str:
    """A type in words; a record that has a section of its own is a link to it."""
    if isinstance(schema, list):
        return " or ".join(type_of(each) for each in sorted(schema, key=lambda each: each == "null"))
    if isinstance(schema, str):
        return _link(schema) if schema[0].isupper() else schema
    if "logicalType" in schema:
        return "instant"
    inner = {"array": ("list", "items"), "map": ("map", "values")}.get(schema["type"])
    if inner:
        return f"{inner[0]} of {type_of(schema[inner[1]])}"
    return "enum" if schema["type"] == "enum" else _link(schema["name"])


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def _meaning(field: Named) -> str:
    enums = [each for each in _named(field["type"]) if each["type"] == "enum"]
    return " ".join([sentence(field["doc"]), *(f"One of {codes(each['symbols'])}." for each in enums)])


def _inner(record: Named) -> Iterator[Named]:
    """The records inside a record, in the order in which they are met."""
    for field in record["fields"]:
        for each in _named(field["type"]):
            if each["type"] == "record":
                yield each
                yield from _inner(each)


def _named(schema: Any) -> Iterator[Named]:
    """The records and enums that a type defines itself."""
    for each in schema if isinstance(schema, list) else [schema]:
        if isinstance(each, dict):
            if "name" in each:
                yield each
            yield from _named(each.get("items"))
            yield from _named(each.get("values"))
