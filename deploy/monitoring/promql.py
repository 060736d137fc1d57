"""PromQL made from the table of metrics, so that no query can name what the daemon does not expose.

Pure text. A label that a metric does not have, and a value that a label never takes, are refused when the text is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from producer.telemetry import names
from producer.telemetry.names import Kind, Metric

_SUFFIXES = {Kind.INFO: "_info"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which series a query is about: matchers for every series, and those for series that carry a source."""

    every: tuple[str, ...] = ()
    of_source: tuple[str, ...] = ()

    def series(self, metric: Metric, suffix: str = "", **labels: str) -> str:
        """Select a metric's series, with these values of its labels (`a|b` for one of several).

        Raises ValueError for a label or a value that the metric does not have.
        """
        matchers = [*self.every, *(self.of_source if metric.per_source else ())]
        matchers += [_matcher(metric, name, value) for name, value in labels.items()]
        name = metric.full_name + (suffix or _SUFFIXES.get(metric.kind, ""))
        return f"{name}{{{', '.join(matchers)}}}" if matchers else name

    def rate(self, metric: Metric, span: str, suffix: str = "", **labels: str) -> str:
        """How fast a counter rises, a second."""
        return f"rate({self.series(metric, suffix, **labels)}[{span}])"

    def increase(self, metric: Metric, span: str, **labels: str) -> str:
        """By how much a counter rose."""
        return f"increase({self.series(metric, **labels)}[{span}])"

    def quantile(self, share: float, metric: Metric, span: str, by: str = "") -> str:
        """The value below which this share of a histogram's observations lies."""
        grouped = ", ".join(label for label in (by, "le") if label)
        return f"histogram_quantile({share}, sum by ({grouped}) ({self.rate(metric, span, '_bucket')}))"

    def behind(self, metric: Metric, **labels: str) -> str:
        """How long ago, by the product clock, the instant was that a metric tells: real time is not virtual time."""
        return f"{self._clock()} - on (job, instance) group_right () {self.series(metric, **labels)}"

    def until(self, metric: Metric) -> str:
        """How far ahead of the product clock the instant is that a metric tells."""
        return f"{self.series(metric)} - on (job, instance) group_left () {self._clock()}"

    def _clock(self) -> str:
        return self.series(names.CLOCK)


def grouped(operator: str, by: str, expression: str) -> str:
    """Aggregate and keep these labels."""
    return f"{operator} by ({by}) ({expression})"


total = partial(grouped, "sum")
largest = partial(grouped, "max")
smallest = partial(grouped, "min")


def _matcher(metric: Metric, name: str, value: str) -> str:
    label = next((label for label in metric.labels if label.name == name), None)
    if label is None:
        raise ValueError(f"{metric.full_name} has no label {name}")
    wanted = value.split("|")
    if unknown := set(wanted) - set(label.values):
        raise ValueError(f"{name} of {metric.full_name} never is {', '.join(sorted(unknown))}")
    return f'{name}{"=" if len(wanted) == 1 else "=~"}"{value}"'
