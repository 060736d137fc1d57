"""What the reading side tells the writing side, in order: each step becomes part of some transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from producer.errors import ProducerError
from producer.model.actions import Action
from producer.model.reads import Page, Read, ReadEnd, Split
from producer.model.windows import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A read began."""

    read: Read
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A page of an open read is here."""

    read: Read
    page: Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """The read was given up for smaller ones."""

    read: Read
    split: Split
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The read has brought all its pages. `covers`: the window that is read with it, None for a part of one."""

    read: Read
    end: ReadEnd
    at: datetime
    covers: Window | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The read did not end. `misses`: the window that becomes a hole; None when the read is to be made again."""

    read: Read
    error: ProducerError | None
    at: datetime
    misses: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A window that was read in parts, of `read`, is done; `reason` says why it is a hole, None: it is covered."""

    window: Window
    read: Read
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned:
    """The process stops: whatever read is still open is interrupted."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """The organisation of the token is known and is the right one."""

    organisation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Something outside a read that belongs into the audit."""

    action: Action
    at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """All that was open when capture began has been asked for."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """Conversations that no read can return any more, as far as is known when this is said."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A delivery to the webhook is over: taken or given up."""

    delivery_id: str


Step = (
    Started
    | Arrived
    | Parted
    | Ended
    | Failed
    | Settled
    | Abandoned
    | Identified
    | Noted
    | Adopted
    | Forgotten
    | Delivered
)
