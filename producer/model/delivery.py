"""What is to be delivered to the webhook, from the moment it happened until it was taken or given up.

The stored form is JSON, so that a person can read it with any Kafka tool. Fields are only ever added, with a default.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from producer.model.instants import Millis, to_millis

MOST_PENDING = 1_000
"""Deliveries of a source that may be pending at a time; what happens beyond them is not told to the webhook."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One payload for the webhook. `id` stays the same however often it is sent, and so does every byte of `body`.

    `created_at` is product time; `about` the name of the payload's event.
    """

    source: str
    id: str
    about: str
    created_at: Millis
    body: str


UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises of bytes from outside."""
_decode = msgspec.json.Decoder(Delivery).decode
_LATEST = to_millis(datetime(9000, 1, 1, tzinfo=UTC))
"""Beyond it no calendar reaches, with the time that a receiver is given."""


def delivery_of(stored: bytes) -> Delivery:
    """The delivery of a stored form. Raises ValueError when it is none."""
    try:
        found = _decode(stored)
    except UNREADABLE as error:
        raise ValueError(f"{error}") from error
    if not 0 <= found.created_at < _LATEST:
        raise ValueError(f"created_at is {found.created_at}, which is no time of a delivery")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableDelivery:
    """What stands where a delivery of `source` should: no version can send it. `why` tells a person what is wrong."""

    source: str
    id: str
    why: str
