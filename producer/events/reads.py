"""Reads, from their start to their end, and why none can be made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from producer.events.event import Event
from producer.model.reads import Read, ReadEnd
from producer.model.windows import Slice


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStarted(Event):
    """A read began."""

    read: Read


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFetched(Event):
    """A page arrived whole."""

    read: Read
    number: int
    conversations: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSplit(Event):
    """A window held too much for one read."""

    read: Read
    hits: int
    parts: tuple[Slice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCompleted(Event):
    """A read ended well and its last record is committed."""

    read: Read
    end: ReadEnd
    took: timedelta
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFailed(Event):
    """A read did not end. `hole` is true when the failure belongs to the window; else the read is made again."""

    read: Read
    error: str
    message: str
    what_to_do: str
    correlation_id: str | None = None
    hole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBlocked(Event):
    """Nothing can be read now; tried again after `wait`. `reason` is the class of the error."""

    reason: str
    message: str
    what_to_do: str
    wait: timedelta
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecovered(Event):
    """Reads go on after `SourceBlocked`."""
