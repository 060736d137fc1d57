"""Which series each event feeds."""

from __future__ import annotations

import pytest

from producer import events
from producer.model.outcome import Drift
from producer.model.reads import Read, ReadKind
from producer.telemetry import names
from tests.support.happenings import NOON, SECOND, hole, one_of_each, read, read_end, reread
from tests.support.series import HEAD, OF, SOURCE, Series, changes, metrics_of, scraped, series

FED: list[tuple[events.Event, Series]] = [
    (
        events.RequestFinished(source=SOURCE, endpoint="query", status=200, took=SECOND, request_id="r"),
        {
            f"http_requests_total{{endpoint=query,{OF},status=2xx}}": 1,
            f"http_request_duration_seconds_count{{endpoint=query,{OF}}}": 1,
            f"http_request_duration_seconds_sum{{endpoint=query,{OF}}}": 1,
        },
    ),
    (
        events.RequestFinished(source=SOURCE, endpoint="query", status=429, took=SECOND, request_id="r"),
        {
            f"http_requests_total{{endpoint=query,{OF},status=429}}": 1,
            f"http_request_duration_seconds_count{{endpoint=query,{OF}}}": 1,
            f"http_request_duration_seconds_sum{{endpoint=query,{OF}}}": 1,
            f"page_attempts_total{{outcome=failed,{OF}}}": 1,
        },
    ),
    (
        events.RequestFinished(
            source=SOURCE, endpoint="token", status=None, took=SECOND, request_id="r", failure="timeout"
        ),
        {
            f"http_requests_total{{endpoint=token,{OF},status=error}}": 1,
            f"http_request_duration_seconds_count{{endpoint=token,{OF}}}": 1,
            f"http_request_duration_seconds_sum{{endpoint=token,{OF}}}": 1,
        },
    ),
    (
        events.RequestRetried(source=SOURCE, endpoint="query", reason="5xx", attempt=1, wait=SECOND, request_id="r"),
        {f"http_retries_total{{reason=5xx,{OF}}}": 1},
    ),
    (
        events.RateLimitHit(source=SOURCE, wait=SECOND, learned=200, request_id="r"),
        {f"rate_limited_total{{{OF}}}": 1},
    ),
    (
        events.LimiterMeasured(source=SOURCE, cap=270, learned=200, used=30),
        {
            f"rate_limit_requests{{kind=cap,{OF}}}": 270,
            f"rate_limit_requests{{kind=learned,{OF}}}": 200,
            f"rate_limit_requests{{kind=used,{OF}}}": 30,
        },
    ),
    (
        events.TokenRefreshed(source=SOURCE, expires_at=NOON),
        {
            f"token_refreshes_total{{outcome=success,{OF}}}": 1,
            f"token_expiry_timestamp_seconds{{{OF}}}": NOON.timestamp(),
        },
    ),
    (events.TokenRefused(source=SOURCE, reason="x"), {f"token_refreshes_total{{outcome=refused,{OF}}}": 1}),
    (
        events.BreakerChanged(source=SOURCE, state="half_open"),
        {f"breaker_state{{{OF},state=closed}}": -1, f"breaker_state{{{OF},state=half_open}}": 1},
    ),
    (events.ClockSkewMeasured(source=SOURCE, skew=-2 * SECOND), {f"clock_skew_seconds{{{OF}}}": -2}),
    (
        events.PageFetched(source=SOURCE, read=read(), number=1, conversations=100, size=9),
        {f"pages_fetched_total{{{HEAD}}}": 1, f"page_attempts_total{{outcome=success,{OF}}}": 1},
    ),
    (
        events.PageFetched(source=SOURCE, read=read(), number=2, conversations=0, size=9),
        {f"pages_fetched_total{{{HEAD}}}": 1, f"page_attempts_total{{outcome=empty,{OF}}}": 1},
    ),
    (
        events.ReadCompleted(source=SOURCE, read=read(), end=read_end(), took=3 * SECOND, records=9),
        {
            f"windows_total{{{HEAD},verdict=complete}}": 1,
            f"window_duration_seconds_count{{{HEAD}}}": 1,
            f"window_duration_seconds_sum{{{HEAD}}}": 3,
        },
    ),
    (
        events.ReadCompleted(
            source=SOURCE,
            read=Read(request_id="r", kind=ReadKind.HEAD, ids=("a",)),
            end=read_end(),
            took=SECOND,
            records=1,
        ),
        {},
    ),
    (
        events.ReadFailed(
            source=SOURCE,
            read=Read(request_id="r", kind=ReadKind.HEAD, ids=("a",)),
            error="E",
            message="m",
            what_to_do="w",
        ),
        {},
    ),
    (
        events.ReadFailed(source=SOURCE, read=read(), error="E", message="m", what_to_do="w"),
        {f"windows_total{{{HEAD},verdict=failed}}": 1},
    ),
    (
        events.PageCompared(
            source=SOURCE,
            read=read(),
            number=1,
            new=60,
            changed=30,
            unchanged=20,
            stale=4,
            regressed=3,
            dead_letters={"no_id": 2, "too_large": 1},
            freshness=(35.0, 42.0),
            drift=(Drift("$.a", "field"), Drift("$.b", "field"), Drift("$.c", "type")),
        ),
        {
            f"records_produced_total{{change=new,{HEAD}}}": 60,
            f"records_produced_total{{change=changed,{HEAD}}}": 30,
            f"records_unchanged_total{{{HEAD}}}": 20,
            f"records_stale_total{{{OF}}}": 4,
            f"regressions_total{{{OF}}}": 3,
            f"dead_letters_total{{reason=no_id,{OF}}}": 2,
            f"dead_letters_total{{reason=too_large,{OF}}}": 1,
            f"schema_drift_total{{kind=field,{OF}}}": 2,
            f"schema_drift_total{{kind=type,{OF}}}": 1,
            f"record_freshness_seconds_count{{{OF}}}": 2,
            f"record_freshness_seconds_sum{{{OF}}}": 77,
        },
    ),
    (
        events.PageCompared(
            source=SOURCE,
            read=Read(request_id="r", kind=ReadKind.WATCH, ids=("a",)),
            number=1,
            changed=1,
            dead_letters={},
            freshness=(90_000.0,),
        ),
        {
            f"records_produced_total{{change=changed,read=watch,{OF}}}": 1,
            f"late_arrival_seconds_count{{read=watch,{OF}}}": 1,
            f"late_arrival_seconds_sum{{read=watch,{OF}}}": 90_000,
        },
    ),
    (
        events.PageCompared(
            source=SOURCE,
            read=reread(2),
            number=1,
            new=2,
            changed=1,
            unchanged=97,
            dead_letters={},
            freshness=(1_000.0, 2_000.0, 3_000.0),
        ),
        {
            f"records_produced_total{{change=new,read=reread,{OF}}}": 2,
            f"records_produced_total{{change=changed,read=reread,{OF}}}": 1,
            f"records_unchanged_total{{read=reread,{OF}}}": 97,
            f"late_arrival_seconds_count{{read=reread,{OF}}}": 3,
            f"late_arrival_seconds_sum{{read=reread,{OF}}}": 6_000,
            f"tier_records_total{{{OF},tier=2}}": 3,
        },
    ),
    (
        events.PageCompared(
            source=SOURCE,
            read=Read(request_id="r", kind=ReadKind.BACKFILL, slice=read().slice),
            number=1,
            new=1,
            dead_letters={},
            freshness=(9e6,),  # old on purpose, not late
        ),
        {f"records_produced_total{{change=new,read=backfill,{OF}}}": 1},
    ),
    (
        events.PageCompared(
            source=SOURCE,
            read=Read(request_id="r", kind=ReadKind.WATCH, slice=read().slice),
            number=1,
            new=1,
            dead_letters={},
            freshness=(9e6,),  # adopted at the first start, not late
        ),
        {f"records_produced_total{{change=new,read=watch,{OF}}}": 1},
    ),
    (
        events.PageFetched(source=SOURCE, read=reread(2), number=1, conversations=100, size=9),
        {
            f"pages_fetched_total{{read=reread,{OF}}}": 1,
            f"page_attempts_total{{outcome=success,{OF}}}": 1,
            f"tier_pages_total{{{OF},tier=2}}": 1,
        },
    ),
    (
        events.WatchMeasured(source=SOURCE, watched=120, open=340, lateness=90 * SECOND),
        {
            f"watched_conversations{{{OF}}}": 120,
            f"open_conversations{{{OF}}}": 340,
            f"watch_lateness_seconds{{{OF}}}": 90,
        },
    ),
    (
        events.NamesMeasured(source=SOURCE, known=40, unknown=2, wanted=3),
        {
            f"directory_ids{{{OF},state=known}}": 40,
            f"directory_ids{{{OF},state=unknown}}": 2,
            f"directory_ids{{{OF},state=wanted}}": 3,
        },
    ),
    (
        events.NamesUnavailable(
            source=SOURCE, kind="queue", reason="PermissionMissing", message="", what_to_do="", wait=SECOND
        ),
        {f"directory_failures_total{{kind=queue,{OF}}}": 1},
    ),
    (
        events.BudgetShared(source=SOURCE, read="watch", share=0.05),
        {f"rate_budget_share_ratio{{read=watch,{OF}}}": 0.05},
    ),
    (
        events.BatchDiscarded(source=SOURCE, reason="Fenced", message="m", what_to_do="w"),
        {f"transactions_total{{outcome=discarded,{OF}}}": 1, f"kafka_discards_total{{reason=Fenced,{OF}}}": 1},
    ),
    (events.LaneFenced(source=SOURCE, message="m"), {f"fenced_total{{{OF}}}": 1}),
    (
        events.LaneRestored(took=2 * SECOND, conversations=7, checkpoint=None),
        {
            "lanes_owned{}": 1,
            f"restore_duration_seconds{{{OF}}}": 2,
            f"tracked_conversations{{{OF}}}": 7,
        },
    ),
    (
        events.CoverageMeasured(
            source=SOURCE, head=NOON, final=NOON, uncovered=SECOND, holes=(hole(), hole()), clock=NOON
        ),
        {
            f"watermark_timestamp_seconds{{kind=head,{OF}}}": NOON.timestamp(),
            f"watermark_timestamp_seconds{{kind=final,{OF}}}": NOON.timestamp(),
            f"uncovered_seconds{{{OF}}}": 1,
            f"holes{{{OF},tier=0}}": 2,
            f"oldest_hole_timestamp_seconds{{{OF}}}": hole().start.timestamp(),
        },
    ),
    (
        events.WebhookDelivered(source=SOURCE, delivery_id="d", about="a", attempts=2, age=SECOND),
        {f"webhook_deliveries_total{{outcome=delivered,{OF}}}": 1},
    ),
    (
        events.WebhookRetried(
            source=SOURCE, delivery_id="d", about="a", reason="5xx", message="m", attempt=1, wait=SECOND
        ),
        {f"webhook_deliveries_total{{outcome=retried,{OF}}}": 1},
    ),
    (
        events.WebhookGivenUp(source=SOURCE, delivery_id="d", about="a", reason="full", message="m"),
        {f"webhook_deliveries_total{{outcome=given_up,{OF}}}": 1},
    ),
    (events.LoopLagMeasured(lag=SECOND), {"event_loop_lag_seconds_count{}": 1, "event_loop_lag_seconds_sum{}": 1}),
    (
        events.ServiceStarted(run_id="r", version="1", settings={"kafka.bootstrap_servers": "a:1"}),
        {"config_info{kafka_bootstrap_servers=a:1}": 1},
    ),
]


