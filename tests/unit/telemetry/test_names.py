"""The table of metrics."""

from __future__ import annotations

import pytest

from producer.telemetry import names
from producer.telemetry.names import Kind


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
