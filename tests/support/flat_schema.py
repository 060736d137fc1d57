"""The rule by which the schema of rows follows from that of conversations.

`python -m tests.support.flat_schema` prints the schema that belongs to the newest one of conversations; a released file
never changes, so a difference is a new version.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from producer.encoding.schemas import Schemas, Subject
from producer.transform.normalize import DETAIL

SHAPES = {"array": ("list", "[]"), "map": ("object", "{}"), "record": ("object", "{}")}


def fields_of_rows(conversation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The fields of a row: those of the head of a conversation, in their order."""
    return [flattened(field) for field in conversation["fields"] if field["name"] not in DETAIL]


def flattened(field: dict[str, Any]) -> dict[str, Any]:
    """What is no scalar is JSON text, and its doc says so."""
    nullable = isinstance(field["type"], list)
    core = field["type"][1] if nullable else field["type"]
    shape = SHAPES.get(core["type"]) if isinstance(core, dict) else None
    if shape is None:
        return field
    kind, empty = shape
    return {
        "name": field["name"],
        "doc": f"{field['doc'].rstrip('.')}. A JSON {kind}.",
        "type": ["null", "string"] if nullable else "string",
        "default": None if nullable else empty,
    }


def main() -> None:
    """Print the schema, a field a line."""
    shipped = Schemas.shipped()
    rows = fields_of_rows(json.loads(shipped.latest(Subject.CONVERSATION).text))
    head = json.loads(shipped.latest(Subject.CONVERSATION_FLAT).text)
    del head["fields"]
    lines = ",\n".join(f"  {json.dumps(each, ensure_ascii=False)}" for each in rows)
    sys.stdout.write(f'{json.dumps(head, ensure_ascii=False)[:-1]}, "fields": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
