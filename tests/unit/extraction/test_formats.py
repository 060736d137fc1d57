"""Chunks as bytes of a file."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import fastavro
import pytest

from producer.encoding.avro import Avro
from producer.encoding.schemas import Subject
from producer.extraction.formats import FORMATS
from producer.library import means_of
from producer.settings import Settings
from producer.transform.normalize import DETAIL
from tests.support.clock import FakeClock

SCHEMA = Avro.shipped().schemas.latest(Subject.CONVERSATION)
DEFAULTS = means_of(Settings(), FakeClock(), lambda _: None).defaults
FIRST: dict[str, Any] = {
    **DEFAULTS,
    "recordId": "c-1",
    "channelType": "SMS",
    "startTime": 1_741_608_000_000,
    "resumed": True,
    "wrapUpNote": 'says "no", then\nleaves; ünïcode',
    "userIds": ["u-1", "u-2"],
    "metrics": {"tTalk": 5_000_000_000},
    "participants": [{"participantId": "p-1"}],
}
SECOND: dict[str, Any] = {**DEFAULTS, "recordId": "c-2", "participants": ()}


def written(name: str, *chunks: list[dict[str, Any]]) -> bytes:
    file = io.BytesIO()
    write = FORMATS[name](file, SCHEMA)
    for chunk in chunks:
        write(chunk)
    return file.getvalue()


def test_a_line_of_json_for_each_record() -> None:
    lines = written("ndjson", [FIRST], [], [SECOND]).decode().splitlines()
    assert [json.loads(line) for line in lines] == [FIRST, {**SECOND, "participants": []}]


def test_a_table_has_the_head_lists_and_maps_as_json() -> None:
    names, first, second = csv.reader(io.StringIO(written("csv", [FIRST, SECOND]).decode(), newline=""))
    assert set(names) == set(DEFAULTS) - set(DETAIL)
    row = dict(zip(names, first, strict=True))
    told = ("recordId", "startTime", "endTime", "resumed", "wrapUpNote", "userIds", "metrics")
    assert [row[name] for name in told] == [
        "c-1",
        "1741608000000",
        "",
        "true",
        'says "no", then\nleaves; ünïcode',
        '["u-1","u-2"]',
        '{"tTalk":5000000000}',
    ]
    assert dict(zip(names, second, strict=True))["recordId"] == "c-2"


def test_nothing_extracted_is_still_a_table_and_a_container() -> None:
    assert written("csv").decode().startswith("recordId,")
    assert list(fastavro.reader(io.BytesIO(written("avro")))) == []
    assert written("ndjson") == b""


def test_an_avro_container_holds_all_of_a_record() -> None:
    first, second = fastavro.reader(io.BytesIO(written("avro", [FIRST], [SECOND])))
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["metrics"], first["participants"][0]["participantId"]) == ({"tTalk": 5_000_000_000}, "p-1")
    assert (second["recordId"], second["startTime"]) == ("c-2", None)


@pytest.mark.parametrize("name", FORMATS)
def test_every_chunk_is_in_the_file_once_it_was_given(name: str) -> None:
    one, both = written(name, [FIRST]), written(name, [FIRST], [SECOND])
    assert len(both) > len(one)