@pytest.mark.parametrize(("event", "expected"), FED, ids=lambda value: type(value).__name__)
def test_an_event_feeds_exactly_these_series(event: events.Event, expected: Series) -> None:
    assert changes(event) == expected


def test_a_commit_feeds_the_transaction_metrics() -> None:
    committed = next(event for event in one_of_each("x") if isinstance(event, events.BatchCommitted))
    assert changes(committed) == {
        f"transactions_total{{outcome=committed,{OF}}}": 1,
        f"transaction_duration_seconds_count{{{OF}}}": 1,
        f"transaction_duration_seconds_sum{{{OF}}}": 1,
        f"transaction_records_count{{{OF}}}": 1,
        f"transaction_records_sum{{{OF}}}": 150,
        f"tracked_conversations{{{OF}}}": 999,
    }


def test_no_metric_is_dead() -> None:
    fed = {name.partition("{")[0] for event, _ in FED for name in changes(event)}
    fed |= {name.partition("{")[0] for event in one_of_each("x") for name in changes(event)}
    unfed = {metric.name for metric in names.ALL if not fed & set(scraped(metric))}
    sampled = {"build", "clock_timestamp_seconds", "not_ready", "observer_failures_total"}  # by a scrape, not by events
    assert unfed == sampled


def test_an_event_without_a_source_belongs_to_the_only_one() -> None:
    token = events.TokenRefused(reason="x")
    assert series(metrics_of(token))[f"token_refreshes_total{{outcome=refused,{OF}}}"] == 1
    several = series(metrics_of(token, sources=("emea", "us")))
    assert several["token_refreshes_total{outcome=refused,source=}"] == 1
