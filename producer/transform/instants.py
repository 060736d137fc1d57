"""Instants as the API writes them, as epoch milliseconds.

Mostly `2024-02-06T00:30:44.587Z`; also without milliseconds, with two digits of them, or with an offset. Anything that
is ISO 8601 with a date and a time is read; without an offset it is UTC, since the API speaks nothing else.
"""

from __future__ import annotations

from datetime import UTC, datetime

from producer.model.instants import EPOCH, Millis

_SHORTEST = len("20240206T0030")


def to_epoch(text: str) -> Millis:
    """Epoch milliseconds, rounded down. Raises ValueError when it is no instant."""
    if len(text) < _SHORTEST:
        raise ValueError(f"too short for an instant: {text!r}")
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    since = instant - EPOCH
    return Millis(since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000)
