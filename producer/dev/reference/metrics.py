"""`metrics.md`: every metric with its type, labels, unit and meaning."""

from __future__ import annotations

from producer.dev.reference import markdown
from producer.dev.reference.markdown import code, codes
from producer.telemetry.metrics import MOST_VALUES, OTHER
from producer.telemetry.names import ALL, SOURCE, Kind, Label, Metric

HEADER = ("metric", "type", "labels and their values", "unit", "meaning")
INTRODUCTION = f"""\
Served at `/metrics`, in the text format or as OpenMetrics. A label's values listed here are there from the start, at 0
(a gauge without a measurement is NaN); others appear when they are met. No label has more than {MOST_VALUES} values:
what exceeds that is counted as `{OTHER}`. `source` is the name of the source, `default` as long as the settings name
none. Beside these there are the `process_…` and `python_…` metrics of the Prometheus client."""
BUCKETS = """\
## Buckets

A histogram has the series `…_bucket`, `…_sum` and `…_count`; these are the upper ends of its buckets."""
_INFO = "_info"


def document() -> str:
    """The whole document."""
    rows = ((code(scraped_as(metric)), metric.kind.value, _labels(metric), unit(metric), metric.help) for metric in ALL)
    histograms = [metric for metric in ALL if metric.buckets]
    buckets = ((code(metric.full_name), ", ".join(f"{edge:g}" for edge in metric.buckets)) for metric in histograms)
    return markdown.document(
        "Metrics",
        "the table in `producer/telemetry/names.py`",
        INTRODUCTION,
        markdown.table(HEADER, rows),
        BUCKETS,
        markdown.table(("histogram", "upper ends"), buckets),
    )


def scraped_as(metric: Metric) -> str:
    """The name to ask Prometheus for; an info metric is scraped as a gauge with this ending, always 1."""
    return metric.full_name + (_INFO if metric.kind is Kind.INFO else "")


def unit(metric: Metric) -> str:
    """What its numbers are, as its name says by the conventions of Prometheus."""
    if metric.name.endswith("_timestamp_seconds"):
        return "seconds since 1970"
    if metric.name.endswith("_seconds"):
        return "seconds"
    return "always 1" if metric.kind is Kind.INFO else "a number"


def _labels(metric: Metric) -> str:
    own = [_label(label) for label in metric.labels]
    return "; ".join([code(SOURCE), *own] if metric.per_source else own)


def _label(label: Label) -> str:
    return f"{code(label.name)}: {codes(label.values)}" if label.values else code(label.name)
