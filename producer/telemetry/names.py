"""Every metric of the product, as data: name, meaning, labels and the label values that exist from the start.

The only place where a metric name stands; dashboards, rules and the generated reference are made from this table. A
metric is listed when something feeds it, not before.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

from producer import errors

PREFIX = "genesys_producer_"
SOURCE = "source"

WATCH = "watch"
READS = ("head", WATCH, "reread", "backfill")
"""The kinds of reads that this version makes; label values appear from the start for these."""
LATE_READS = (WATCH, "reread")
"""The reads that come back to what was read before: what they find was late."""
TIERS = ("1", "2", "3", "4")
"""The re-reads that there are unless the settings say otherwise."""

LATE_BUCKETS = (60, 300, 900, 3600, 7200, 21600, 43200, 86400, 172800, 691200, 1382400, 2592000)
"""Seconds: from a minute to 30 days, the default ages of the re-reads among them."""

NO_VALUE = math.nan
"""A gauge that has nothing to say: a rule that compares it stays silent, where 0 would say 1970 or "none left"."""


class Kind(enum.Enum):
    """How a metric behaves."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Label:
    """A label and the values it has from the start; none when they are found while running (still bounded)."""

    name: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric family. `per_source` adds the label `source`; `initial` is a gauge's value before it is measured."""

    kind: Kind
    name: str
    help: str
    labels: tuple[Label, ...] = ()
    buckets: tuple[float, ...] = ()
    per_source: bool = True
    initial: float = 0.0

    @property
    def full_name(self) -> str:
        """The name as it is scraped."""
        return PREFIX + self.name


def _counter(name: str, meaning: str, *labels: Label) -> Metric:
    return Metric(kind=Kind.COUNTER, name=name, help=meaning, labels=labels)


def _gauge(name: str, meaning: str, *labels: Label, initial: float = 0.0) -> Metric:
    return Metric(kind=Kind.GAUGE, name=name, help=meaning, labels=labels, initial=initial)


def _histogram(name: str, meaning: str, *labels: Label, buckets: tuple[float, ...]) -> Metric:
    return Metric(kind=Kind.HISTOGRAM, name=name, help=meaning, labels=labels, buckets=buckets)


_READ = Label("read", READS)
_OF_WINDOWS = Label("read", tuple(read for read in READS if read != WATCH))
_TIER = Label("tier", TIERS)
_ENDPOINT = Label("endpoint", ("query", "by_id", "directory", "token", "organisation"))

# --- reads ----------------------------------------------------------------------------------------------------------

PAGES_FETCHED = _counter("pages_fetched_total", "Pages that arrived whole.", _READ)
PAGE_ATTEMPTS = _counter(
    "page_attempts_total",
    "Requests for a page, by outcome.",
    Label("outcome", ("success", "empty", "failed")),
)
WINDOWS = _counter(
    "windows_total",
    "Windows read, by verdict; failed when a read did not end.",
    _OF_WINDOWS,
    Label("verdict", ("complete", "provisional", "short", "cursor-end", "failed")),
)
WINDOW_DURATION = _histogram(
    "window_duration_seconds",
    "Product time from the start of a window's read to the commit of its last record.",
    _OF_WINDOWS,
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900),
)
TIER_PAGES = _counter("tier_pages_total", "Pages that the re-reads of a tier took.", _TIER)
TIER_RECORDS = _counter("tier_records_total", "Conversation records that the re-reads of a tier found.", _TIER)
WATCHED_CONVERSATIONS = _gauge("watched_conversations", "Conversations that are asked for by id.")
WATCH_LATENESS = _gauge("watch_lateness_seconds", "For how long the oldest due conversation of the watch has waited.")

# --- records --------------------------------------------------------------------------------------------------------

