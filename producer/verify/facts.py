"""What is kept of the topics while they are read: the few numbers that are compared, never contents.

Named tuples, since there may be hundreds of millions; their fields are the columns of the ledger, in this order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

NEVER = -1
"""In place of an instant or a number that an event or a record does not have."""
LETTER = "DEAD_LETTER"
"""What stands for the origin of a dead letter."""


class Seen(NamedTuple):
    """A record of the conversations topic. `at` is its append (real time), `content` its contentHash (16 bytes).

    A tombstone has version 0 and no content. Instants are epoch milliseconds. `attributes_as_of` and `ended`, when the
    conversation ended, may be NEVER. `names` has a bit for each name that it carries, hexadecimal: there may be
    more than a number of SQLite holds.
    """

    id: str
    partition: int
    offset: int
    at: int
    source: str
    version: int
    revision: int
    resumed: int
    content: bytes
    request: str
    as_of: int
    attributes_as_of: int
    ended: int
    names: str = "0"

    @property
    def tombstone(self) -> bool:
        """True when it says that its key is no more."""
        return self.version == 0

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"partition {self.partition}, offset {self.offset}"


class Remembered(NamedTuple):
    """A state of a conversation on the state topic, in its order; `forgotten` when it is a tombstone there."""

    id: str
    source: str
    partition: int
    offset: int
    revision: int
    version: int
    content: bytes
    redacted: int
    forgotten: int


class Told(NamedTuple):
    """An audit event of a read or of a run. Numbers that it does not have are NEVER.

    `by_id` is 1 when an EXTRACTION_STARTED asks for ids, 0 when for a window.
    """

    request: str
    partition: int
    offset: int
    at: int
    action: str
    page: int
    records: int
    pages_in_all: int
    records_in_all: int
    by_id: int
    letters: int


class Present(NamedTuple):
    """What of one read is on the conversations topic: how many records, of which origin, appended from when to when.

    With `LETTER` for the origin they are its dead letters, on their own topic.
    """

    request: str
    origin: str
    records: int
    oldest: int
    newest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What is known of a source besides its conversations: its last checkpoint, boiled down.

    `since` is where its coverage starts, `head` and `final` what is promised of it, `passed` how far every tier has
    come (holes aside: what lies behind them may be forgotten, and is not promised). Epoch milliseconds.
    """

    since: int
    head: int
    final: int
    passed: int
    open_reads: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What can be asked of the topics. What was appended up to `compacted_to` may have been compacted; reads that began
    up to `audit_to` may have lost audit events to retention, up to `letters_to` dead letters (real time, epoch
    milliseconds).
    """

    partitions: int
    compacted_to: int
    audit_to: int = NEVER
    letters_to: int = NEVER
    positions: Mapping[str, Position] = field(default_factory=dict)

    @property
    def open_reads(self) -> frozenset[str]:
        """Reads that had not ended when the last checkpoints were written."""
        return frozenset().union(*(position.open_reads for position in self.positions.values()))
