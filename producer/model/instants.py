"""Instants: aware UTC datetimes where people plan, epoch milliseconds where records are made.

Genesys Cloud speaks in UTC days and milliseconds, so windows are cut at both.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NewType

Millis = NewType("Millis", int)
"""UTC epoch milliseconds."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ONE_MILLISECOND = timedelta(milliseconds=1)
ONE_DAY = timedelta(days=1)
DAY = 86_400_000
"""Milliseconds of a UTC day."""


def to_millis(instant: datetime) -> Millis:
    """Epoch milliseconds of an aware instant, rounded down."""
    return Millis((instant - EPOCH) // ONE_MILLISECOND)


def from_millis(millis: int) -> datetime:
    """The instant of an epoch in milliseconds, exact (no float on the way)."""
    return EPOCH + timedelta(milliseconds=millis)


def floor_millis(instant: datetime) -> datetime:
    """The instant without its microseconds: windows are cut at milliseconds."""
    return from_millis(to_millis(instant))


def utc_midnight(instant: datetime) -> datetime:
    """The UTC midnight at or before an instant."""
    return instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def day_number(instant: datetime) -> int:
    """The UTC day as days since the epoch: the API's index of conversations by start day."""
    return (instant - EPOCH) // ONE_DAY


def iso_millis(instant: datetime) -> str:
    """`2025-03-10T00:00:00.000Z`, the form that every request sends."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def retry_after(value: str, now: datetime) -> timedelta | None:
    """How long a Retry-After header asks to wait, in seconds or as a date (then it may be negative); None: neither."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=int(value[:9]))
    try:
        instant = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)) - now
