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
from tests.support.conversations import AVRO, SCHEMA, comparison, nobody, seen, sighting
from tests.support.flatten import said, told
from tests.support.strategies import conversations

ENCODE = AVRO.encoder(Subject.CONVERSATION)
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
def test_one_conversation_gives_one_record(content: dict[str, Any]) -> None:
    once, again = emitted(content), emitted(json.loads(json.dumps(content)))
    assert (once.record, once.state) == (again.record, again.state)
