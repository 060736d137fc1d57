"""From parsed content to the fields of a record that speak of the content. Pure.

Everything the API says is in the result: in a field of the schema, or in `extras`. What numbers a record and tells how
it came (`version`, `asOf` and the like) is added by whoever compares it with what is known.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from producer.model.conversation import Hints
from producer.model.instants import Millis
from producer.model.outcome import Drift
from producer.transform import attributes, fields
from producer.transform.content import Content, usable_id
from producer.transform.head import head_of, hints_of, walk
from producer.transform.instants import to_epoch

RENAMED: Mapping[str, str] = {
    "conversationId": "recordId",
    "conversationStart": "startTime",
    "conversationEnd": "endTime",
    "originatingDirection": "direction",
}
"""Fields of the API's conversation that have another name in the record."""

KEPT = (
    "accessAttributes",
    "associatedConversationId",
    "conferenceStart",
    "consultationConversationIds",
    "conversationInitiator",
    "customerParticipation",
    "externalTag",
    "inactivityTimeout",
    "knowledgeBaseIds",
    "mediaStatsMinConversationMos",
    "mediaStatsMinConversationRFactor",
    "originatingSocialMediaPublic",
    "selfServed",
)
"""Fields of the API's conversation that have the same name in the record."""

DETAIL = ("participants", "evaluations", "surveys", "resolutions")
"""The nested part, which a summary and a row leave out."""


NEGATIVE_DURATION = Drift("$.conversationEnd", "duration")
"""A conversation that ended before it began: it has no duration."""


class Detail(enum.Enum):
    """How much of a conversation its record holds (setting `record.detail`)."""

    FULL = "full"
    SUMMARY = "summary"
    FLAT = "flat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalized:
    """The fields of the record that speak of content, the hints, and where the content drifts off the schema."""

    record: dict[str, Any]
    hints: Hints
    drift: tuple[Drift, ...]
    lacks_wrap_up: bool = False
    """An agent was asked for a wrap-up and has not given one."""


class Form(Protocol):
    """The form that a dialect gives its conversations, and how it becomes that of the record."""

    def identify(self, content: Content) -> str:
        """The id of parsed content. Raises Malformed when there is none that could be a key."""

    def began(self, content: Content) -> Millis:
        """When the conversation began. Raises ValueError or TypeError when that is not said."""

    def attributes_of(self, content: Content) -> list[tuple[Content, Content]]:
        """Take the attributes out of parsed content: (the object that had them, they themselves)."""

    def normalize(self, content: Content) -> Normalized:
        """The record of parsed content, which is converted in place. Raises Malformed."""


class Normalizer:
    """The platform's form (a `Form`). `schema` is the text of the Avro schema `Conversation`."""

    def __init__(self, schema: str, detail: Detail = Detail.FULL) -> None:
        known = fields.members(json.loads(schema))
        of_api = {name: known[RENAMED.get(name, name)] for name in (*RENAMED, *KEPT, *DETAIL, "divisionIds")}
        self._convert = fields.converter(of_api)
        self._detail = detail

    def identify(self, content: Content) -> str:
        """The id of parsed content. Raises Malformed when there is none that could be a key."""
        return usable_id(content)

    def began(self, content: Content) -> Millis:
        """When the conversation began. Raises ValueError or TypeError when that is not said."""
        return to_epoch(content.get("conversationStart", ""))

    def attributes_of(self, content: Content) -> list[tuple[Content, Content]]:
        """Take the attributes of its participants."""
        return attributes.take(content)

    def normalize(self, content: Content) -> Normalized:
        """The record of parsed content, which is converted in place. Raises Malformed."""
        misfits = fields.Misfits()
        self._convert(content, None, misfits)
        line = walk(content)
        record = {
            "recordId": content["conversationId"],
            "interactionId": content["conversationId"],
            **head_of(content, line),
            **{name: content[name] for name in KEPT if name in content},
            **dict.fromkeys(DETAIL, ()),
            "extras": misfits.extras,
            "privacy": None,
        }
        if self._detail is Detail.FULL:
            record.update({name: content[name] for name in DETAIL if name in content})
        if record["durationMs"] is None and record["startTime"] is not None and record["endTime"] is not None:
            misfits.drift.add(NEGATIVE_DURATION)
        return Normalized(
            record=record,
            hints=hints_of(content, line),
            drift=tuple(sorted(misfits.drift)),
            lacks_wrap_up=line.lacks_wrap_up,
        )