RECORDS_PRODUCED = _counter(
    "records_produced_total", "Conversation records committed.", _READ, Label("change", ("new", "changed", "named"))
)
RECORDS_UNCHANGED = _counter("records_unchanged_total", "Conversations read again without a change.", _READ)
RECORDS_STALE = _counter("records_stale_total", "Answers older than what is known; dropped.")
REGRESSIONS = _counter("regressions_total", "Answers that look older than what is known; read again before use.")
DEAD_LETTERS = _counter(
    "dead_letters_total",
    "Conversations sent to the dead letters.",
    Label("reason", ("not_json", "wrong_shape", "no_id", "malformed_instant", "does_not_fit", "too_large")),
)
SCHEMA_DRIFT = _counter(
    "schema_drift_total",
    "Places where content drifts off the schema: a field it does not know or another type (kept in extras), an end"
    " before the start (no duration).",
    Label("kind", ("field", "type", "duration")),
)
RECORD_FRESHNESS = _histogram(
    "record_freshness_seconds",
    "Head only: commit minus the newest instant in the content of a record.",
    buckets=(1, 2.5, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1800, 3600, 21600, 86400),
)
LATE_ARRIVAL = _histogram(
    "late_arrival_seconds",
    "Watch and re-reads: commit minus the newest instant in the content of a record, so how late it was found.",
    Label("read", LATE_READS),
    buckets=LATE_BUCKETS,
)
OPEN_CONVERSATIONS = _gauge("open_conversations", "Conversations that are open, as far as is known.")
TRACKED_CONVERSATIONS = _gauge("tracked_conversations", "Conversations whose state is remembered.")

# --- the API --------------------------------------------------------------------------------------------------------

