"""All metrics of one process: the families of `names` with their values, and the scrape.

The registry belongs to the object, so two of them in one process share nothing. Label values are bounded: what exceeds
the bound is counted as `other`, so a surprise from outside can't grow the memory of the process or of Prometheus.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import product
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics import exposition as openmetrics

from producer import events
from producer.telemetry import names
from producer.telemetry.names import Kind, Metric
from producer.telemetry.redaction import Redactor
from producer.telemetry.uncovered import uncovered_at

OTHER = "other"
MOST_VALUES = 50
MOST_FACTS = 200
MOST_CHILDREN = 5000
LONGEST_VALUE = 200
_TEXT: tuple[Callable[..., bytes], str] = (generate_latest, CONTENT_TYPE_PLAIN_0_0_4)
_OPEN_METRICS: tuple[Callable[..., bytes], str] = (openmetrics.generate_latest, openmetrics.CONTENT_TYPE_LATEST)
_TYPES: Mapping[Kind, Callable[..., Any]] = {Kind.COUNTER: Counter, Kind.GAUGE: Gauge, Kind.INFO: Info}


class Metrics:
    """All metrics of one process. `feeds` fills them from events; `render` is one scrape."""

    def __init__(self, *, sources: Collection[str], version: str, redactor: Redactor) -> None:
        self._redactor = redactor
        self._sources = tuple(sources)
        self._registry = CollectorRegistry()
        self._families = {metric.name: _family(metric, self._registry) for metric in names.ALL}
        self._children: dict[tuple[str, ...], Any] = {}
        self._values: dict[tuple[str, str], set[str]] = {}
        self._coverage: dict[str, events.CoverageMeasured] = {}
        for metric in names.ALL:
            self._prepare(metric)
        for source in self._sources:  # a breaker begins closed
            self._child(names.BREAKER_STATE, source, {"state": "closed"}).set(1)
        self.describe(names.BUILD, {"version": version})
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)

    def render(self, accept: str, *, now: datetime, not_ready: Collection[str]) -> tuple[bytes, str]:
        """One scrape, as (body, content type): OpenMetrics when `accept` asks for it, else the text format."""
        self._sample(now, not_ready)
        wants_open_metrics = "application/openmetrics-text" in accept
        encode, content_type = _OPEN_METRICS if wants_open_metrics else _TEXT
        return encode(_WithoutCreated(self._registry)), content_type

    def text(self, *, now: datetime) -> str:
        """One scrape in the text format, for people and tests."""
        self._sample(now, ())
        return generate_latest(_WithoutCreated(self._registry)).decode()

    def count(self, metric: Metric, event: events.Event, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        child = self._child(metric, event.source, labels)
        if amount:
            child.inc(amount)

    def put(self, metric: Metric, event: events.Event, value: float, **labels: str) -> None:
        """Set a gauge."""
        self._child(metric, event.source, labels).set(value)

    def record(self, metric: Metric, event: events.Event, values: Iterable[float], **labels: str) -> None:
        """Add values to a histogram."""
        observe = self._child(metric, event.source, labels).observe
        for value in values:
            observe(value)

    def describe(self, metric: Metric, facts: Mapping[str, str]) -> None:
        """Set the labels of an info metric."""
        self._families[metric.name].info(
            {
                re.sub(r"\W", "_", self._redactor.text(name)): self._redactor.text(value)[:LONGEST_VALUE]
                for name, value in list(facts.items())[:MOST_FACTS]
            }
        )

    def values_of(self, metric: Metric, label: str) -> tuple[str, ...]:
        """The values that a label has had so far: a gauge of what is gone must go back to 0."""
        return tuple(sorted(self._values.get((metric.name, label), ())))

    def listener_failed(self, listener: str) -> None:
        """A part of telemetry failed on an event."""
        self._child(names.OBSERVER_FAILURES, "", {"listener": listener}).inc()

    def remember(self, event: events.CoverageMeasured) -> None:
        """Keep the last measurement of coverage, to be carried on to the time of a scrape."""
        self._coverage[event.source or self._only_source()] = event

    def _sample(self, now: datetime, not_ready: Collection[str]) -> None:
        """Set what changes by itself as time passes, so that a stuck flow can't freeze it."""
        self._child(names.CLOCK, "", {}).set(now.timestamp())
        for reason in dict.fromkeys([*names.NOT_READY.labels[0].values, *not_ready]):
            self._child(names.NOT_READY, "", {"reason": reason}).set(reason in not_ready)
        for source, measured in self._coverage.items():
            self._child(names.UNCOVERED, source, {}).set(uncovered_at(now, measured).total_seconds())

    def _prepare(self, metric: Metric) -> None:
        """Create every label set that is known from the start."""
        sources = self._sources if metric.per_source else ("",)
        if metric.kind is Kind.INFO or not all(label.values for label in metric.labels):
            return
        for source, *values in product(sources, *(label.values for label in metric.labels)):
            labels = dict(zip([label.name for label in metric.labels], values, strict=True))
            child = self._child(metric, source, labels)
            if metric.kind is Kind.GAUGE:
                child.set(metric.initial)

    def _child(self, metric: Metric, source: str, labels: Mapping[str, str]) -> Any:
        """The one series of a metric that these labels name; found again without asking the family."""
        key = (metric.name, source, *labels.values())
        child = self._children.get(key)
        if child is None:
            child = self._new_child(metric, source, labels)
            if len(self._children) < MOST_CHILDREN:
                self._children[key] = child
        return child

    def _new_child(self, metric: Metric, source: str, labels: Mapping[str, str]) -> Any:
        bounded = {name: self._bounded(metric.name, name, value) for name, value in labels.items()}
        if metric.per_source:
            bounded[names.SOURCE] = source or self._only_source()
        family = self._families[metric.name]
        return family.labels(**bounded) if bounded else family

    def _only_source(self) -> str:
        """The source that an event without one belongs to, where there is only one."""
        return self._sources[0] if len(self._sources) == 1 else ""

    def _bounded(self, metric: str, label: str, value: str) -> str:
        known = self._values.setdefault((metric, label), set())
        if value in known:
            return value
        if len(known) >= MOST_VALUES:
            return OTHER
        clean = self._redactor.text(value)[:LONGEST_VALUE]
        known.add(clean)
        return clean


class _WithoutCreated:
    """A registry without the `_created` series: they double the scrape and speak of real time."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Family]:
        for family in self._registry.collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family


def _family(metric: Metric, registry: CollectorRegistry) -> Any:
    labels = [*([names.SOURCE] if metric.per_source else []), *(label.name for label in metric.labels)]
    if metric.kind is Kind.HISTOGRAM:
        return Histogram(metric.full_name, metric.help, labels, buckets=metric.buckets, registry=registry)
    return _TYPES[metric.kind](metric.full_name, metric.help, labels, registry=registry)
