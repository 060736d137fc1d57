from __future__ import annotations

import math
from datetime import timedelta

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as parse_text

from producer import events
from producer.model.coverage import Hole
from producer.model.outcome import Drift
from producer.model.reads import Read, ReadKind
from producer.telemetry import names
from producer.telemetry.feeds import feed
from producer.telemetry.metrics import MOST_VALUES, Metrics
from producer.telemetry.names import Kind
from producer.telemetry.redaction import Redactor
from tests.support.happenings import NOON, SECOND, hole, one_of_each, read, read_end, reread

Series = dict[str, float]
OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
SOURCE = "default"


def metrics_of(*told: events.Event, sources: tuple[str, ...] = (SOURCE,)) -> Metrics:
    metrics = Metrics(sources=sources, version="1.2.3", redactor=Redactor())
    for event in told:
        feed(metrics, event)
    return metrics


def series(metrics: Metrics, *, now: timedelta = timedelta(0)) -> Series:
    """All series of the product without their prefix, the buckets of histograms left out."""
    found: Series = {}
    for family in parse_text(metrics.text(now=NOON + now)):
        for sample in family.samples:
            if not sample.name.startswith(names.PREFIX) or "le" in sample.labels:
                continue
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name.removeprefix(names.PREFIX)}{{{labels}}}"] = sample.value
    return found


def changes(*told: events.Event) -> Series:
    """What events changed, as differences; a gauge that had no value shows its new one."""
    before, after = series(metrics_of()), series(metrics_of(*told))
    moved = {name: value for name, value in after.items() if name not in before or not _same(value, before[name])}
    return {name: value - _known(before.get(name, 0.0)) for name, value in moved.items()}


def _same(value: float, other: float) -> bool:
    return value == other or (math.isnan(value) and math.isnan(other))


def _known(value: float) -> float:
    return 0.0 if math.isnan(value) else value


HEAD = f"read=head,source={SOURCE}"
OF = f"source={SOURCE}"

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


def test_label_sets_are_there_from_the_start_for_every_source() -> None:
    at_start = series(metrics_of(sources=("emea", "us")))
    for source in ("emea", "us"):
        per_source = {name: value for name, value in at_start.items() if f"source={source}" in name}
        with_value = {name: value for name, value in per_source.items() if value != 0 and not math.isnan(value)}
        assert with_value == {f"breaker_state{{source={source},state=closed}}": 1}
        labelled = {name.partition("{")[0] for name in per_source}
        expected = {name for metric in names.ALL if metric.per_source for name in _scraped(metric)}
        assert labelled == expected
    assert sum("source=" not in name for name in at_start) == 17


def _scraped(metric: names.Metric) -> list[str]:
    if metric.kind is Kind.HISTOGRAM:
        return [f"{metric.name}_count", f"{metric.name}_sum"]
    if metric.kind is Kind.INFO:
        return [f"{metric.name}_info"]
    return [metric.name]


def test_no_metric_is_dead() -> None:
    fed = {name.partition("{")[0] for event, _ in FED for name in changes(event)}
    fed |= {name.partition("{")[0] for event in one_of_each("x") for name in changes(event)}
    unfed = {metric.name for metric in names.ALL if not fed & set(_scraped(metric))}
    sampled = {"build", "clock_timestamp_seconds", "not_ready", "observer_failures_total"}  # by a scrape, not by events
    assert unfed == sampled


def test_every_metric_is_in_the_table_once() -> None:
    declared = [value for value in vars(names).values() if isinstance(value, names.Metric)]
    assert sorted(declared, key=lambda metric: metric.name) == sorted(names.ALL, key=lambda metric: metric.name)
    assert len({metric.name for metric in names.ALL}) == len(names.ALL)


@pytest.mark.parametrize("metric", names.ALL, ids=lambda metric: metric.name)
def test_names_follow_the_conventions(metric: names.Metric) -> None:
    assert metric.name.endswith("_total") is (metric.kind is Kind.COUNTER)
    assert metric.help.endswith(".")
    assert bool(metric.buckets) is (metric.kind is Kind.HISTOGRAM)
    assert list(metric.buckets) == sorted(set(metric.buckets))


