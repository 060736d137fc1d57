"""What happened, in the past tense: the only way the flow speaks to metrics, logs, health and the status page.

Events are frozen values without behaviour. Whoever emits one knows nothing of who listens. No event carries a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from producer.model.checkpoint import Checkpoint
from producer.model.coverage import Hole
from producer.model.outcome import Drift
from producer.model.reads import Read, ReadEnd
from producer.model.windows import Interval, Slice


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to one source ('' when it concerns the process)."""

    source: str = ""


# --- life of the process --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStarted(Event):
    """The daemon began; `run_id` is the request id of what happens outside reads."""

    run_id: str
    version: str
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested(Event):
    """A signal asked for a stop; `hard` for the second one."""

    signal: str
    hard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStopped(Event):
    """The daemon ended."""

    run_id: str
    exit_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopLagMeasured(Event):
    """How late the event loop was at its last heartbeat."""

    lag: timedelta


# --- the API --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFinished(Event):
    """One HTTP exchange ended. `status` is None without an answer; `failure` names what happened then.

    `endpoint` is one of a bounded set (query, by_id, directory, token, organisation).
    """

    endpoint: str
    status: int | None
    took: timedelta
    request_id: str
    correlation_id: str | None = None
    code: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRetried(Event):
    """A request will be made again after `wait`. `reason` is bounded (429, 5xx, timeout, connection, body, 401)."""

    endpoint: str
    reason: str
    attempt: int
    wait: timedelta
    request_id: str
    message: str = ""
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitHit(Event):
    """A 429 arrived: all requests of the source wait. `learned` is the cap per minute from now on."""

    wait: timedelta
    learned: int
    request_id: str
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimiterMeasured(Event):
    """The state of the rate limiter, per minute: configured cap, learned cap (None: nothing learned), places in use."""

    cap: int
    learned: int | None
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefreshed(Event):
    """A token was fetched; `expires_at` is product time."""

    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefused(Event):
    """A token could not be had."""

    reason: str
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerChanged(Event):
    """The circuit breaker moved."""

    state: Literal["closed", "open", "half_open"]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSkewMeasured(Event):
    """The server's Date minus ours."""

    skew: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationUnverified(Event):
    """The settings name the organisation that the token must belong to, and the API does not tell which it is."""

    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesUnavailable(Event):
    """The names of one kind (queue, wrapup) can't be had; asked for again after `wait`. Records go out without them."""

    kind: str
    reason: str
    message: str
    what_to_do: str
    wait: timedelta
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesAvailable(Event):
    """Names of this kind are had again after `NamesUnavailable`."""

    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesMeasured(Event):
    """The directory: how many ids have a known name, how many the API does not know, how many wait to be asked for."""

    known: int
    unknown: int
    wanted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetShared(Event):
    """A kind of read is guaranteed this share of the budget, from 0 to 1."""

    read: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchMeasured(Event):
    """The watch list: how many conversations are on it, how many are open (those that the head still sees included),
    and for how long the oldest due one has waited (product time; zero when none is due).
    """

    watched: int
    open: int
    lateness: timedelta


# --- reads ----------------------------------------------------------------------------------------------------------


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


# --- the topic ------------------------------------------------------------------------------------------------------


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


# --- the webhook ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivered(Event):
    """The receiver took a delivery; `age` is product time from what it tells of."""

    delivery_id: str
    about: str
    attempts: int
    age: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRetried(Event):
    """An attempt failed and is made again after `wait`. `reason` is bounded (3xx, 4xx, 429, 5xx, timeout, …)."""

    delivery_id: str
    about: str
    reason: str
    message: str
    attempt: int
    wait: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookGivenUp(Event):
    """A delivery will not be sent any more: the receiver was never told."""

    delivery_id: str
    about: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookNotKept(Event):
    """What is pending can't be kept on disk: it is delivered all the same, unless the process ends before."""

    message: str
    what_to_do: str
