"""What the status page and `/status` show, as frozen values: where each source stands, the last reads and errors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from producer.model.coverage import Hole, Loss
from producer.telemetry.health import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRow:
    """One read. Besides a verdict, `verdict` may be `reading` while it is open, `failed`, `split`, or `dropped` with
    the transaction that would have carried it. `parts` are the windows that a split one is read as.
    """

    source: str
    request_id: str
    kind: str
    window: str
    began_at: datetime
    verdict: str = "reading"
    took: timedelta | None = None
    hits: int | None = None
    unique: int | None = None
    pages: int = 0
    records: int | None = None
    remark: str = ""
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRow:
    """A log line of level warning or above; `times` it came in a row, `at` the last time."""

    at: datetime
    level: str
    source: str
    action: str
    message: str
    what_to_do: str
    request_id: str = ""
    window: str = ""
    correlation_id: str = ""
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRow:
    """The last transaction that was committed."""

    at: datetime
    records: int
    took: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneRow:
    """The lane of a source: since when it is ours (None: another instance took it), and what its restore came to."""

    owned_since: datetime | None
    conversations: int = 0
    took: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TierRow:
    """A re-read: how old it reads, how far it has come, the pages it took and the records it found since the start."""

    tier: int
    age: timedelta
    read_to: datetime
    pages: int
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LateRow:
    """How many records were found so late, longer than the row before says; `within` is None for all that is later.

    `watch` by the watch, `tiers` by each re-read, the youngest first.
    """

    within: timedelta | None
    watch: int
    tiers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRow:
    """A kind of read: the pages that it had in the last minute, and its guaranteed share of the budget, from 0 to 1."""

    read: str
    asked: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """Where one source stands; None and 0 until something said so.

    `head` and `final` are the published watermarks; `covered_to` is how far the head has read, holes or not;
    `uncovered` is what is due and not covered at the instant of the snapshot.
    """

    source: str
    since: datetime | None = None
    covered_to: datetime | None = None
    head: datetime | None = None
    final: datetime | None = None
    uncovered: timedelta | None = None
    holes: tuple[Hole, ...] = ()
    holes_in_all: int = 0
    losses: tuple[Loss, ...] = ()
    cap: int | None = None
    learned: int | None = None
    used: int | None = None
    rate_limited: int = 0
    breaker: str = "closed"
    token_expires_at: datetime | None = None
    budget: tuple[BudgetRow, ...] = ()
    tracked: int = 0
    open: int | None = None
    watched: int | None = None
    watch_lateness: timedelta | None = None
    tiers: tuple[TierRow, ...] = ()
    late: tuple[LateRow, ...] = ()
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    stale: int = 0
    regressed: int = 0
    dead_letters: int = 0
    deliveries_taken: int = 0
    deliveries_given_up: int = 0
    receipt: ReceiptRow | None = None
    lane: LaneRow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything to show, at one instant of product time."""

    at: datetime
    version: str
    run_id: str
    started_at: datetime | None
    ready: bool
    reasons: tuple[Reason, ...]
    sources: tuple[SourceStatus, ...]
    reads: tuple[ReadRow, ...]
    errors: tuple[ErrorRow, ...]
