"""What came of comparing one raw conversation with what is remembered of it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from producer.model.conversation import ConversationState
from producer.model.instants import Millis
from producer.model.reads import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The circumstances in which a raw conversation was seen; the same for every conversation of a page."""

    source: str
    request_id: str
    origin: Origin
    as_of: Millis
    observed_at: Millis
    normalized_at: Millis
    horizon_day: int


class Drift(NamedTuple):
    """Where content drifts off the schema, and how: a `field` it does not know, another `type`, a negative `duration`.

    `path` is a JSON path with * for every index.
    """

    path: str
    kind: str


class Change(enum.Enum):
    """What kind of record is emitted; also a metric label."""

    NEW = "new"
    CHANGED = "changed"
    NAMED = "named"
    """The same content, with a name that it was sent without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """Known content. `state` is set when what is remembered changes all the same (other bytes for the same content)."""

    state: ConversationState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """An answer older than what is known: it never replaces content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regressed:
    """Content that looks older than the known one: emitted when a later read agrees. `state` remembers the first."""

    state: ConversationState


@dataclass(frozen=True, slots=True, kw_only=True)
class Emitted:
    """New content. `record` has the shape of the Avro schema `Conversation`; `newest` is the newest instant in it;
    `drift` is where it has what the schema does not know.
    """

    record: Mapping[str, Any]
    state: ConversationState
    change: Change
    newest: Millis
    drift: tuple[Drift, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Poison:
    """A conversation that can't be normalised: a dead letter. `state` remembers the raw hash, so that it is sent once;
    `repeated` is true when it was.
    """

    id: str | None
    reason: str
    path: str
    message: str
    state: ConversationState
    repeated: bool = False


Outcome = Unchanged | Stale | Regressed | Emitted | Poison
