"""The series of a scrape, and how events change them."""

from __future__ import annotations

import math
from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families as parse_text

from producer import events
from producer.telemetry import names
from producer.telemetry.feeds import feed
from producer.telemetry.metrics import Metrics
from producer.telemetry.names import Kind
from producer.telemetry.redaction import Redactor
from tests.support.happenings import NOON

Series = dict[str, float]
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


def scraped(metric: names.Metric) -> list[str]:
    """The names of its series in a scrape, without buckets."""
    if metric.kind is Kind.HISTOGRAM:
        return [f"{metric.name}_count", f"{metric.name}_sum"]
    if metric.kind is Kind.INFO:
        return [f"{metric.name}_info"]
    return [metric.name]
