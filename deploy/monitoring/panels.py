"""The panels of the dashboard as values, and their Grafana form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from string import ascii_uppercase
from typing import Literal

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import prometheus as queries

DATA_SOURCE = kinds.DataSourceRef(type_val="prometheus", uid="${datasource}")
_HEIGHTS = {"figure": 4, "chart": 8, "table": 10}
Grafana = stat.Panel | timeseries.Panel | tables.Panel


@dataclass(frozen=True, slots=True)
class Query:
    """A query and the name of its series, which may hold `{{label}}`."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """From which value on a figure is coloured; with `good_from` everything below it is bad."""

    good_from: float | None = None
    warn: float | None = None
    bad: float | None = None

    def built(self) -> dashboard.ThresholdsConfig:
        """The levels for Grafana."""
        steps = [model.Threshold(value=None, color="green" if self.good_from is None else "red")]
        for value, color in ((self.good_from, "green"), (self.warn, "yellow"), (self.bad, "red")):
            if value is not None:
                steps.append(model.Threshold(value=value, color=color))
        return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel; `nothing` is what it shows when no series is there."""

    kind: Literal["figure", "chart", "table"]
    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    _: KW_ONLY
    width: int = 6
    levels: Levels = field(default_factory=Levels)
    nothing: str = ""

    def built(self, number: int) -> Grafana:
        """The panel for Grafana; `number` is its id, which links to it carry."""
        panel: Grafana = _FORMS[self.kind]()
        panel.id(number).title(self.title).description(self.description).unit(self.unit)
        panel.datasource(DATA_SOURCE).height(_HEIGHTS[self.kind]).span(self.width)
        panel.thresholds(self.levels.built())
        if self.nothing:
            panel.no_value(self.nothing)
        for letter, query in zip(ascii_uppercase, self.queries, strict=False):
            target = prometheus.Dataquery().expr(query.expression).ref_id(letter).datasource(DATA_SOURCE)
            target.legend_format(query.legend or "__auto")
            if self.kind == "table":
                target.instant().format(queries.PromQueryFormat.TIME_SERIES)
            else:
                target.range()
            panel.with_target(target)
        return panel


def figure(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    good_from: float | None = None,
    warn: float | None = None,
    bad: float | None = None,
    nothing: str = "",
) -> Panel:
    """One number for each series, with its way there."""
    levels = Levels(good_from=good_from, warn=warn, bad=bad)
    return Panel("figure", title, description, unit, queries, levels=levels, nothing=nothing)


def chart(title: str, description: str, unit: str, *queries: Query, width: int = 8) -> Panel:
    """Lines over time."""
    return Panel("chart", title, description, unit, queries, width=width)


def table(title: str, description: str, unit: str, *queries: Query) -> Panel:
    """The labels of a series, a row for each."""
    return Panel("table", title, description, unit, queries, width=16)


def _figure() -> stat.Panel:
    last = common.ReduceDataOptions().calcs(["lastNotNull"])
    coloured = dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS)
    return (
        stat.Panel()
        .reduce_options(last)
        .color_scheme(coloured)
        .color_mode(kinds.BigValueColorMode.VALUE)
        .graph_mode(kinds.BigValueGraphMode.AREA)
        .text_mode(kinds.BigValueTextMode.VALUE_AND_NAME)
    )


def _chart() -> timeseries.Panel:
    legend = common.VizLegendOptions().show_legend(True).placement(kinds.LegendPlacement.BOTTOM)
    tooltip = common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI)
    legend.display_mode(kinds.LegendDisplayMode.LIST)
    return timeseries.Panel().legend(legend).tooltip(tooltip).fill_opacity(10).line_width(1)


def _table() -> tables.Panel:
    """A table of the labels of one series, a row for each."""
    rows = model.DataTransformerConfig(id_val="labelsToFields", options={"mode": "rows"})
    return tables.Panel().with_transformation(rows)


_FORMS: Mapping[str, Callable[[], Grafana]] = {"figure": _figure, "chart": _chart, "table": _table}
