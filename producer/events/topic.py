"""What came onto the topics or did not: comparisons, transactions, the lane, coverage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from producer.events.event import Event
from producer.model.checkpoint import Checkpoint
from producer.model.coverage import Hole
from producer.model.outcome import Drift
from producer.model.reads import Read
from producer.model.windows import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCompared(Event):
    """A page went through comparison and its outcome is committed: the counts of one page or of a part of one.

    `freshness` is, for each record, the seconds from the newest instant in its content to the commit.
    """

    read: Read
    number: int
    new: int = 0
    changed: int = 0
    named: int = 0
    unchanged: int = 0
    stale: int = 0
    regressed: int = 0
    dead_letters: Mapping[str, int]
    freshness: tuple[float, ...] = ()
    drift: tuple[Drift, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaDrifted(Event):
    """Fields came that the schema does not know or in another type, for the first time: their JSON paths."""

    read: Read
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationDeadLettered(Event):
    """A conversation went to the dead letters."""

    read: Read
    conversation_id: str | None
    reason: str
    path: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationMalformed(Event):
    """An extraction met a conversation that can't be made a record; its caller does not get it."""

    read: Read
    conversation_id: str | None
    reason: str
    path: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCommitted(Event):
    """A transaction was committed and the checkpoint moved with it."""

    records: int
    took: timedelta
    checkpoint: Checkpoint
    tracked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitDelayed(Event):
    """A transaction has been under way for so long (real time) that the brokers seem not to answer; it may yet end."""

    waited: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchDiscarded(Event):
    """A transaction was given up; everything built on it is dropped and compared again after the restore."""

    reason: str
    message: str
    what_to_do: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneFenced(Event):
    """Another instance took the lane over."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkBlocked(Event):
    """Kafka can't be used now; tried again after `wait`. `reason` is the class of the error."""

    reason: str
    message: str
    what_to_do: str
    wait: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneRestored(Event):
    """The lane is ours and its state is in memory."""

    took: timedelta
    conversations: int
    checkpoint: Checkpoint | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoleOpened(Event):
    """A due interval could not be read."""

    hole: Hole


@dataclass(frozen=True, slots=True, kw_only=True)
class HoleClosed(Event):
    """A hole, or the part `closed` of it, was read after all."""

    hole: Hole
    closed: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageMeasured(Event):
    """How complete the topic is: the watermarks, what is due and not covered, and what the clock says.

    `ahead` is how far the head has read beyond what was due then.
    """

    head: datetime
    final: datetime
    uncovered: timedelta
    holes: tuple[Hole, ...]
    clock: datetime
    ahead: timedelta = timedelta(0)
