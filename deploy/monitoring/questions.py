"""What the first three rows of the dashboard show: is it working, is it complete, is it late."""

from __future__ import annotations

from grafana_foundation_sdk.models import units

from deploy.monitoring.panels import Panel, Query, chart, figure
from deploy.monitoring.promql import Scope, largest, total
from producer.telemetry import names

SHOWN = Scope(every=('job=~"$job"', 'instance=~"$instance"'), of_source=('source=~"$source"',))
"""What the variables of the dashboard select."""
STEP = "$__rate_interval"
HALF_AND_MOST = ((0.5, "half of them"), (0.95, "95 %"))


def per_minute(metric: names.Metric, by: str) -> str:
    """How fast a counter rises, in the unit of the rate limit."""
    return f"60 * {total(by, SHOWN.rate(metric, STEP))}"


def spread(metric: names.Metric, by: str = "") -> tuple[Query, ...]:
    """What half of a histogram's observations stay below, and nearly all; apart `by` a label if one is named."""
    labels = ["source", by] if by else ["source"]
    named = " ".join(f"{{{{{label}}}}}" for label in labels)
    return tuple(
        Query(SHOWN.quantile(share, metric, STEP, ", ".join(labels)), f"{named} {words}")
        for share, words in HALF_AND_MOST
    )


WORKING: tuple[Panel, ...] = (
    figure(
        "Instances",
        "Daemons that answer, by version. There is one; two for a moment while it is replaced.",
        units.NoUnit,
        Query(f"count by (version) ({SHOWN.series(names.BUILD)})", "{{version}}"),
        good_from=1,
        nothing="none",
    ),
    figure(
        "Lanes written",
        "Lanes that are ours and restored: 1 for the one source. At 0 nothing is written; the reasons are beside it.",
        units.NoUnit,
        Query(f"sum({SHOWN.series(names.LANES_OWNED)})", "lanes"),
        good_from=1,
        nothing="none",
    ),
    figure(
        "Not ready because of",
        "Reasons against readiness that hold now. /readyz says what to do about each.",
        units.NoUnit,
        Query(f"{largest('reason', SHOWN.series(names.NOT_READY))} > 0", "{{reason}}"),
        bad=1,
        nothing="nothing",
    ),
    figure(
        "Conversations remembered",
        "Conversations whose last state is known, so that the next sight of them is a change or nothing new.",
        units.Short,
        Query(largest("source", SHOWN.series(names.TRACKED_CONVERSATIONS)), "{{source}}"),
    ),
    chart(
        "Records committed",
        "Conversation records that are on the topic, first states and changes. Follows the organisation's day.",
        units.RecordsPerMinute,
        Query(per_minute(names.RECORDS_PRODUCED, "source, change"), "{{source}} {{change}}"),
        width=6,
    ),
    chart(
        "Open conversations",
        "Those that are open as far as is known, and those that are asked for by id: what began on an earlier day, what"
        " waits for a wrap-up, what may be opened again.",
        units.Short,
        Query(largest("source", SHOWN.series(names.OPEN_CONVERSATIONS)), "{{source}} open"),
        Query(largest("source", SHOWN.series(names.WATCHED_CONVERSATIONS)), "{{source}} watched"),
        width=6,
    ),
    chart(
        "Transactions",
        "Kafka transactions by outcome. A discarded one is no loss: its reads are made again.",
        units.CountsPerMinute,
        Query(per_minute(names.TRANSACTIONS, "source, outcome"), "{{source}} {{outcome}}"),
        width=6,
    ),
    chart(
        "Reasons against readiness",
        "1 while a reason holds. Restoring and stopping are the ordinary beginning and end of a daemon.",
        units.NoUnit,
        Query(largest("reason", SHOWN.series(names.NOT_READY)), "{{reason}}"),
        width=6,
    ),
)

