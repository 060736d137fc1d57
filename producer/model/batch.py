"""What one transaction writes, and what came of it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from producer.model.checkpoint import ONLY_KIND, Checkpoint
from producer.model.conversation import ConversationState
from producer.model.delivery import Delivery, UnreadableDelivery
from producer.model.instants import Millis


class Topic(enum.Enum):
    """The topics by purpose; their names are settings. Also a metric label."""

    CONVERSATIONS = "conversations"
    AUDIT = "audit"
    DEAD_LETTERS = "dead_letters"
    WATERMARKS = "watermarks"
    STATE = "state"
    COMMANDS = "commands"


Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One encoded record. Its partition follows from the key (murmur2); a null key goes to partition 0."""

    topic: Topic
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Everything one transaction writes. Built once by pure code, then frozen; never re-sent after a discard.

    `states` and `checkpoint` go to the state topic (the sink encodes them) and become memory only after the commit;
    `forgotten` are the ids whose states go from it. `deliveries` are pending from now on, `settled` the ids of
    those that no longer are.
    """

    source: str
    records: tuple[Outgoing, ...]
    states: tuple[ConversationState, ...]
    checkpoint: Checkpoint
    forgotten: tuple[str, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    settled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A commit that returned. `offsets` are the next offsets of the conversations topic, one per partition."""

    offsets: tuple[int, ...]
    committed_at: datetime
    took: timedelta
    records: int


class Mark(NamedTuple):
    """Where one has come to in going through what may be forgotten: the day, and the id."""

    day: int
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is looked after: how many conversations by id, how many are open, when the oldest due one was due."""

    watched: int
    open: int
    due_since: Millis | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a lane found when it started: the last committed checkpoints by source, and the limits of the topics.

    `max_record_bytes` is the largest value that may be appended, by topic. `conversations` counts what is tracked,
    `records` is the kind that is written of them; `deliveries` are pending, of all sources;
    `unreadable` stand among them and are none.
    """

    checkpoints: Mapping[str, Checkpoint]
    offsets: tuple[int, ...]
    max_record_bytes: Mapping[Topic, int]
    conversations: int
    took: timedelta
    records: str = ONLY_KIND
    deliveries: tuple[Delivery, ...] = ()
    unreadable: tuple[UnreadableDelivery, ...] = ()

    def pending(self, source: str) -> int:
        """How many deliveries of a source stand on the topic."""
        of = (*(each.source for each in self.deliveries), *(each.source for each in self.unreadable))
        return of.count(source)
