from __future__ import annotations

from typing import Any

import pytest

from producer.commands.tail import shown_record
from producer.encoding.avro import Avro
from producer.encoding.schemas import Subject
from producer.kafka.reader import RawRecord
from producer.model.instants import Millis

AVRO = Avro.shipped()
WATERMARK = {
    "source": "default",
    "headThrough": 1_773_136_800_000,
    "finalThrough": 1_773_136_800_000,
    "committedAt": 1_773_136_800_000,
    "offsets": [1, 2],
    "holes": [],
    "acceptedLosses": [],
}


def _shown(value: bytes | None, key: bytes | None = b"k") -> dict[str, Any]:
    record = RawRecord(
        topic="t",
        partition=1,
        offset=2,
        timestamp=Millis(1_773_136_800_000),
        key=key,
        value=value,
        headers=(("h", b"v"),),
    )
    return shown_record(record, AVRO)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b'{"conversationId": "a"}', {"conversationId": "a"}),
        (b"[1, 2", "[1, 2"),
        (b"\xff", "\ufffd"),
        (None, None),
    ],
)
def test_what_is_no_avro_is_shown_as_it_can_be(value: bytes | None, shown: object) -> None:
    assert _shown(value) == {
        "topic": "t",
        "partition": 1,
        "offset": 2,
        "timestamp": "2026-03-10T10:00:00.000Z",
        "key": "k",
        "headers": {"h": "v"},
        "value": shown,
    }


def test_avro_is_decoded() -> None:
    shown = _shown(AVRO.encoder(Subject.WATERMARK)(WATERMARK), key=None)

    assert shown["key"] is None
    assert (shown["value"]["source"], shown["value"]["offsets"]) == ("default", [1, 2])