def test_open_metrics_is_given_when_asked_for_and_parses() -> None:
    metrics = metrics_of(*one_of_each('odd "text" with \\ and \n'))
    body, content_type = metrics.render(OPEN_METRICS, now=NOON, not_ready={"broker"})
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    parsed = text_string_to_metric_families(body.decode())  # type: ignore[no-untyped-call]  # it publishes no types
    families = {family.name: family for family in parsed}
    not_ready = {sample.labels["reason"]: sample.value for sample in families[f"{names.PREFIX}not_ready"].samples}
    assert not_ready == dict.fromkeys(not_ready, 0.0) | {"broker": 1.0}
    assert {"process_cpu_seconds", "python_info", f"{names.PREFIX}build"} <= set(families)
    assert not [sample for family in families.values() for sample in family.samples if sample.name.endswith("_created")]


def test_an_odd_version_of_open_metrics_is_answered_with_ours() -> None:
    _, content_type = metrics_of().render("application/openmetrics-text;version=x", now=NOON, not_ready=())
    assert content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"


@pytest.mark.parametrize("accept", ["", "*/*", "text/html", "text/plain;version=x", ";;,"])
def test_any_other_accept_header_gives_the_text_format(accept: str) -> None:
    body, content_type = metrics_of().render(accept, now=NOON, not_ready=())
    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert b"# TYPE genesys_producer_pages_fetched_total counter" in body


def test_uncovered_time_grows_with_the_clock_although_nothing_measures_it() -> None:
    measured = events.CoverageMeasured(
        source=SOURCE, head=NOON - SECOND, final=NOON, uncovered=SECOND, holes=(), clock=NOON
    )
    assert series(metrics_of(measured), now=60 * SECOND)[f"uncovered_seconds{{{OF}}}"] == 61


def test_what_the_head_has_read_is_not_uncovered_when_it_comes_due() -> None:
    measured = events.CoverageMeasured(
        source=SOURCE, head=NOON, final=NOON, uncovered=timedelta(0), holes=(), clock=NOON, ahead=50 * SECOND
    )
    counted = [series(metrics_of(measured), now=each * SECOND)[f"uncovered_seconds{{{OF}}}"] for each in (40, 60)]
    assert counted == [0, 10]


def test_a_hole_that_closed_is_gone_from_the_gauges() -> None:
    def measured(*holes: Hole) -> events.CoverageMeasured:
        return events.CoverageMeasured(
            source=SOURCE, head=NOON, final=NOON, uncovered=timedelta(0), holes=holes, clock=NOON
        )

    after = series(metrics_of(measured(hole()), measured()))
    assert after[f"holes{{{OF},tier=0}}"] == 0
    assert math.isnan(after[f"oldest_hole_timestamp_seconds{{{OF}}}"])


def test_a_fenced_lane_is_not_ours() -> None:
    restored = events.LaneRestored(source=SOURCE, took=SECOND, conversations=1, checkpoint=None)
    assert series(metrics_of(restored, events.LaneFenced(source=SOURCE, message="m")))["lanes_owned{}"] == 0


def test_the_product_clock_is_sampled_at_the_scrape() -> None:
    assert series(metrics_of(), now=SECOND)["clock_timestamp_seconds{}"] == NOON.timestamp() + 1


def test_label_values_from_outside_are_bounded() -> None:
    retries = [
        events.RequestRetried(source=SOURCE, endpoint="query", reason=f"e{n}", attempt=1, wait=SECOND, request_id="r")
        for n in range(1000)
    ]
    found = {name: value for name, value in series(metrics_of(*retries)).items() if name.startswith("http_retries")}
    assert len(found) == MOST_VALUES + 1
    assert found[f"http_retries_total{{reason=other,{OF}}}"] == 1000 - (MOST_VALUES - 6)


def test_an_event_without_a_source_belongs_to_the_only_one() -> None:
    token = events.TokenRefused(reason="x")
    assert series(metrics_of(token))[f"token_refreshes_total{{outcome=refused,{OF}}}"] == 1
    several = series(metrics_of(token, sources=("emea", "us")))
    assert several["token_refreshes_total{outcome=refused,source=}"] == 1


def test_two_in_one_process_share_nothing() -> None:
    counted, untouched = metrics_of(events.RateLimitHit(wait=SECOND, learned=1, request_id="r")), metrics_of()
    assert series(counted)[f"rate_limited_total{{{OF}}}"] == 1
    assert series(untouched)[f"rate_limited_total{{{OF}}}"] == 0


def test_the_version_is_told() -> None:
    assert series(metrics_of())["build_info{version=1.2.3}"] == 1
