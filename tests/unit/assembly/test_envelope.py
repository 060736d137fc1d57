from __future__ import annotations

from producer import errors
from producer.assembly import envelope
from tests.support.build import at


def test_headers_are_the_cloudevents_attributes_and_the_request_id() -> None:
    headers = envelope.headers(
        envelope.CONVERSATION,
        event_id="conv-1:1741600800250",
        source="emea",
        subject="conv-1",
        at=at("10:00:00.250"),
        request_id="r-1",
    )
    assert headers == (
        ("ce_specversion", b"1.0"),
        ("ce_id", b"conv-1:1741600800250"),
        ("ce_source", b"/genesys/emea"),
        ("ce_type", b"io.genesysproducer.conversation.v1"),
        ("ce_time", b"2025-03-10T10:00:00.250Z"),
        ("content-type", b"application/avro"),
        ("request-id", b"r-1"),
        ("ce_subject", b"conv-1"),
    )


def test_without_a_subject_there_is_no_such_header() -> None:
    headers = envelope.headers(
        envelope.DEAD_LETTER,
        event_id="e",
        source="s",
        subject=None,
        at=at("10:00"),
        request_id="r",
        content=envelope.JSON,
    )
    assert dict(headers)["content-type"] == b"application/json"
    assert "ce_subject" not in dict(headers)


def test_types_of_events_are_contracts() -> None:
    assert (envelope.CONVERSATION, envelope.AUDIT, envelope.DEAD_LETTER, envelope.WATERMARK) == (
        "io.genesysproducer.conversation.v1",
        "io.genesysproducer.audit.v1",
        "io.genesysproducer.dead-letter.v1",
        "io.genesysproducer.watermark.v1",
    )


def test_a_dead_letter_tells_what_went_wrong_by_the_names_of_kafka_connect() -> None:
    error = errors.Malformed("bad_instant", "$.conversationStart", "not an instant")
    assert envelope.failure_headers(error, stage="normalising", topic="genesys.conversations.v1", window="by id") == (
        ("__connect.errors.topic", b"genesys.conversations.v1"),
        ("__connect.errors.stage", b"normalising"),
        ("__connect.errors.exception.class.name", b"Malformed"),
        ("__connect.errors.exception.message", b"not an instant at $.conversationStart"),
        ("reason", b"bad_instant"),
        ("path", b"$.conversationStart"),
        ("window", b"by id"),
    )


def test_text_from_outside_is_bounded_and_always_encodes() -> None:
    error = errors.Malformed("bad", "$." + "p" * 5_000, "\ud800" + "m" * 5_000)
    headers = dict(envelope.failure_headers(error, stage="s", topic="t", window="w"))
    assert headers["path"] == b"$." + b"p" * 1_998
    assert headers["__connect.errors.exception.message"] == b"?" + b"m" * 1_999
