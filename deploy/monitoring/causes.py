"""What the last row of the dashboard shows: why. The API, the limits, Kafka, the process."""

from __future__ import annotations

from grafana_foundation_sdk.models import units

from deploy.monitoring.panels import Panel, Query, chart, table
from deploy.monitoring.promql import largest
from deploy.monitoring.questions import SHOWN, STEP, per_minute, spread
from producer.telemetry import names

GUARANTEED = (
    f"{largest('source, read', SHOWN.series(names.RATE_BUDGET_SHARE))}"
    f" * on (source) group_left () {largest('source', SHOWN.series(names.RATE_LIMIT_REQUESTS, kind='cap'))}"
)
"""The requests a minute that a kind of read is guaranteed."""

_API: tuple[Panel, ...] = (
    chart(
        "Requests",
        "HTTP exchanges with Genesys Cloud. `error`: there was no usable answer.",
        units.RequestsPerMinute,
        Query(per_minute(names.HTTP_REQUESTS, "endpoint, status"), "{{endpoint}} {{status}}"),
    ),
    chart(
        "Time of an answer",
        "Real time of an exchange, body included, that 95 % stay below.",
        units.Seconds,
        Query(SHOWN.quantile(0.95, names.HTTP_REQUEST_DURATION, STEP, "endpoint"), "{{endpoint}}"),
    ),
    chart(
        "Requests made again",
        "Retries by reason. 429 and 401 are answers to obey; the others are trouble on the way.",
        units.RequestsPerMinute,
        Query(per_minute(names.HTTP_RETRIES, "source, reason"), "{{source}} {{reason}}"),
    ),
    chart(
        "Pages",
        "Requests for a page by outcome: with conversations, without any, or failed.",
        units.CountsPerMinute,
        Query(per_minute(names.PAGE_ATTEMPTS, "source, outcome"), "{{source}} {{outcome}}"),
    ),
    chart(
        "Rate limit",
        "Requests per minute of product time: the cap in force, the cap learned from 429s, the places in use.",
        units.RequestsPerMinute,
        Query(largest("source, kind", SHOWN.series(names.RATE_LIMIT_REQUESTS)), "{{source}} {{kind}}"),
    ),
    chart(
        "Budget by read",
        "Pages a minute by kind of read, and the requests that each is guaranteed whatever the others need. What nobody"
        " is guaranteed goes by importance: head, watch, re-reads, backfill, names.",
        units.RequestsPerMinute,
        Query(per_minute(names.PAGES_FETCHED, "source, read"), "{{source}} {{read}}"),
        Query(GUARANTEED, "{{source}} {{read}} guaranteed"),
    ),
    chart(
        "Answers 429",
        "How often Genesys Cloud asked us to slow down. Single ones teach the limiter; many: others use it up.",
        units.CountsPerMinute,
        Query(per_minute(names.RATE_LIMITED, "source"), "{{source}}"),
    ),
    chart(
        "Tokens asked for",
        "Requests for an access token by outcome. Refused ones need a person: the OAuth client or its secret.",
        units.CountsPerMinute,
        Query(per_minute(names.TOKEN_REFRESHES, "source, outcome"), "{{source}} {{outcome}}"),
    ),
    chart(
        "Token is valid for",
        "Until the access token expires. Below 0 no new one could be had.",
        units.Seconds,
        Query(largest("source", SHOWN.until(names.TOKEN_EXPIRY)), "{{source}}"),
    ),
    chart(
        "Breaker",
        "1 for the state it is in. While it is open nothing is asked but a probe now and then.",
        units.NoUnit,
        Query(largest("source, state", SHOWN.series(names.BREAKER_STATE)), "{{source}} {{state}}"),
    ),
    chart(
        "Names",
        "Queues, wrap-up codes, users and divisions by id: with a name, unknown to the API (deleted, or not to be seen"
        " by the client's roles), waiting to be looked up.",
        units.Short,
        Query(largest("source, state", SHOWN.series(names.DIRECTORY_IDS)), "{{source}} {{state}}"),
    ),
    chart(
        "Names that can't be looked up",
        "Look-ups that failed, by kind. Records then go out with ids alone, and again once names are known: the log"
        " says what is wrong, mostly a permission.",
        units.CountsPerMinute,
        Query(per_minute(names.DIRECTORY_FAILURES, "source, kind"), "{{source}} {{kind}}"),
    ),
)

_KAFKA: tuple[Panel, ...] = (
    chart(
        "Transactions given up",
        "By reason: unavailable, refused, or fenced by another instance; and how often a lane was taken over.",
        units.CountsPerMinute,
        Query(per_minute(names.KAFKA_DISCARDS, "source, reason"), "{{source}} {{reason}}"),
        Query(per_minute(names.FENCED, "source"), "{{source}} taken over"),
    ),
    chart(
        "Records in a transaction",
        "Audit included, states not. Many small ones: little arrives, or `kafka.transaction.max_wait` is short.",
        units.Short,
        *spread(names.TRANSACTION_RECORDS),
    ),
    chart(
        "Time of the last restore",
        "Real time that reading the state topic took. It grows with the conversations that are remembered.",
        units.Seconds,
        Query(largest("source", SHOWN.series(names.RESTORE_DURATION)), "{{source}}"),
    ),
)

_PROCESS: tuple[Panel, ...] = (
    chart(
        "Event loop is late",
        "How late 99 % of the heartbeats are at most. Above a second: too little CPU, or something blocks the loop.",
        units.Seconds,
        Query(SHOWN.quantile(0.99, names.EVENT_LOOP_LAG, STEP, "instance"), "{{instance}}"),
    ),
    chart(
        "Clock skew",
        "The clock of Genesys Cloud minus ours. A few seconds ahead of it and nothing is read: synchronise the clock.",
        units.Seconds,
        Query(largest("source", SHOWN.series(names.CLOCK_SKEW)), "{{source}}"),
    ),
    chart(
        "Failures of telemetry",
        "Events that a part of telemetry failed on. `logs`: the log can't be written, its disk may be full. Any other"
        " is a defect of this program, to be reported.",
        units.CountsPerMinute,
        Query(per_minute(names.OBSERVER_FAILURES, "listener"), "{{listener}}"),
    ),
    table(
        "Settings in force",
        "What the daemon runs with, secrets left out. /config says it too.",
        units.String,
        Query(SHOWN.series(names.CONFIG)),
    ),
    chart(
        "Webhook",
        "Attempts to tell the receiver, by outcome. `retried`: it does not take them, they are sent again. `given_up`:"
        " it was never told, and the log says of what.",
        units.CountsPerMinute,
        Query(per_minute(names.WEBHOOK_DELIVERIES, "source, outcome"), "{{source}} {{outcome}}"),
    ),
)

WHY: tuple[Panel, ...] = (*_API, *_KAFKA, *_PROCESS)
