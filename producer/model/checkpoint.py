"""Where one source stands: everything a successor needs to go on, written in the transaction it is true of.

The stored form is JSON behind a format byte, so that a person can read it with any Kafka tool at night. Fields are only
ever added, with a default.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from producer.model.coverage import Coverage
from producer.model.instants import Millis

_NEVER = Millis(0)

ONLY_KIND = "Conversation"
"""The kind of record that there was before checkpoints told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The watermarks last promised to consumers; they never decrease."""

    head: datetime
    final: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRead:
    """A read that was begun and not finished when the checkpoint was written; the next start reports it interrupted."""

    request_id: str
    kind: str
    subject: str
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the rate limit had to carry, for a successor that would else spend the same minute twice.

    `recent` is the number of requests that still took a place at `at`; `learned` the cap per minute that a 429 taught
    at `learned_at`, from which its rise counts (from `at` where that is not known).
    """

    at: datetime
    recent: int
    learned: int | None = None
    learned_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """One source's position. `horizon_day` is the start day (days since the epoch) from which state is complete;
    `offsets` are the next offsets of the conversations topic, one per partition, and `records` the kind that it holds.
    """

    source: str
    capture_start: datetime
    coverage: Coverage
    published: Published
    horizon_day: int
    organisation_id: str | None = None
    config_digest: str = ""
    adoption_done: bool = False
    offsets: tuple[int, ...] = ()
    usage: Usage | None = None
    open_reads: tuple[OpenRead, ...] = ()
    running_jobs: tuple[str, ...] = ()
    commands_offset: int = 0
    written_at: Millis = _NEVER
    records: str = ONLY_KIND
