"""The headers of every record: CloudEvents 1.0 in the Kafka binary binding, and Kafka Connect's names on dead letters.

Pure. Field names and their values are contracts: stream processors route and trace by them.
"""

from __future__ import annotations

from datetime import datetime

from producer import errors
from producer.model.batch import Headers
from producer.model.instants import iso_millis

AVRO = b"application/avro"
JSON = b"application/json"
CONVERSATION = "io.genesysproducer.conversation.v1"
CONVERSATION_FLAT = "io.genesysproducer.conversation-flat.v1"
AUDIT = "io.genesysproducer.audit.v1"
DEAD_LETTER = "io.genesysproducer.dead-letter.v1"
WATERMARK = "io.genesysproducer.watermark.v1"
LONGEST_MESSAGE = 2_000
"""Characters of an error's text that a header may carry: it can quote the bad value."""


def headers(
    kind: str, *, event_id: str, source: str, subject: str | None, at: datetime, request_id: str, content: bytes = AVRO
) -> Headers:
    """The CloudEvents attributes as headers (`ce_subject` left out without a subject)."""
    named = (
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_source", f"/genesys/{source}".encode()),
        ("ce_type", kind.encode()),
        ("ce_time", iso_millis(at).encode()),
        ("content-type", content),
        ("request-id", request_id.encode()),
    )
    return named if subject is None else (*named, ("ce_subject", subject.encode()))


def failure_headers(error: errors.Malformed, *, stage: str, topic: str, window: str) -> Headers:
    """What went wrong with a dead letter, by the names that Kafka Connect's tools know, and where it came from."""
    return (
        ("__connect.errors.topic", topic.encode()),
        ("__connect.errors.stage", stage.encode()),
        ("__connect.errors.exception.class.name", type(error).__name__.encode()),
        ("__connect.errors.exception.message", str(error)[:LONGEST_MESSAGE].encode(errors="replace")),
        ("reason", error.reason.encode()),
        ("path", error.path[:LONGEST_MESSAGE].encode(errors="replace")),
        ("window", window.encode()),
    )
