"""Conversations as the API would give them, and the product's own path for them, for tests.

`conversation` builds one with just enough detail; `seen` wraps it as it comes out of a page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Raw

from producer.encoding.avro import Avro
from producer.encoding.schemas import Subject
from producer.model.instants import Millis
from producer.model.outcome import Sighting
from producer.model.reads import Origin, RawConversation
from producer.transform.fingerprint import raw_hash
from producer.transform.normalize import Detail, Normalizer
from producer.transform.revision import Comparison
from producer.transform.split import guess_id

SAMPLES = Path(__file__).parents[1] / "data"
AVRO = Avro.shipped()
SCHEMA = AVRO.schemas.latest(Subject.CONVERSATION)
MINUTE = 60_000
DAY = 86_400_000


def millis(instant: str) -> Millis:
    """Epoch milliseconds of an ISO instant, by the standard library alone."""
    return Millis(round(datetime.fromisoformat(instant).astimezone(UTC).timestamp() * 1_000))


NOON = millis("2025-03-10T12:00:00Z")


def sighting(as_of: int = NOON, origin: Origin = Origin.QUERY, horizon_day: int = 0) -> Sighting:
    """The circumstances of an answer asked for at `as_of`."""
    return Sighting(
        source="default",
        request_id="9d2f7c1e-0000-4000-8000-000000000001",
        origin=origin,
        as_of=Millis(as_of),
        observed_at=Millis(as_of + 120),
        normalized_at=Millis(as_of + 150),
        horizon_day=horizon_day,
    )


def comparison(detail: Detail = Detail.FULL) -> Comparison:
    """The comparison with the shipped schema."""
    return Comparison(Normalizer(SCHEMA.text, detail))


def segment(start: str, end: str | None = None, **fields: Any) -> dict[str, Any]:
    """A segment; times are of 2025-03-10."""
    ends = {"segmentEnd": f"2025-03-10T{end}Z"} if end else {}
    return {"segmentStart": f"2025-03-10T{start}Z", **ends, "segmentType": "interact", "conference": False, **fields}


def session(*segments: Mapping[str, Any], media: str = "voice", **fields: Any) -> dict[str, Any]:
    """A session of some segments."""
    return {"sessionId": "s", "mediaType": media, "segments": list(segments), **fields}


def participant(purpose: str, *sessions: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """A participant of some sessions."""
    return {"participantId": purpose, "purpose": purpose, "sessions": list(sessions), **fields}


def conversation(*participants: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """A conversation that began at 10:00 on 2025-03-10 and is open, unless said otherwise."""
    people = participants or (participant("customer", session(segment("10:00:00.000"))),)
    return {
        "conversationId": "c-1",
        "conversationStart": "2025-03-10T10:00:00.000Z",
        "originatingDirection": "inbound",
        "divisionIds": ["d-1"],
        "participants": list(people),
        **fields,
    }


def seen(content: Any) -> RawConversation:
    """A conversation as a split page has it."""
    raw = content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode()
    return guessed(guess_id(raw), raw)


def guessed(conversation_id: str | None, raw: bytes | Raw) -> RawConversation:
    """A conversation of which the split page says this id."""
    return RawConversation(conversation_id, raw, raw_hash(raw))


def nobody(_id: str) -> None:
    """Nothing is known of any conversation."""