COMPLETE: tuple[Panel, ...] = (
    figure(
        "Uncovered time",
        "Time that is due and not on the topic, holes included. A poll interval or two is ordinary.",
        units.Seconds,
        Query(largest("source", SHOWN.series(names.UNCOVERED)), "{{source}}"),
        warn=300,
        bad=1800,
    ),
    figure(
        "Holes",
        "Due intervals that could not be read. `genesys-producer status` names each with its reason.",
        units.NoUnit,
        Query(largest("source, tier", SHOWN.series(names.HOLES)), "{{source}} tier {{tier}}"),
        bad=1,
    ),
    figure(
        "Age of the oldest hole",
        "How long ago the oldest hole begins. The published watermark waits there.",
        units.Seconds,
        Query(largest("source", f"{SHOWN.behind(names.OLDEST_HOLE)} >= 0"), "{{source}}"),
        bad=0,
        nothing="no hole",
    ),
    figure(
        "Dead letters in this span",
        "Conversations that could not be normalised or encoded, in the span of time that is shown.",
        units.Short,
        Query(total("source", SHOWN.increase(names.DEAD_LETTERS, "$__range")), "{{source}}"),
        warn=1,
    ),
    chart(
        "Windows read",
        "Reads by verdict. Provisional is ordinary for the head; short: fewer came than counted; failed: made again.",
        units.ReadsPerMinute,
        Query(per_minute(names.WINDOWS, "source, verdict"), "{{source}} {{verdict}}"),
        width=12,
    ),
    chart(
        "Conversations without a record",
        "Seen again and unchanged, older than what is known, or looking older and read again before use.",
        units.CountsPerMinute,
        Query(per_minute(names.RECORDS_UNCHANGED, "source"), "{{source}} unchanged"),
        Query(per_minute(names.RECORDS_STALE, "source"), "{{source}} stale"),
        Query(per_minute(names.REGRESSIONS, "source"), "{{source}} regressed"),
        width=12,
    ),
    chart(
        "Dead letters",
        "Conversations sent to the dead letters, by reason. Each is on its topic as it was received.",
        units.CountsPerMinute,
        Query(per_minute(names.DEAD_LETTERS, "source, reason"), "{{source}} {{reason}}"),
        width=12,
    ),
    chart(
        "Schema drift",
        "Fields that the schema does not know or of another type, kept in `extras`; and ends before their start.",
        units.CountsPerMinute,
        Query(per_minute(names.SCHEMA_DRIFT, "source, kind"), "{{source}} {{kind}}"),
        width=12,
    ),
)

LATE: tuple[Panel, ...] = (
    chart(
        "Head watermark is behind",
        "Everything that started before this long ago is on the topic. Head lag and a poll interval are ordinary.",
        units.Seconds,
        Query(largest("source", SHOWN.behind(names.WATERMARK, kind="head")), "{{source}}"),
        width=12,
    ),
    chart(
        "Final watermark is behind",
        "What started before this long ago was read for the last time. The age of the oldest re-read is ordinary.",
        units.Seconds,
        Query(largest("source", SHOWN.behind(names.WATERMARK, kind="final")), "{{source}}"),
        width=12,
    ),
    chart(
        "Found late",
        "From the newest instant in a record to its commit, of what the watch and the re-reads found. Above the age of"
        " the oldest re-read: something came later than all of them, an older one would find more.",
        units.Seconds,
        *spread(names.LATE_ARRIVAL, by="read"),
    ),
    chart(
        "What the re-reads find, and what that takes",
        "Records and pages by tier, the youngest is 1. One that takes pages and finds nothing for weeks may be left out"
        " of `capture.rereads`; `genesys-producer plan` says what each costs.",
        units.CountsPerMinute,
        Query(per_minute(names.TIER_RECORDS, "source, tier"), "{{source}} tier {{tier}} records"),
        Query(per_minute(names.TIER_PAGES, "source, tier"), "{{source}} tier {{tier}} pages"),
    ),
    chart(
        "Watch is late",
        "For how long the oldest due conversation of the watch has waited. It grows while the head takes the budget.",
        units.Seconds,
        Query(largest("source", SHOWN.series(names.WATCH_LATENESS)), "{{source}}"),
    ),
    chart(
        "Age of a record at its commit",
        "Head only: from the newest instant in a record's content to the commit. What consumers feel as delay.",
        units.Seconds,
        *spread(names.RECORD_FRESHNESS),
    ),
    chart(
        "Time to read a window",
        "Product time from the start of a window's read to the commit of its last record.",
        units.Seconds,
        *spread(names.WINDOW_DURATION),
    ),
    chart(
        "Time of a transaction",
        "Real time from begin to commit. A slow one points to the brokers.",
        units.Seconds,
        *spread(names.TRANSACTION_DURATION),
    ),
)