HTTP_REQUESTS = _counter(
    "http_requests_total",
    "HTTP exchanges with Genesys Cloud; error when there was no usable answer.",
    _ENDPOINT,
    Label("status", ("2xx", "4xx", "429", "5xx", "error")),
)
HTTP_REQUEST_DURATION = _histogram(
    "http_request_duration_seconds",
    "Real time of an HTTP exchange, body included.",
    _ENDPOINT,
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
HTTP_RETRIES = _counter(
    "http_retries_total",
    "Requests made again, by reason.",
    Label("reason", ("429", "5xx", "timeout", "connection", "body", "401")),
)
RATE_LIMIT_REQUESTS = _gauge(
    "rate_limit_requests",
    "Requests per minute: the cap in force, the cap learned from 429s (NaN: none), the places in use.",
    Label("kind", ("cap", "learned", "used")),
    initial=NO_VALUE,
)
RATE_BUDGET_SHARE = _gauge(
    "rate_budget_share_ratio",
    "Share of the budget that a kind of read is guaranteed, whatever the others need.",
    Label("read", (*READS, "directory")),
)
RATE_LIMITED = _counter("rate_limited_total", "Answers 429.")
TOKEN_REFRESHES = _counter("token_refreshes_total", "Tokens asked for.", Label("outcome", ("success", "refused")))
TOKEN_EXPIRY = _gauge("token_expiry_timestamp_seconds", "Product time at which the token expires.", initial=NO_VALUE)
BREAKER_STATE = _gauge(
    "breaker_state", "1 for the state the circuit breaker is in.", Label("state", ("closed", "open", "half_open"))
)
CLOCK_SKEW = _gauge("clock_skew_seconds", "The server's Date minus the product clock.")

DIRECTORY_IDS = _gauge(
    "directory_ids",
    "Ids of queues, wrap-up codes, users, divisions: with a known name, unknown to the API, waiting to be looked up.",
    Label("state", ("known", "unknown", "wanted")),
)
DIRECTORY_FAILURES = _counter(
    "directory_failures_total", "Look-ups of names that failed.", Label("kind", ("queue", "wrapup", "user", "division"))
)

# --- coverage -------------------------------------------------------------------------------------------------------

WATERMARK = _gauge(
    "watermark_timestamp_seconds",
    "Up to where everything that started is on the topic.",
    Label("kind", ("head", "final")),
    initial=NO_VALUE,
)
UNCOVERED = _gauge("uncovered_seconds", "Time that is due and not covered, accepted losses excluded.")
HOLES = _gauge("holes", "Due intervals that could not be read.", Label("tier", ("0",)))
OLDEST_HOLE = _gauge(
    "oldest_hole_timestamp_seconds", "Start of the oldest hole; NaN when there is none.", initial=NO_VALUE
)

# --- the topic ------------------------------------------------------------------------------------------------------

TRANSACTIONS = _counter("transactions_total", "Kafka transactions.", Label("outcome", ("committed", "discarded")))
TRANSACTION_DURATION = _histogram(
    "transaction_duration_seconds",
    "Real time from begin to commit.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
TRANSACTION_RECORDS = _histogram(
    "transaction_records",
    "Records in a committed transaction: conversations, dead letters, audit and watermark; states come on top.",
    buckets=(1, 10, 50, 100, 250, 500, 1000, 2500, 5000),
)
KAFKA_DISCARDS = _counter(
    "kafka_discards_total",
    "Transactions given up, by reason.",
    Label("reason", tuple(kind.__name__ for kind in (errors.SinkUnavailable, errors.SinkRefused, errors.Fenced))),
)
FENCED = _counter("fenced_total", "Times another instance took the lane over.")
RESTORE_DURATION = _gauge("restore_duration_seconds", "Real time that the last restore took.")

# --- the webhook ----------------------------------------------------------------------------------------------------

WEBHOOK_DELIVERIES = _counter(
    "webhook_deliveries_total",
    "Attempts to deliver to the webhook: delivered, failed and to be retried, or given up (the receiver was not told).",
    Label("outcome", ("delivered", "retried", "given_up")),
)

# --- the process ----------------------------------------------------------------------------------------------------

LANES_OWNED = Metric(kind=Kind.GAUGE, name="lanes_owned", help="Lanes that this process writes.", per_source=False)
NOT_READY = Metric(
    kind=Kind.GAUGE,
    name="not_ready",
    help="1 for each reason why the process is not ready.",
    labels=(Label("reason", ("restoring", "fenced", "broker", "credentials", "source", "breaker", "stopping")),),
    per_source=False,
)
CLOCK = Metric(
    kind=Kind.GAUGE,
    name="clock_timestamp_seconds",
    help="The product clock: subtract it instead of time(), which is wrong under virtual time.",
    per_source=False,
)
EVENT_LOOP_LAG = Metric(
    kind=Kind.HISTOGRAM,
    name="event_loop_lag_seconds",
    help="How late the event loop was at each heartbeat.",
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    per_source=False,
)
OBSERVER_FAILURES = Metric(
    kind=Kind.COUNTER,
    name="observer_failures_total",
    help="Events that a part of telemetry failed on: a log that can't be written, else a defect of this program.",
    labels=(Label("listener", ("metrics", "health", "history", "logs")),),
    per_source=False,
)
BUILD = Metric(kind=Kind.INFO, name="build", help="The version that runs.", per_source=False)
CONFIG = Metric(kind=Kind.INFO, name="config", help="The settings in force, without secrets.", per_source=False)

ALL = (
    *(PAGES_FETCHED, PAGE_ATTEMPTS, WINDOWS, WINDOW_DURATION, TIER_PAGES, TIER_RECORDS),
    *(WATCHED_CONVERSATIONS, WATCH_LATENESS),
    *(RECORDS_PRODUCED, RECORDS_UNCHANGED, RECORDS_STALE, REGRESSIONS, DEAD_LETTERS, SCHEMA_DRIFT),
    *(RECORD_FRESHNESS, LATE_ARRIVAL, OPEN_CONVERSATIONS, TRACKED_CONVERSATIONS),
    *(HTTP_REQUESTS, HTTP_REQUEST_DURATION, HTTP_RETRIES, RATE_LIMIT_REQUESTS, RATE_BUDGET_SHARE, RATE_LIMITED),
    *(TOKEN_REFRESHES, TOKEN_EXPIRY, BREAKER_STATE, CLOCK_SKEW, DIRECTORY_IDS, DIRECTORY_FAILURES),
    *(WATERMARK, UNCOVERED, HOLES, OLDEST_HOLE),
    *(TRANSACTIONS, TRANSACTION_DURATION, TRANSACTION_RECORDS, KAFKA_DISCARDS, FENCED, RESTORE_DURATION),
    WEBHOOK_DELIVERIES,
    *(LANES_OWNED, NOT_READY, CLOCK, EVENT_LOOP_LAG, OBSERVER_FAILURES, BUILD, CONFIG),
)
"""All of them, in the order of the reference."""
