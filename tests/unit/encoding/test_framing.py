from __future__ import annotations

import pytest

from producer import errors
from producer.encoding.framing import SingleObject
from producer.encoding.schemas import Schemas, Subject

SCHEMAS = Schemas.shipped()
FRAMING = SingleObject(SCHEMAS)
WATERMARK = SCHEMAS.latest(Subject.WATERMARK)


def test_a_prefix_is_the_marker_and_the_fingerprint() -> None:
    assert FRAMING.prefix(WATERMARK).hex() == "c30154d086328f59f0d4"


def test_a_framed_value_names_its_schema() -> None:
    assert FRAMING.read(FRAMING.prefix(WATERMARK) + b"rest") == (WATERMARK, 10)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"", "not in Avro single-object encoding"),
        (b"\x00\x00\x00\x00\x01rest of it", "not in Avro single-object encoding"),
        (b"\xc3\x01short", "not in Avro single-object encoding"),
        (b"\xc3\x01\x01\x02\x03\x04\x05\x06\x07\x08rest", "schema 0102030405060708 is unknown here"),
    ],
)
def test_what_names_no_known_schema_is_malformed(value: bytes, message: str) -> None:
    with pytest.raises(errors.Malformed, match=message) as caught:
        FRAMING.read(value)
    assert caught.value.reason == "framing"
