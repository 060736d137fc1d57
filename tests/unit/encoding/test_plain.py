"""Records as they were written, whole or only their beginning."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import fastavro
import pytest

from producer import errors
from producer.encoding.avro import Avro
from producer.encoding.plain import PlainReader
from producer.encoding.schemas import Subject

AVRO = Avro.shipped()
WRITTEN = {"recordId": "c-1", "version": 7, "asOf": 1_741_600_800_587, "direction": "inbound"}
VALUE = AVRO.encoder(Subject.CONVERSATION)(WRITTEN)


def test_instants_stay_numbers() -> None:
    plain, shown = PlainReader(AVRO.framing).read(VALUE), AVRO.decode(VALUE)[1]
    assert plain.keys() == shown.keys()
    assert plain["asOf"] == 1_741_600_800_587
    assert shown["asOf"] == datetime(2025, 3, 10, 10, 0, 0, 587_000, tzinfo=UTC)
    rest = {name: value for name, value in plain.items() if not isinstance(shown[name], datetime)}
    assert rest == {name: shown[name] for name in rest}


def test_other_subjects() -> None:
    value = AVRO.encoder(Subject.WATERMARK)({"source": "s", "headThrough": 5, "offsets": [1, 2]})
    record = PlainReader(AVRO.framing).read(value)
    assert (record["source"], record["headThrough"], record["offsets"]) == ("s", 5, [1, 2])


@pytest.mark.parametrize("subject", [Subject.CONVERSATION, Subject.CONVERSATION_FLAT])
def test_what_an_older_version_did_not_know_has_its_default(subject: Subject) -> None:
    first = next(each for each in AVRO.schemas.versions if each.subject is subject)
    body = io.BytesIO()
    fastavro.schemaless_writer(body, first.parsed, WRITTEN)
    value = AVRO.framing.prefix(first) + body.getvalue()
    record = PlainReader(AVRO.framing).read(value)
    assert (record["recordId"], record["asOf"]) == ("c-1", 1_741_600_800_587)
    assert (record["userNames"], record["divisionNames"]) in (({}, {}), ("{}", "{}"))
    assert record.keys() == {each["name"] for each in AVRO.schemas.latest(subject).parsed["fields"]}
    assert PlainReader(AVRO.framing, leading=4).read(value)["version"] == 7


def test_the_first_fields_only() -> None:
    record = PlainReader(AVRO.framing, leading=4).read(VALUE)
    assert record == {"recordId": "c-1", "interactionId": "", "source": "", "version": 7}


@pytest.mark.parametrize("value", [b"", b"{}", VALUE[:20], VALUE + b"x", VALUE[:5] + b"x" + VALUE[6:]])
def test_what_is_no_record_is_refused(value: bytes) -> None:
    with pytest.raises(errors.Malformed):
        PlainReader(AVRO.framing).read(value)
