"""Which metrics each event feeds: one table from the type of an event to what it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from producer import events
from producer.model.reads import ReadKind
from producer.telemetry import names
from producer.telemetry.late import comes_back
from producer.telemetry.metrics import Metrics

_PAGE_ENDPOINTS = frozenset({"query", "by_id"})


def feed(metrics: Metrics, event: events.Event) -> None:
    """Count what the event says; events that no metric is made of are passed over."""
    count = FEEDS.get(type(event))
    if count is not None:
        count(metrics, event)


def _status(event: events.RequestFinished) -> str:
    if event.status is None:
        return "error"
    if event.status == 429:  # noqa: PLR2004  # the one status with a life of its own
        return "429"
    family = f"{event.status // 100}xx"
    return family if family in {"2xx", "4xx", "5xx"} else "error"


def _request_finished(metrics: Metrics, event: events.RequestFinished) -> None:
    status = _status(event)
    metrics.count(names.HTTP_REQUESTS, event, endpoint=event.endpoint, status=status)
    metrics.record(names.HTTP_REQUEST_DURATION, event, [event.took.total_seconds()], endpoint=event.endpoint)
    if event.endpoint in _PAGE_ENDPOINTS and (status != "2xx" or event.failure):
        metrics.count(names.PAGE_ATTEMPTS, event, outcome="failed")


def _request_retried(metrics: Metrics, event: events.RequestRetried) -> None:
    metrics.count(names.HTTP_RETRIES, event, reason=event.reason)


def _rate_limit_hit(metrics: Metrics, event: events.RateLimitHit) -> None:
    metrics.count(names.RATE_LIMITED, event)


def _limiter_measured(metrics: Metrics, event: events.LimiterMeasured) -> None:
    learned = names.NO_VALUE if event.learned is None else event.learned
    metrics.put(names.RATE_LIMIT_REQUESTS, event, event.cap, kind="cap")
    metrics.put(names.RATE_LIMIT_REQUESTS, event, learned, kind="learned")
    metrics.put(names.RATE_LIMIT_REQUESTS, event, event.used, kind="used")


def _budget_shared(metrics: Metrics, event: events.BudgetShared) -> None:
    metrics.put(names.RATE_BUDGET_SHARE, event, event.share, read=event.read)


def _token_refreshed(metrics: Metrics, event: events.TokenRefreshed) -> None:
    metrics.count(names.TOKEN_REFRESHES, event, outcome="success")
    metrics.put(names.TOKEN_EXPIRY, event, event.expires_at.timestamp())


def _token_refused(metrics: Metrics, event: events.TokenRefused) -> None:
    metrics.count(names.TOKEN_REFRESHES, event, outcome="refused")


def _breaker_changed(metrics: Metrics, event: events.BreakerChanged) -> None:
    for state in names.BREAKER_STATE.labels[0].values:
        metrics.put(names.BREAKER_STATE, event, state == event.state, state=state)


def _clock_skew_measured(metrics: Metrics, event: events.ClockSkewMeasured) -> None:
    metrics.put(names.CLOCK_SKEW, event, event.skew.total_seconds())


def _page_fetched(metrics: Metrics, event: events.PageFetched) -> None:
    metrics.count(names.PAGES_FETCHED, event, read=event.read.kind.value)
    metrics.count(names.PAGE_ATTEMPTS, event, outcome="success" if event.conversations else "empty")
    if event.read.kind is ReadKind.REREAD:
        metrics.count(names.TIER_PAGES, event, tier=str(event.read.tier))


def _read_completed(metrics: Metrics, event: events.ReadCompleted) -> None:
    if event.read.slice is None:
        return
    read = event.read.kind.value
    metrics.count(names.WINDOWS, event, read=read, verdict=event.end.verdict.value)
    metrics.record(names.WINDOW_DURATION, event, [event.took.total_seconds()], read=read)


def _read_failed(metrics: Metrics, event: events.ReadFailed) -> None:
    if event.read.slice is not None:
        metrics.count(names.WINDOWS, event, read=event.read.kind.value, verdict="failed")


def _page_compared(metrics: Metrics, event: events.PageCompared) -> None:
    read = event.read.kind.value
    metrics.count(names.RECORDS_PRODUCED, event, event.new, read=read, change="new")
    metrics.count(names.RECORDS_PRODUCED, event, event.changed, read=read, change="changed")
    metrics.count(names.RECORDS_PRODUCED, event, event.named, read=read, change="named")
    metrics.count(names.RECORDS_UNCHANGED, event, event.unchanged, read=read)
    metrics.count(names.RECORDS_STALE, event, event.stale)
    metrics.count(names.REGRESSIONS, event, event.regressed)
    for kind, amount in Counter(each.kind for each in event.drift).items():
        metrics.count(names.SCHEMA_DRIFT, event, amount, kind=kind)
    for reason, amount in event.dead_letters.items():
        metrics.count(names.DEAD_LETTERS, event, amount, reason=reason)
    if event.read.kind is ReadKind.HEAD:
        metrics.record(names.RECORD_FRESHNESS, event, event.freshness)
    if comes_back(event.read):
        metrics.record(names.LATE_ARRIVAL, event, event.freshness, read=read)
    if event.read.kind is ReadKind.REREAD:
        metrics.count(names.TIER_RECORDS, event, event.new + event.changed, tier=str(event.read.tier))


def _names_measured(metrics: Metrics, event: events.NamesMeasured) -> None:
    metrics.put(names.DIRECTORY_IDS, event, event.known, state="known")
    metrics.put(names.DIRECTORY_IDS, event, event.unknown, state="unknown")
    metrics.put(names.DIRECTORY_IDS, event, event.wanted, state="wanted")


def _names_unavailable(metrics: Metrics, event: events.NamesUnavailable) -> None:
    metrics.count(names.DIRECTORY_FAILURES, event, kind=event.kind)


def _watch_measured(metrics: Metrics, event: events.WatchMeasured) -> None:
    metrics.put(names.WATCHED_CONVERSATIONS, event, event.watched)
    metrics.put(names.OPEN_CONVERSATIONS, event, event.open)
    metrics.put(names.WATCH_LATENESS, event, event.lateness.total_seconds())


def _batch_committed(metrics: Metrics, event: events.BatchCommitted) -> None:
    metrics.count(names.TRANSACTIONS, event, outcome="committed")
    metrics.record(names.TRANSACTION_DURATION, event, [event.took.total_seconds()])
    metrics.record(names.TRANSACTION_RECORDS, event, [event.records])
    metrics.put(names.TRACKED_CONVERSATIONS, event, event.tracked)


def _batch_discarded(metrics: Metrics, event: events.BatchDiscarded) -> None:
    metrics.count(names.TRANSACTIONS, event, outcome="discarded")
    metrics.count(names.KAFKA_DISCARDS, event, reason=event.reason)


def _lane_fenced(metrics: Metrics, event: events.LaneFenced) -> None:
    metrics.count(names.FENCED, event)
    metrics.put(names.LANES_OWNED, event, 0)


def _lane_restored(metrics: Metrics, event: events.LaneRestored) -> None:
    metrics.put(names.LANES_OWNED, event, 1)
    metrics.put(names.RESTORE_DURATION, event, event.took.total_seconds())
    metrics.put(names.TRACKED_CONVERSATIONS, event, event.conversations)


def _coverage_measured(metrics: Metrics, event: events.CoverageMeasured) -> None:
    metrics.put(names.WATERMARK, event, event.head.timestamp(), kind="head")
    metrics.put(names.WATERMARK, event, event.final.timestamp(), kind="final")
    tiers = Counter(str(hole.tier) for hole in event.holes)
    for tier in {*metrics.values_of(names.HOLES, "tier"), *tiers}:
        metrics.put(names.HOLES, event, tiers[tier], tier=tier)
    oldest = min((hole.start.timestamp() for hole in event.holes), default=names.NO_VALUE)
    metrics.put(names.OLDEST_HOLE, event, oldest)
    metrics.remember(event)


def _webhook_delivered(metrics: Metrics, event: events.WebhookDelivered) -> None:
    metrics.count(names.WEBHOOK_DELIVERIES, event, outcome="delivered")


def _webhook_retried(metrics: Metrics, event: events.WebhookRetried) -> None:
    metrics.count(names.WEBHOOK_DELIVERIES, event, outcome="retried")


def _webhook_given_up(metrics: Metrics, event: events.WebhookGivenUp) -> None:
    metrics.count(names.WEBHOOK_DELIVERIES, event, outcome="given_up")


def _loop_lag_measured(metrics: Metrics, event: events.LoopLagMeasured) -> None:
    metrics.record(names.EVENT_LOOP_LAG, event, [event.lag.total_seconds()])


def _service_started(metrics: Metrics, event: events.ServiceStarted) -> None:
    metrics.describe(names.CONFIG, event.settings)


FEEDS: Mapping[type[events.Event], Callable[[Metrics, Any], None]] = {
    events.ServiceStarted: _service_started,
    events.LoopLagMeasured: _loop_lag_measured,
    events.RequestFinished: _request_finished,
    events.RequestRetried: _request_retried,
    events.RateLimitHit: _rate_limit_hit,
    events.LimiterMeasured: _limiter_measured,
    events.BudgetShared: _budget_shared,
    events.TokenRefreshed: _token_refreshed,
    events.TokenRefused: _token_refused,
    events.BreakerChanged: _breaker_changed,
    events.ClockSkewMeasured: _clock_skew_measured,
    events.WatchMeasured: _watch_measured,
    events.NamesMeasured: _names_measured,
    events.NamesUnavailable: _names_unavailable,
    events.PageFetched: _page_fetched,
    events.ReadCompleted: _read_completed,
    events.ReadFailed: _read_failed,
    events.PageCompared: _page_compared,
    events.BatchCommitted: _batch_committed,
    events.BatchDiscarded: _batch_discarded,
    events.LaneFenced: _lane_fenced,
    events.LaneRestored: _lane_restored,
    events.CoverageMeasured: _coverage_measured,
    events.WebhookDelivered: _webhook_delivered,
    events.WebhookRetried: _webhook_retried,
    events.WebhookGivenUp: _webhook_given_up,
}
"""What each event feeds; the rest are for logs, health and history only."""
