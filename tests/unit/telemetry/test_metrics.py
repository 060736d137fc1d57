"""The metrics of a process as they are scraped."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from producer import events
from producer.model.coverage import Hole
from producer.telemetry import names
from producer.telemetry.metrics import MOST_VALUES
from tests.support.happenings import NOON, SECOND, hole, one_of_each
from tests.support.series import OF, SOURCE, metrics_of, scraped, series

OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


def test_label_sets_are_there_from_the_start_for_every_source() -> None:
    at_start = series(metrics_of(sources=("emea", "us")))
    for source in ("emea", "us"):
        per_source = {name: value for name, value in at_start.items() if f"source={source}" in name}
        with_value = {name: value for name, value in per_source.items() if value != 0 and not math.isnan(value)}
        assert with_value == {f"breaker_state{{source={source},state=closed}}": 1}
        labelled = {name.partition("{")[0] for name in per_source}
        expected = {name for metric in names.ALL if metric.per_source for name in scraped(metric)}
        assert labelled == expected
    assert sum("source=" not in name for name in at_start) == 17


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


def test_two_in_one_process_share_nothing() -> None:
    counted, untouched = metrics_of(events.RateLimitHit(wait=SECOND, learned=1, request_id="r")), metrics_of()
    assert series(counted)[f"rate_limited_total{{{OF}}}"] == 1
    assert series(untouched)[f"rate_limited_total{{{OF}}}"] == 0


def test_the_version_is_told() -> None:
    assert series(metrics_of())["build_info{version=1.2.3}"] == 1
