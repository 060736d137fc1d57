"""Records of generated conversations, through Avro and back."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro
from hypothesis import given

from producer.encoding.schemas import Subject
from producer.model.outcome import Emitted
from producer.model.reads import Origin
from producer.transform.flat import row_of
from producer.transform.normalize import DETAIL
from tests.support.conversations import AVRO, SCHEMA, comparison, nobody, seen, sighting
from tests.support.flatten import said, told
from tests.support.strategies import conversations

ENCODE = AVRO.encoder(Subject.CONVERSATION)
ENCODE_FLAT = AVRO.encoder(Subject.CONVERSATION_FLAT)
COMPARE = comparison()


def emitted(content: dict[str, Any]) -> Emitted:
    outcome = COMPARE(seen(content), nobody, sighting(origin=Origin.JOB))
    assert isinstance(outcome, Emitted), outcome
    return outcome


@given(conversations())
def test_a_record_tells_everything_that_was_said(content: dict[str, Any]) -> None:
    record = AVRO.decode(ENCODE(emitted(content).record))[1]
    assert told(record) == said(content, record)


@given(conversations(odd=False))
def test_what_the_schema_knows_needs_no_extras(content: dict[str, Any]) -> None:
    outcome = emitted(content)
    assert (outcome.record["extras"], outcome.drift) == ({}, ())


@given(conversations())
def test_the_bytes_are_those_that_fastavro_writes(content: dict[str, Any]) -> None:
    record = emitted(content).record
    written = io.BytesIO()
    fastavro.schemaless_writer(written, SCHEMA.parsed, record)
    assert ENCODE(record)[10:] == written.getvalue()


@given(conversations())
def test_a_row_tells_what_the_head_of_its_record_tells(content: dict[str, Any]) -> None:
    record = emitted(content).record
    whole, row = AVRO.decode(ENCODE(record))[1], AVRO.decode(ENCODE_FLAT(row_of(record)))[1]
    texts = {name for name, value in whole.items() if isinstance(value, dict | list)} - set(DETAIL)
    assert {name: json.loads(value) if name in texts else value for name, value in row.items()} == {
        name: value for name, value in whole.items() if name not in DETAIL
    }


@given(conversations())
def test_equal_values_have_equal_texts_however_they_are_ordered(content: dict[str, Any]) -> None:
    record = emitted(content).record
    turned = {name: _turned(value) for name, value in reversed(list(record.items()))}
    assert row_of(turned) == row_of(record)


def _turned(value: Any) -> Any:
    return dict(reversed(list(value.items()))) if isinstance(value, dict) else value


@given(conversations())
def test_one_conversation_gives_one_record(content: dict[str, Any]) -> None:
    once, again = emitted(content), emitted(json.loads(json.dumps(content)))
    assert (once.record, once.state) == (again.record, again.state)
