from __future__ import annotations

import json
from importlib import resources
from typing import Any

import fastavro
import pytest

from producer import errors
from producer.encoding.schemas import Schema, Schemas, Subject
from tests.support.flat_schema import fields_of_rows

SHIPPED = Schemas.shipped()


def crc_64_avro(data: bytes) -> bytes:
    """The fingerprint as the Avro specification writes it down, little-endian."""
    empty = 0xC15D213AA4D7A795
    value = empty
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (empty & -(value & 1))
    return value.to_bytes(8, "little")


def test_every_subject_has_its_released_versions() -> None:
    assert [(schema.subject, schema.version, schema.name) for schema in SHIPPED.versions] == [
        (Subject.CONVERSATION, 1, "Conversation"),
        (Subject.CONVERSATION, 2, "Conversation"),
        (Subject.CONVERSATION_FLAT, 1, "ConversationFlat"),
        (Subject.CONVERSATION_FLAT, 2, "ConversationFlat"),
        (Subject.AUDIT_EVENT, 1, "AuditEvent"),
        (Subject.WATERMARK, 1, "Watermark"),
    ]


@pytest.mark.parametrize("schema", SHIPPED.versions, ids=lambda schema: schema.name)
def test_a_fingerprint_is_that_of_the_specification(schema: Schema) -> None:
    canonical = fastavro.schema.to_parsing_canonical_form(schema.parsed)
    assert schema.fingerprint == crc_64_avro(canonical.encode())


def test_released_schemas_never_change() -> None:
    assert {f"{each.subject.value} v{each.version}": each.fingerprint.hex() for each in SHIPPED.versions} == {
        "conversation v1": "1e8349406a3bd3ed",
        "conversation v2": "109a9505b30d1f2a",
        "conversation-flat v1": "d9c416eac0f45e36",
        "conversation-flat v2": "c5dfd95384aa9439",
        "audit-event v1": "2118c0be4e831c6a",
        "watermark v1": "54d086328f59f0d4",
    }


@pytest.mark.parametrize("schema", SHIPPED.versions, ids=lambda schema: schema.name)
def test_every_field_has_a_doc_and_a_default_and_unions_are_null_or_something(schema: Schema) -> None:
    def check(avro: Any, path: str) -> None:
        if isinstance(avro, list):
            assert (len(avro), avro[0]) == (2, "null"), path
            check(avro[1], path)
        elif isinstance(avro, dict) and avro["type"] == "record":
            assert avro["doc"], path
            for each in avro["fields"]:
                where = f"{path}.{each['name']}"
                assert each["doc"].strip(". "), where
                assert "default" in each, where
                assert (each["default"] is None) == isinstance(each["type"], list), where
                check(each["type"], where)
        elif isinstance(avro, dict) and avro["type"] in ("array", "map"):
            check(avro.get("items", avro.get("values")), path)

    content = json.loads(schema.text)
    assert content["namespace"] == "io.genesysproducer.v1"
    check(content, schema.name)


@pytest.mark.parametrize("subject", [Subject.CONVERSATION, Subject.CONVERSATION_FLAT])
def test_the_enum_has_its_default_on_itself(subject: Subject) -> None:
    fields = {each["name"]: each for each in json.loads(SHIPPED.latest(subject).text)["fields"]}
    assert fields["channelType"]["type"]["default"] == "UNKNOWN"


def test_a_row_has_the_fields_of_the_head_in_their_order_with_text_for_what_is_no_scalar() -> None:
    conversation, row = (
        json.loads(SHIPPED.latest(each).text) for each in (Subject.CONVERSATION, Subject.CONVERSATION_FLAT)
    )
    assert row["fields"] == fields_of_rows(conversation)
    assert {str(each["type"]) for each in row["fields"] if each["name"] in ("queueIds", "metrics", "extras")} == {
        "string"
    }


def test_a_schema_is_found_by_its_fingerprint() -> None:
    latest = SHIPPED.latest(Subject.WATERMARK)
    assert SHIPPED.by_fingerprint(latest.fingerprint) is latest
    assert SHIPPED.by_fingerprint(b"\0" * 8) is None


def test_an_installation_without_schemas_is_refused(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "files", lambda _package: tmp_path)
    with pytest.raises(errors.ConfigurationError, match="no schema of conversation"):
        Schemas.shipped()
