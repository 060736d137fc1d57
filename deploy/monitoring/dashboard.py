"""The dashboard: is it working, is it complete, is it late, why. Four rows, one for each question.

Rates are per minute, as the rate limit of Genesys Cloud is; ages are told by the product clock. One panel can show
nothing but 0 in any run that we can make: failures of telemetry itself are defects of this program.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from deploy.monitoring.causes import WHY
from deploy.monitoring.panels import DATA_SOURCE, Panel
from deploy.monitoring.promql import Scope
from deploy.monitoring.questions import COMPLETE, LATE, WORKING
from producer.telemetry import names

UID = "genesys-producer"
ROWS: tuple[tuple[str, tuple[Panel, ...]], ...] = (
    ("Is it working?", WORKING),
    ("Is it complete?", COMPLETE),
    ("Is it late?", LATE),
    ("Why?", WHY),
)
JOB = Scope(every=('job=~"$job"',))
INSTANCE = Scope(every=('job=~"$job"', 'instance=~"$instance"'))


def as_json() -> str:
    """The dashboard as the file that Grafana imports."""
    return JSONEncoder(indent=2, sort_keys=True).encode(dashboard()) + "\n"


def dashboard() -> model.Dashboard:
    """Put it together."""
    made = builder.Dashboard("Genesys producer").uid(UID).tags(["genesys-producer", "kafka"])
    made.description("Takes every conversation out of Genesys Cloud and puts it onto Kafka, exactly once.")
    made.time("now-3h", "now").refresh("30s").timezone("utc").readonly()
    made.tooltip(model.DashboardCursorSync.CROSSHAIR)
    for variable in _variables():
        made.with_variable(variable)
    number = 0
    for title, panels in ROWS:
        number += 1
        made.with_row(builder.Row(title).id(number))
        for panel in panels:
            number += 1
            made.with_panel(panel.built(number))
    return made.build()


def _variables() -> tuple[builder.DatasourceVariable | builder.QueryVariable, ...]:
    return (
        builder.DatasourceVariable("datasource").type("prometheus").label("Data source"),
        _values_of("job", Scope().series(names.BUILD)),
        _values_of("instance", JOB.series(names.BUILD)),
        _values_of("source", INSTANCE.series(names.UNCOVERED)),
    )


def _values_of(label: str, series: str) -> builder.QueryVariable:
    """A variable that takes the values of a label; all of them unless some are chosen."""
    variable = builder.QueryVariable(label).label(label.capitalize()).datasource(DATA_SOURCE)
    variable.query(f"label_values({series}, {label})").refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
    variable.sort(model.VariableSort.ALPHABETICAL_ASC).multi(True)
    return variable.include_all(True).all_value(".*").current(model.VariableOption(text="All", value="$__all"))
