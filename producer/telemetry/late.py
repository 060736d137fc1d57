"""Which reads find what came late."""

from __future__ import annotations

from producer.model.reads import Read
from producer.telemetry import names


def comes_back(read: Read) -> bool:
    """True when it comes back to what was read before, by id or to a window: what it finds was late.

    Adoption asks for windows on behalf of the watch, and for the first time.
    """
    return read.kind.value in names.LATE_READS and (read.slice is None or read.kind.value != names.WATCH)
