"""What an answer says and what a record tells, both as JSON path → value, to show that nothing is dropped.

Written apart from the product's own walk over conversations, on purpose.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from producer.transform.content import SETS
from producer.transform.normalize import DETAIL, KEPT, RENAMED

Leaves = dict[str, Any]


def leaves(value: Any, path: str = "$") -> Leaves:
    """Every value by its path. Null and empty lists say nothing; lists that are sets are sorted."""
    return dict(_leaves(value, path, name=""))


def _leaves(value: Any, path: str, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        said = {key: each for key, each in value.items() if each is not None and each != []}
        if not said:
            yield path, "{}"
        for key, each in said.items():
            yield from _leaves(each, f"{path}{_step(key)}", key)
    elif isinstance(value, list):
        for index, each in enumerate(sorted(value, key=json.dumps) if name in SETS else value):
            yield from _leaves(each, f"{path}[{index}]", "")
        if not value:
            yield path, "[]"
    else:
        yield path, value


def _step(key: str) -> str:
    plain = key.isidentifier() and key.isascii()
    return f".{key}" if plain else f"[{json.dumps(key, ensure_ascii=False)}]"


def told(record: Mapping[str, Any]) -> Leaves:
    """What a decoded record tells of the conversation, in the API's names and with its extras put back."""
    of_api = {name: record[RENAMED.get(name, name)] for name in (*RENAMED, *KEPT, *DETAIL, "divisionIds")}
    found = leaves(of_api)
    for path, text in record["extras"].items():
        emptied = [
            parent for parent in found if found[parent] == "{}" and path.startswith((parent + ".", parent + "["))
        ]
        for parent in emptied:
            del found[parent]
        found.update(leaves(json.loads(text), path))
    return {path: _comparable(value) for path, value in found.items()}


def said(raw: Mapping[str, Any], record: Mapping[str, Any]) -> Leaves:
    """What an answer says, with instants read where the record has instants."""
    of_api = {name: record[RENAMED.get(name, name)] for name in (*RENAMED, *KEPT, *DETAIL)}
    instants = {path for path, value in leaves(of_api).items() if isinstance(value, datetime)}
    return {path: _comparable(_instant(value) if path in instants else value) for path, value in leaves(raw).items()}


def _instant(text: str) -> datetime:
    read = datetime.fromisoformat(text)
    return read.replace(microsecond=read.microsecond // 1_000 * 1_000)


def _comparable(value: Any) -> Any:
    """Apart what Python takes for equal: true is not 1."""
    return repr(value) if isinstance(value, bool) else value
