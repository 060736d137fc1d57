"""What a caller asks for, in the caller's words, and the same once it was found right."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from producer.model.instants import iso_millis
from producer.model.selection import EVERYTHING, Selection
from producer.model.windows import Interval

LARGEST_SIZE = 2_000
"""Records of a chunk, at most."""
_TOLD_IDS = 100  # of a field, in the audit


class ChannelType(enum.StrEnum):
    """The words of the record's `channelType`; ALL leaves no channel out."""

    VOICE = "VOICE"
    CHAT = "CHAT"
    EMAIL = "EMAIL"
    SMS = "SMS"
    CALLBACK = "CALLBACK"
    SOCIAL_MEDIA = "SOCIAL_MEDIA"
    WEBCHAT = "WEBCHAT"
    UNKNOWN = "UNKNOWN"
    ALL = "ALL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which conversations to extract: those that match one value of every field that is given.

    `start_time` and `end_time` are aware datetimes or ISO 8601 texts with an offset: conversations that lived between
    them (the end excluded) and began on a UTC day of that range. `size` is how many records a chunk may hold, 1 to
    2,000. A query is a plain value: it is checked when it is executed.
    """

    interaction_ids: tuple[str, ...] = ()
    participant_ids: tuple[str, ...] = ()
    channel_types: tuple[str, ...] = ()
    user_ids: tuple[str, ...] = ()
    queue_ids: tuple[str, ...] = ()
    external_contact_ids: tuple[str, ...] = ()
    start_time: datetime | str | None = None
    end_time: datetime | str | None = None
    size: int = LARGEST_SIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A query that was found right: ids in lower case and each once, instants in UTC and whole milliseconds.

    `channels` are words of `channelType`, empty when none is left out.
    """

    interaction_ids: tuple[str, ...] = ()
    participant_ids: frozenset[str] = frozenset()
    selection: Selection = EVERYTHING
    interval: Interval | None = None
    size: int = LARGEST_SIZE

    def told(self) -> Mapping[str, Any]:
        """What is asked for, for the details of an audit event: of many ids the first, and how many there are."""
        lists = {
            "interactionIds": self.interaction_ids,
            "participantIds": sorted(self.participant_ids),
            **{_NAMES[each.name]: getattr(self.selection, each.name) for each in fields(self.selection)},
        }
        named = {name: list(values[:_TOLD_IDS]) for name, values in lists.items() if values}
        more = {f"{name}Count": len(values) for name, values in lists.items() if len(values) > _TOLD_IDS}
        interval = self.interval
        times = {"startTime": iso_millis(interval.start), "endTime": iso_millis(interval.end)} if interval else {}
        return {"kind": "query", **named, **more, **times, "size": self.size}


_NAMES = {
    "channels": "channelTypes",
    "user_ids": "userIds",
    "queue_ids": "queueIds",
    "external_contact_ids": "externalContactIds",
}
