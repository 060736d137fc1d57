"""The writer's bytes are fastavro's bytes."""

from __future__ import annotations

import io
from typing import Any

import fastavro
import pytest

from producer.encoding.binary import writer


def by_fastavro(avro: Any, value: Any) -> bytes:
    written = io.BytesIO()
    fastavro.schemaless_writer(written, avro, value)
    return written.getvalue()


EDGES = [0, -1, 1, 63, 64, -64, -65, 8191, 8192, -8192, -8193, 2**20, 2**27, 2**28, 2**31, 1_741_608_000_000, 2**55]


@pytest.mark.parametrize("value", [*EDGES, *(-edge for edge in EDGES), 2**63 - 1, -(2**63)])
def test_a_long_is_written_in_as_few_bytes_as_it_needs(value: int) -> None:
    assert writer("long")(value) == by_fastavro("long", value)
    assert writer(["null", "long"])(value) == by_fastavro(["null", "long"], value)


@pytest.mark.parametrize("size", [0, 1, 63, 64, 255, 256, 8191, 8192, 100_000])
def test_text_of_any_length_is_written(size: int) -> None:
    for avro in ("string", ["null", "string"]):
        assert writer(avro)("x" * size) == by_fastavro(avro, "x" * size)


@pytest.mark.parametrize(
    ("avro", "value"),
    [
        ("int", -5),
        ("boolean", True),
        ("boolean", False),
        ("double", 4.25),
        ("double", 4),
        ("string", "Zoë 🎧\0"),
        (["null", "string"], None),
        (["null", "boolean"], True),
        (["null", {"type": "long", "logicalType": "timestamp-millis"}], 1_741_608_000_000),
        ({"type": "enum", "name": "Colour", "symbols": ["RED", "BLUE"]}, "BLUE"),
        ({"type": "array", "items": "long"}, []),
        ({"type": "array", "items": "long"}, [1, 2]),
        ({"type": "map", "values": "string"}, {}),
        ({"type": "map", "values": "string"}, {"b": "1", "a": "2"}),
    ],
    ids=repr,
)
def test_a_value_is_written_as_the_specification_says(avro: Any, value: Any) -> None:
    assert writer(avro)(value) == by_fastavro(avro, value)


def test_a_record_is_its_fields_in_the_order_of_the_schema() -> None:
    inner = {"type": "record", "name": "Inner", "fields": [{"name": "x", "type": "int", "default": 7}]}
    avro = {
        "type": "record",
        "name": "Outer",
        "fields": [
            {"name": "a", "type": "string", "default": "none"},
            {"name": "b", "type": ["null", inner], "default": None},
            {"name": "c", "type": {"type": "array", "items": "Inner"}, "default": []},
        ],
    }
    values: list[Any] = [{}, {"b": {}, "a": "x"}, {"c": [{"x": 1}, {}], "b": {"x": 2}}]
    assert [writer(avro)(value) for value in values] == [by_fastavro(avro, value) for value in values]
