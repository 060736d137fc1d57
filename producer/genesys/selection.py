"""A selection as filters of a query: the table from media to channels, read backwards. Pure.

A filter lets through at least what is selected, among what has a segment: the API has no predicate for "the earliest
session of the customer", nor for "any other kind of message", and its predicates are held against segments, so that a
session without one is not found by its medium. What comes beyond is left out by whoever normalises.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from producer.model.selection import Selection

Json = dict[str, Any]


def _is(dimension: str, value: str) -> Json:
    return {"type": "dimension", "dimension": dimension, "operator": "matches", "value": value}


_MESSAGE = _is("mediaType", "message")
_NAMED_KIND: Json = {"type": "dimension", "dimension": "messageType", "operator": "exists"}

BY_CHANNEL: Mapping[str, tuple[Json, ...]] = {
    "VOICE": (_is("mediaType", "voice"),),
    "CALLBACK": (_is("mediaType", "callback"),),
    "CHAT": (_is("mediaType", "chat"),),
    "EMAIL": (_is("mediaType", "email"),),
    "SMS": (_MESSAGE, _is("messageType", "sms")),
    "WEBCHAT": (_MESSAGE, _is("messageType", "webmessaging")),
    "SOCIAL_MEDIA": (_MESSAGE, _NAMED_KIND),
}
"""What a segment of a channel has. UNKNOWN is not among them: nothing that one could ask for is common to it."""


def segment_filters(selection: Selection) -> list[Json]:
    """The segment filters of a selection, one for each field: each may be met by another segment."""
    named = (
        ("userId", selection.user_ids),
        ("queueId", selection.queue_ids),
        ("externalContactId", selection.external_contact_ids),
    )
    by_value = [{"type": "or", "predicates": [_is(name, each) for each in values]} for name, values in named if values]
    return [*_by_channel(selection.channels), *by_value]


def _by_channel(channels: Iterable[str]) -> list[Json]:
    asked = [BY_CHANNEL.get(channel) for channel in channels]
    if not asked or None in asked:
        return []
    return [{"type": "or", "clauses": [{"type": "and", "predicates": list(each)} for each in asked if each]}]
