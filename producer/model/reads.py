"""One read of the API, the pages it brings, and how it ended.

A read is an extraction: it has a request id, an audit trail and a verdict of its own.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

import msgspec

from producer import errors
from producer.model.windows import Slice


class ReadKind(enum.Enum):
    """Why a read is made, the most important first; also a metric label."""

    HEAD = "head"
    WATCH = "watch"
    REREAD = "reread"
    LAKE = "lake"
    BACKFILL = "backfill"
    QUERY = "query"
    DIRECTORY = "directory"
    """No conversations, but the names of what they refer to."""


class Origin(enum.Enum):
    """What kind of answer a record came from (field `origin`)."""

    QUERY = "QUERY"
    BY_ID = "BY_ID"
    JOB = "JOB"
    REPLAY = "REPLAY"


class Verdict(enum.Enum):
    """What a finished read can say of itself. It means consistent, not proven: the re-reads are the guarantee."""

    COMPLETE = "complete"
    PROVISIONAL = "provisional"
    SHORT = "short"
    CURSOR_END = "cursor-end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is to be read next: a slice of time, or up to 100 ids.

    `tier` is what it is due for, and what misses it when it fails; `satisfies` the highest tier that its completion
    covers, by its age. `covers` is false for what says nothing of a whole window.
    """

    kind: ReadKind
    slice: Slice | None = None
    ids: tuple[str, ...] = ()
    tier: int = 0
    satisfies: int = 0
    covers: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A read that is made: what was due, under a request id."""

    request_id: str
    kind: ReadKind
    slice: Slice | None = None
    ids: tuple[str, ...] = ()
    tier: int = 0
    satisfies: int = 0

    @classmethod
    def of(cls, due: Due, request_id: str) -> Read:
        """The read of what is due."""
        return cls(
            request_id=request_id,
            kind=due.kind,
            slice=due.slice,
            ids=due.ids,
            tier=due.tier,
            satisfies=max(due.tier, due.satisfies),
        )

    @property
    def origin(self) -> Origin:
        """The kind of answer that it will bring."""
        return Origin.QUERY if self.slice else Origin.BY_ID


class RawConversation(msgspec.Struct, frozen=True, gc=False):
    """One conversation as it came, not parsed. `id` is what its raw bytes say without parsing; parsing confirms it.

    `raw` may be a view into the whole answer: a copy of each would cost as much as hashing them. `hash` is what
    `ConversationState.raw_hash` remembers of it, 16 bytes.
    """

    id: str | None
    raw: bytes | msgspec.Raw
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitBody:
    """The body of an answer, cut into its conversations without parsing them; `total_hits` is what it claims.

    `cursor` is what the next page is asked for with, where the dialect has cursors; None on the last page.
    """

    conversations: tuple[RawConversation, ...]
    total_hits: int | None
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of the API. `as_of` is when it was asked for: what instant its content speaks of; `size` in bytes.

    `served_at` is the server's clock when it answered, in whole seconds (its Date); None when it did not say.
    """

    number: int
    conversations: tuple[RawConversation, ...]
    total_hits: int | None
    as_of: datetime
    observed_at: datetime
    size: int
    served_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEnd:
    """How a read ended. `filled` counts the pages that held conversations.

    `unread` names why a part stays unread (it becomes a hole); None when nothing does.
    """

    verdict: Verdict
    pages: int
    filled: int
    attempts: int
    unique: int
    repeated: int
    first_hits: int | None
    last_hits: int | None
    unread: str | None = None

    @property
    def success_ratio(self) -> float | None:
        """Pages that held conversations, per attempt; None when nothing was attempted."""
        return self.filled / self.attempts if self.attempts else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The window holds more than one read should carry: these parts are to be read instead, each a read of its own."""

    parts: tuple[Slice, ...]
    hits: int

    def __post_init__(self) -> None:
        if len(self.parts) < 2:  # noqa: PLR2004 - fewer would be planned again for ever
            raise errors.ProducerError(f"split must have at least two parts: {self.hits} hits, {len(self.parts)} parts")

    @property
    def in_time(self) -> bool:
        """True when the parts are windows of their own, false when they share one."""
        return len({part.window for part in self.parts}) == len(self.parts)
