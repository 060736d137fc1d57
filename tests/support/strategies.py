"""Conversations as the API might give them, for hypothesis: any published field, odd values, fields nobody knows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from producer.transform.fields import members
from producer.transform.normalize import DETAIL, KEPT, RENAMED
from tests.support.conversations import SCHEMA

Json = Any
TEXT = st.text(max_size=8)
LONG = st.integers(-(2**63), 2**63 - 1)
DOUBLE = st.floats(allow_nan=False, allow_infinity=False, width=32)
INSTANT = st.builds(
    lambda instant, spec: instant.replace(tzinfo=UTC).isoformat(timespec=spec).replace("+00:00", "Z"),
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001 made aware above
    st.sampled_from(["seconds", "milliseconds", "microseconds"]),
)
ANYTHING: st.SearchStrategy[Json] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), DOUBLE, TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=5,
)
NO_TEXT: st.SearchStrategy[Json] = st.one_of(st.none(), st.booleans(), LONG, st.lists(LONG, max_size=2), st.just({}))
"""Values that may stand in a scalar field without being an error: what is no text can be no malformed instant."""


def conversations(*, odd: bool = True) -> st.SearchStrategy[dict[str, Json]]:
    """Whole conversations; not `odd`: only values that the schema has a place for."""
    fields = members(json.loads(SCHEMA.text))
    of_api = {name: fields[RENAMED.get(name, name)] for name in (*RENAMED, *KEPT, *DETAIL, "divisionIds")}
    of_api["participants"] = fields["participants"]
    identified = st.fixed_dictionaries({"conversationId": st.uuids().map(str)})
    rest = _object({name: avro for name, avro in of_api.items() if name != "conversationId"}, odd=odd)
    return st.builds(lambda one, other: one | other, rest, identified)


def _object(fields: Mapping[str, Any], *, odd: bool) -> st.SearchStrategy[dict[str, Json]]:
    known = st.one_of(
        [st.tuples(st.just(name), _value(avro, odd=odd)) for name, avro in sorted(fields.items(), key=_deepest_first)]
    )
    unknown = st.tuples(TEXT.filter(lambda name: name not in fields), ANYTHING)
    members_of = st.lists(st.one_of(known, known, known, unknown) if odd else known, max_size=6)
    return members_of.map(dict)


def _deepest_first(field: tuple[str, Any]) -> int:
    return -len(str(field[1]))


def _value(avro: Any, *, odd: bool) -> st.SearchStrategy[Json]:
    core = avro[1] if isinstance(avro, list) else avro
    if isinstance(core, dict) and core["type"] == "record":
        return st.one_of(st.none(), _object(members(core), odd=odd))
    if isinstance(core, dict) and isinstance(core.get("items"), dict):
        return st.one_of(st.none(), st.lists(_object(members(core["items"]), odd=odd), max_size=3))
    fitting = _scalar(core)
    return st.one_of(fitting, fitting, NO_TEXT) if odd else st.one_of(fitting, st.none())


def _scalar(core: Any) -> st.SearchStrategy[Json]:
    if isinstance(core, str):
        return {"string": TEXT, "boolean": st.booleans(), "long": LONG, "double": DOUBLE}[core]
    if core["type"] == "map":
        return st.dictionaries(TEXT, TEXT, max_size=3)
    if core["type"] == "array":
        return st.lists(TEXT if core["items"] == "string" else LONG, max_size=3)
    return INSTANT
