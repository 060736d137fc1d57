"""The alerts, and the two files that they are written to: rules for Prometheus, and the same for its operator.

A rule that compares a metric which has nothing to say (NaN) stays silent. Aggregating by job and source keeps an alert
alive when a new pod takes over: instances change, the installation does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import yaml

from deploy.monitoring.promql import Scope, largest, smallest, total
from producer.telemetry import names

GROUP = "genesys-producer"
RUNBOOKS = "deploy/runbooks"
"""Where the runbooks are: the folder of this repository, unless the generator is told of a place on the web."""
HEADER = "# Written by `python -m deploy.monitoring` from deploy/monitoring/alerts.py: change it there.\n"
ALL = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert: it fires once `expression` has given a series for `wait`. `critical` wakes somebody up."""

    name: str
    severity: Literal["critical", "warning"]
    wait: str
    expression: str
    summary: str
    description: str

    def rule(self, runbooks: str) -> dict[str, Any]:
        """The alert as Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": self.expression,
            "for": self.wait,
            "labels": {"severity": self.severity},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{runbooks.rstrip('/')}/{self.name}.md",
            },
        }


_BUILD = ALL.series(names.BUILD)
_HEAD = ALL.series(names.WATERMARK, kind="head")

ALERTS: tuple[Alert, ...] = (
    Alert(
        name="GenesysProducerAbsent",
        severity="critical",
        wait="5m",
        # one that was there an hour ago; without any, that there is none at all
        expression=(
            f"({largest('job', f'max_over_time({_BUILD}[1h])')}\n"
            f"  unless {largest('job', _BUILD)})\n"
            f"or on () absent({_BUILD})"
        ),
        summary="No genesys-producer answers{{ with $labels.job }} for job {{ . }}{{ end }}",
        description="Prometheus has got no metrics from the daemon for 5 minutes. Nothing says whether it still reads.",
    ),
    Alert(
        name="GenesysProducerWatermarkStalled",
        severity="critical",
        wait="5m",
        # behind, and where it was ten minutes ago: one that catches up is late but moves
        expression=(
            f"{largest('job, source', ALL.behind(names.WATERMARK, kind='head'))} > 600\n"
            f"and {largest('job, source', _HEAD)}\n"
            f"  <= {largest('job, source', f'{_HEAD} offset 10m')}"
        ),
        summary="The head watermark of {{ $labels.source }} ({{ $labels.job }}) stands still",
        description=(
            "The head watermark is {{ $value | humanizeDuration }} behind and has not moved for 10 minutes. "
            "Consumers that wait for it wait."
        ),
    ),
    Alert(
        name="GenesysProducerUncoveredTime",
        severity="warning",
        wait="15m",
        expression=f"{largest('job, source', ALL.series(names.UNCOVERED))} > 1800",
        summary="{{ $value | humanizeDuration }} of {{ $labels.source }} ({{ $labels.job }}) are not on the topic",
        description="More than 30 minutes of time are due and not covered: the head is far behind, or there are holes.",
    ),
    Alert(
        name="GenesysProducerHoleOld",
        severity="warning",
        wait="10m",
        expression=f"{largest('job, source', ALL.behind(names.OLDEST_HOLE))} > 3600",
        summary="A hole in the coverage of {{ $labels.source }} ({{ $labels.job }}) does not close",
        description=(
            "The oldest hole begins {{ $value | humanizeDuration }} ago: the head does not read so far back by itself. "
            "Conversations may be missing, and the head watermark waits there."
        ),
    ),
    Alert(
        name="GenesysProducerCommitsFailing",
        severity="critical",
        wait="5m",
        expression=(
            f"{largest('job', ALL.series(names.NOT_READY, reason='broker|fenced'))} == 1\n"
            f"or {total('job', ALL.increase(names.TRANSACTIONS, '15m', outcome='discarded'))} > 3"
        ),
        summary="Kafka does not take what {{ $labels.job }} writes",
        description=(
            "For 5 minutes the brokers have not answered, another instance has had the lane, or transaction after "
            "transaction was given up. Nothing is lost; what is read can't be committed."
        ),
    ),
    Alert(
        name="GenesysProducerDeadLettersRising",
        severity="warning",
        wait="5m",
        expression=f"{total('job, source, reason', ALL.increase(names.DEAD_LETTERS, '1h'))} > 5",
        summary="Conversations of {{ $labels.source }} ({{ $labels.job }}) become dead letters: {{ $labels.reason }}",
        description=(
            'About {{ $value | printf "%.0f" }} conversations could not be normalised or encoded within an hour '
            "({{ $labels.reason }}). They are on the dead-letter topic as they were received."
        ),
    ),
    Alert(
        name="GenesysProducerRateLimited",
        severity="warning",
        wait="10m",
        expression=f"{total('job, source', ALL.increase(names.RATE_LIMITED, '15m'))} > 5",
        summary="Genesys Cloud keeps asking {{ $labels.source }} ({{ $labels.job }}) to slow down",
        description=(
            'About {{ $value | printf "%.0f" }} answers 429 within 15 minutes. The limiter has learned from each; '
            "that more come means that others use up the limit of the OAuth client or the organisation."
        ),
    ),
    Alert(
        name="GenesysProducerAuthenticationFailing",
        severity="critical",
        wait="5m",
        expression=f"{largest('job', ALL.series(names.NOT_READY, reason='credentials'))} == 1",
        summary="Genesys Cloud refuses {{ $labels.job }}",
        description=(
            "For 5 minutes no token could be had, a permission is missing, the address is not allowed, or the token "
            "belongs to another organisation. Nothing is read until a person mends it."
        ),
    ),
    Alert(
        name="GenesysProducerBreakerOpen",
        severity="warning",
        wait="10m",
        # not closed: it changes between open and half open with every probe
        expression=f"{smallest('job, source', ALL.series(names.BREAKER_STATE, state='closed'))} == 0",
        summary="Genesys Cloud fails again and again for {{ $labels.source }} ({{ $labels.job }})",
        description="The breaker has been open for 10 minutes: nothing is read but a probe now and then.",
    ),
    Alert(
        name="GenesysProducerLoopStalled",
        severity="warning",
        wait="5m",
        expression=f"{ALL.quantile(0.99, names.EVENT_LOOP_LAG, '5m', 'job, instance')} > 1",
        summary="The event loop of {{ $labels.instance }} ({{ $labels.job }}) is late",
        description=(
            "One heartbeat in a hundred comes {{ $value | humanizeDuration }} late or later. Timeouts fire too late "
            "and health checks may fail."
        ),
    ),
)


def rules(runbooks: str = RUNBOOKS) -> dict[str, Any]:
    """What Prometheus reads as a rules file."""
    return {"groups": [{"name": GROUP, "rules": [alert.rule(runbooks) for alert in ALERTS]}]}


def prometheus_rule(runbooks: str = RUNBOOKS) -> dict[str, Any]:
    """The same rules as the resource that prometheus-operator reads."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": GROUP, "labels": {"app.kubernetes.io/name": GROUP}},
        "spec": rules(runbooks),
    }


def as_yaml(document: dict[str, Any]) -> str:
    """A file of it; texts of several lines stay as they are written."""
    return HEADER + yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
