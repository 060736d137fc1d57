"""Events become log lines: one table from the type of an event to what a person reads at night.

Pure. A message says what happened and where; `what_to_do` says the cure. Frequent events are `debug`; what needs no
line is named in SILENT.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

from producer import events
from producer.telemetry.lines import api, process, reads, topic, webhook
from producer.telemetry.lines.form import Describe, Line

LINES: Mapping[type[events.Event], Describe] = {
    **process.LINES,
    **api.LINES,
    **reads.LINES,
    **topic.LINES,
    **webhook.LINES,
}
"""The line of each event."""

FREQUENT: frozenset[type[events.Event]] = frozenset(
    {events.RequestFinished, events.ReadStarted, events.PageFetched, events.PageCompared, events.BatchCommitted}
)
"""Events whose line is always `debug`: at any other level it is not even made."""

SILENT: frozenset[type[events.Event]] = frozenset(
    {events.LimiterMeasured, events.CoverageMeasured, events.BudgetShared, events.WatchMeasured, events.NamesMeasured}
)
"""Events that are measurements only: metrics and status page show them, a line each would drown the rest."""


def action_of(kind: type[events.Event]) -> str:
    """`PageFetched` -> `page_fetched`: the `action` of every line about such an event."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def line_of(event: events.Event, level: int = logging.DEBUG) -> Line | None:
    """What the log says of an event at this level; None when nothing."""
    kind = type(event)
    describe = LINES.get(kind)
    if describe is None or (level > logging.DEBUG and kind in FREQUENT):
        return None
    line = describe(event)
    return line if line is not None and line.level >= level else None
