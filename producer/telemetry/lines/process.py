"""What the log says of the life of the process. Pure."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta

from producer import events
from producer.telemetry.lines.form import Describe, Line, seconds

_LATE = timedelta(seconds=1)


def _service_started(event: events.ServiceStarted) -> Line:
    return Line(
        level=logging.INFO,
        message=f"genesys-producer {event.version} started",
        fields={"run_id": event.run_id, "settings": dict(event.settings)},
    )


def _stop_requested(event: events.StopRequested) -> Line:
    if event.hard:
        return Line(
            level=logging.WARNING, message=f"{event.signal} again: stopping at once, the commit in flight is lost"
        )
    return Line(
        level=logging.INFO,
        message=f"{event.signal}: no new reads; the commit in flight is finished, then the process ends",
    )


def _service_stopped(event: events.ServiceStopped) -> Line:
    level = logging.ERROR if event.exit_code else logging.INFO
    return Line(level=level, message=f"stopped with exit code {event.exit_code}", fields={"run_id": event.run_id})


def _loop_lag_measured(event: events.LoopLagMeasured) -> Line | None:
    if event.lag < _LATE:
        return None
    return Line(
        level=logging.WARNING,
        message=f"the event loop was {seconds(event.lag)} late: too little CPU, or something blocks it",
        what_to_do="give the process more CPU; if it has enough, report it with the log lines around it",
        same_as="late",
    )


LINES: Mapping[type[events.Event], Describe] = {
    events.ServiceStarted: _service_started,
    events.StopRequested: _stop_requested,
    events.ServiceStopped: _service_stopped,
    events.LoopLagMeasured: _loop_lag_measured,
}
