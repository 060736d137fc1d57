"""When two contents of the token dialect are the same: a flat conversation, and the record made of it. Pure.

As `content` does it for the platform, by a reading of the flat form that is the judge's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from producer.dev.judge.content import Digest, Sight, digest_of_answer, put

CHANNELS = {
    "voice": "VOICE",
    "chat": "CHAT",
    "email": "EMAIL",
    "sms": "SMS",
    "callback": "CALLBACK",
    "social": "SOCIAL_MEDIA",
    "webchat": "WEBCHAT",
}
SAID = {
    "id": "recordId",
    "interactionId": "interactionId",
    "startTimestamp": "startTime",
    "endTimestamp": "endTime",
    "queueName": "queueName",
    "wrapUpCode": "wrapUpCode",
    "attributes": "attributes",
}
"""What a flat conversation says, by the field of the record that says the same."""


def digest_of_flat_answer(conversation: Any) -> Digest:
    """The digest of a flat conversation as it was served. Without an interaction of its own it is one by itself."""
    if conversation.__class__ is not dict:
        return digest_of_answer(conversation)
    interaction = conversation.get("interactionId") or conversation.get("id")
    channel = CHANNELS.get(str(conversation.get("channelType")), "UNKNOWN")
    return digest_of_answer({**conversation, "interactionId": interaction, "channel": channel})


def digest_of_flat_record(record: Mapping[str, Any]) -> Digest:
    """The digest of what a decoded record or row says, put back into the flat shape."""
    flat: dict[str, Any] = {name: record[field] for name, field in SAID.items()}
    words = _plain(record["mediaTypes"])
    flat["attributes"] = dict(_plain(record["attributes"]) or {})
    flat["channelType"] = words[0] if words else None
    flat["channel"] = record["channelType"]
    flat["participantCount"] = record["participantCount"]
    for path, text in _plain(record["extras"]).items():
        put(flat, path, orjson.loads(text))
    return digest_of_answer(flat)


def _plain(value: Any) -> Any:
    """A list or a map, which a row holds as JSON text."""
    return orjson.loads(value) if value.__class__ is str else value


TOKEN = Sight(digest_of_flat_answer, digest_of_flat_record, lambda _: "", dialect="token")
"""Whole records, summaries and rows hold all that the flat form says."""
