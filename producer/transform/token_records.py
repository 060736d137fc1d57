"""From a flat conversation of the token dialect to the fields of a record that speak of the content. Pure.

Everything the gateway says is in the result: in a field of the schema, or in `extras`. `mediaTypes` keeps the word of
the channel, `interactionId` is the record's own id where none is given. Participants the dialect does not show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from producer.model.channels import TOKEN_CHANNELS
from producer.model.conversation import Hints
from producer.model.instants import Millis
from producer.model.outcome import Drift
from producer.transform import fields
from producer.transform.channels import UNKNOWN
from producer.transform.content import Content, usable_id
from producer.transform.instants import to_epoch
from producer.transform.normalize import DETAIL, Normalized

STARTED, ENDED = "startTimestamp", "endTimestamp"
_INSTANT = {"type": "long", "logicalType": "timestamp-millis"}
FIELDS: Mapping[str, Any] = {
    "id": "string",
    "interactionId": "string",
    "channelType": "string",
    STARTED: _INSTANT,
    ENDED: _INSTANT,
    "participantCount": "long",
    "queueName": "string",
    "wrapUpCode": "string",
    "attributes": {"type": "map", "values": "string"},
}
"""What a flat conversation is known to say, with the Avro type of each."""

NEGATIVE_DURATION = Drift(f"$.{ENDED}", "duration")
"""A conversation that ended before it began: it has no duration."""
_LAST = 253_402_300_800_000  # the year 10000 in epoch milliseconds: what is beyond is none
_MOST_PARTICIPANTS = 2**31 - 1


class TokenForm:
    """The token dialect's form (a `normalize.Form`)."""

    def __init__(self) -> None:
        self._convert = fields.converter(FIELDS)

    def identify(self, content: Content) -> str:
        """The id of parsed content. Raises Malformed when there is none that could be a key."""
        return usable_id(content, "id")

    def began(self, content: Content) -> Millis:
        """When the conversation began. Raises ValueError or TypeError when that is not said."""
        started = content.get(STARTED, "")
        return Millis(started) if _is_epoch(started) else to_epoch(started)

    def attributes_of(self, content: Content) -> list[tuple[Content, Content]]:
        """Take the attributes of the conversation."""
        if content.get("attributes").__class__ is not dict:
            return []
        return [(content, content.pop("attributes"))]

    def normalize(self, content: Content) -> Normalized:
        """The record of parsed content, which is converted in place. Raises Malformed."""
        misfits = self._converted(content)
        start, end = content.get(STARTED), content.get(ENDED)
        duration = end - start if start is not None and end is not None else None
        if duration is not None and duration < 0:
            misfits.drift.add(NEGATIVE_DURATION)
            duration = None
        word = content.get("channelType")
        record = {
            "recordId": content["id"],
            "interactionId": content.get("interactionId", content["id"]),
            "channelType": UNKNOWN if word is None else TOKEN_CHANNELS.get(word.lower(), UNKNOWN),
            "mediaTypes": [] if word is None else [word],
            "startTime": start,
            "endTime": end,
            "durationMs": duration,
            "participantCount": content.get("participantCount", 0),
            "queueName": content.get("queueName"),
            "wrapUpCode": content.get("wrapUpCode"),
            "wrapUpCodes": [content["wrapUpCode"]] if "wrapUpCode" in content else [],
            **dict.fromkeys(_NOT_SAID),
            **dict.fromkeys(_NONE_SAID, ()),
            **dict.fromkeys(DETAIL, ()),
            "userNames": {},
            "divisionNames": {},
            "metrics": {},
            "extras": misfits.extras,
        }
        return Normalized(record=record, hints=_hints_of(content), drift=tuple(sorted(misfits.drift)))

    def _converted(self, content: Content) -> fields.Misfits:
        """Bring the members into the types of the record; what has no place there is among the misfits."""
        misfits = fields.Misfits()
        epochs = {name: content.pop(name) for name in (STARTED, ENDED) if _is_epoch(content.get(name))}
        self._convert(content, None, misfits)
        content |= epochs
        if not 0 <= content.get("participantCount", 0) <= _MOST_PARTICIPANTS:
            misfits.add(None, "participantCount", content.pop("participantCount"), fields.TYPE)
        return misfits


_NOT_SAID = ("direction", "queueId", "wrapUpCodeName", "wrapUpNote", "disconnectType", "privacy")
_NONE_SAID = ("queueIds", "userIds", "divisionIds", "messageTypes")


def _is_epoch(value: Any) -> bool:
    """An instant given in epoch milliseconds."""
    return value.__class__ is int and 0 <= value < _LAST


def _hints_of(content: Content) -> Hints:
    """What only ever grows while replicas agree: of all hints the flat form has the end, participants and instants."""
    return Hints(
        ended=ENDED in content,
        participants=content.get("participantCount", 0),
        sessions=0,
        segments=0,
        metrics=0,
        latest=Millis(max(content.get(STARTED, 0), content.get(ENDED, 0))),
    )
