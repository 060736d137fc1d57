"""What a person reads at night, line by line, as it is written where there is no terminal."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from producer import errors, events
from producer.telemetry.lines import action_of, line_of
from producer.telemetry.logs import Logs
from producer.telemetry.redaction import Redactor
from tests.support.happenings import NOON, SECOND, hole, read, read_end

WINDOW = "2025-03-10T11:45:00.000Z/2025-03-10T12:00:00.000Z"
OF_READ = {"request_id": "r-1", "read": "head", "window": WINDOW}
SOURCE = "default"


def written(event: events.Event) -> dict[str, Any]:
    """The JSON line of an event, without the time stamp and the source, which all have."""
    stream = io.StringIO()
    Logs(stream, level=logging.DEBUG, redactor=Redactor(), now=lambda: NOON).observe(event)
    line: dict[str, Any] = json.loads(stream.getvalue())
    assert (line.pop("timestamp"), line.pop("source")) == ("2025-03-10T12:00:00.000Z", SOURCE)
    return line


def source_blocked(error: errors.SourceError) -> events.SourceBlocked:
    return events.SourceBlocked(
        source=SOURCE,
        reason=type(error).__name__,
        message=str(error),
        what_to_do=error.what_to_do,
        wait=timedelta(seconds=60),
    )


def test_credentials_refused() -> None:
    blocked = source_blocked(errors.CredentialsRefused("https://login.example 401 invalid_client: bad client secret"))
    assert written(blocked) == {
        "level": "error",
        "action": "source_blocked",
        "message": "nothing can be read from Genesys Cloud (CredentialsRefused): https://login.example 401 "
        "invalid_client: bad client secret; tried again in 60 s",
        "what_to_do": "check genesys.client_id, genesys.client_secret and genesys.region; "
        "a rotated secret is read by itself",
        "error": "CredentialsRefused",
        "wait_seconds": 60.0,
    }


def test_a_permission_is_missing() -> None:
    blocked = source_blocked(errors.PermissionMissing("the query needs analytics:conversationDetail:view"))
    assert written(blocked) == {
        "level": "error",
        "action": "source_blocked",
        "message": "nothing can be read from Genesys Cloud (PermissionMissing): the query needs "
        "analytics:conversationDetail:view; tried again in 60 s",
        "what_to_do": "give a role of the OAuth client the permission named in the message, "
        "in every division to be read",
        "error": "PermissionMissing",
        "wait_seconds": 60.0,
    }


def test_names_can_not_be_looked_up() -> None:
    refused = events.NamesUnavailable(
        source=SOURCE,
        kind="queue",
        reason="PermissionMissing",
        message="403: routing:queue:view",
        what_to_do="give it",
        wait=timedelta(seconds=60),
    )
    assert written(refused) == {
        "level": "warning",
        "action": "names_unavailable",
        "message": "names can't be looked up (queue, PermissionMissing): 403: routing:queue:view; records go out "
        "without them, and once more when they are known; tried again in 60 s",
        "what_to_do": "give it; or do without them: genesys.directory.kinds",
        "kind": "queue",
        "error": "PermissionMissing",
        "wait_seconds": 60.0,
    }
    assert written(events.NamesAvailable(source=SOURCE, kind="queue")) == {
        "level": "info",
        "action": "names_available",
        "message": "names can be looked up again (queue)",
        "kind": "queue",
    }


def test_the_broker_is_down() -> None:
    blocked = events.SinkBlocked(
        source=SOURCE,
        reason="SinkUnavailable",
        message="no broker of kafka:9092 answers",
        what_to_do=errors.SinkUnavailable.what_to_do,
        wait=timedelta(seconds=2.5),
    )
    assert written(blocked) == {
        "level": "error",
        "action": "sink_blocked",
        "message": "Kafka can't be used (SinkUnavailable): no broker of kafka:9092 answers; tried again in 2.5 s",
        "what_to_do": "nothing, if it passes; else check the brokers, the network and kafka.bootstrap_servers",
        "error": "SinkUnavailable",
        "wait_seconds": 2.5,
    }


def test_a_transaction_was_given_up() -> None:
    discarded = events.BatchDiscarded(
        source=SOURCE,
        reason="SinkUnavailable",
        message="the commit was not answered in 45 s",
        what_to_do=errors.SinkUnavailable.what_to_do,
    )
    assert written(discarded) == {
        "level": "warning",
        "action": "batch_discarded",
        "message": "a transaction was given up (SinkUnavailable): the commit was not answered in 45 s; "
        "what is committed decides, and the lane starts again from there",
        "what_to_do": "nothing, if it passes; else check the brokers, the network and kafka.bootstrap_servers",
        "error": "SinkUnavailable",
    }


def test_fenced() -> None:
    assert written(events.LaneFenced(source=SOURCE, message="epoch 3 of genesys-producer-0 is older than 4")) == {
        "level": "error",
        "action": "lane_fenced",
        "message": "another instance took the lane over, this one writes no more: "
        "epoch 3 of genesys-producer-0 is older than 4",
        "what_to_do": "nothing, if another replica runs; else look for a second user of the same kafka.application_id",
    }


def test_a_fenced_lane_that_is_asked_for_again_is_no_second_alarm() -> None:
    blocked = events.SinkBlocked(source=SOURCE, reason="Fenced", message="m", what_to_do="w", wait=5 * SECOND)
    assert written(blocked) == {
        "level": "info",
        "action": "sink_blocked",
        "message": "the lane is asked for again in 5 s",
    }


def test_a_dead_letter() -> None:
    letter = events.ConversationDeadLettered(
        source=SOURCE,
        read=read(),
        conversation_id="c-7",
        reason="malformed_instant",
        path="$.conversationStart",
        message="'yesterday' is no instant at $.conversationStart",
    )
    assert written(letter) == {
        "level": "warning",
        "action": "conversation_dead_lettered",
        "message": "conversation c-7 went to the dead letters (malformed_instant): "
        "'yesterday' is no instant at $.conversationStart",
        "what_to_do": "look at the record in the dead-letter topic",
        **OF_READ,
        "conversation_id": "c-7",
        "reason": "malformed_instant",
        "path": "$.conversationStart",
    }


def test_the_schema_drifts() -> None:
    drifted = events.SchemaDrifted(source=SOURCE, read=read(), paths=("$.mood", "$.participants[*].karma"))
    assert written(drifted) == {
        "level": "warning",
        "action": "schema_drifted",
        "message": "Genesys Cloud sent what the schema does not know, or has in another type: "
        "$.mood, $.participants[*].karma",
        "what_to_do": "nothing at once: they are kept in `extras`; a later version gives them columns of their own",
        **OF_READ,
        "paths": ["$.mood", "$.participants[*].karma"],
    }


def test_a_429() -> None:
    hit = events.RateLimitHit(source=SOURCE, wait=timedelta(seconds=17), learned=212, request_id="r-1")
    assert written(hit) == {
        "level": "warning",
        "action": "rate_limit_hit",
        "message": "Genesys Cloud asked us to slow down (429): all requests of the source wait 17 s, "
        "then at most 212 a minute",
        "what_to_do": "nothing: the limiter has learned; if it persists, "
        "other clients of the organisation use up the limit",
        "request_id": "r-1",
        "wait_seconds": 17.0,
        "learned": 212,
    }


def test_a_hole() -> None:
    assert written(events.HoleOpened(source=SOURCE, hole=hole())) == {
        "level": "error",
        "action": "hole_opened",
        "message": "a hole in coverage: 2025-03-10T10:00:00.000Z/2025-03-10T11:00:00.000Z (tier 0) "
        "could not be read (400 bad.request)",
        "what_to_do": "nothing at once; if the hole stays, see its reason in `genesys-producer status`",
        "window": "2025-03-10T10:00:00.000Z/2025-03-10T11:00:00.000Z",
        "tier": 0,
        "reason": "400 bad.request",
        "attempts": 1,
    }


def test_a_read_that_failed_names_its_window_and_the_correlation_id() -> None:
    failed = events.ReadFailed(
        source=SOURCE,
        read=read(),
        error="WindowRefused",
        message="400 bad.request: Invalid interval",
        what_to_do=errors.WindowRefused.what_to_do,
        correlation_id="abc-123",
        hole=True,
    )
    assert written(failed) == {
        "level": "warning",
        "action": "read_failed",
        "message": f"the read of {WINDOW} failed (WindowRefused): 400 bad.request: Invalid interval; "
        "the window is a hole now, the head goes on behind it",
        "what_to_do": "nothing at once; if the hole stays, see its reason in `genesys-producer status`",
        **OF_READ,
        "error": "WindowRefused",
        "correlation_id": "abc-123",
    }


def test_a_read_that_went_well() -> None:
    completed = events.ReadCompleted(source=SOURCE, read=read(), end=read_end(), took=3 * SECOND, records=118)
    assert written(completed) == {
        "level": "info",
        "action": "read_completed",
        "message": "read and committed: 120 conversations, 118 records, complete",
        **OF_READ,
        "verdict": "complete",
        "hits": 120,
        "unique": 120,
        "pages": 2,
        "records": 118,
        "took_seconds": 3.0,
    }


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (events.TokenRefused(reason="x"), "warning: no access token could be had: x"),
        (
            events.BreakerChanged(state="open", reason="5 x 503"),
            "warning: the breaker opened: Genesys Cloud fails again and again (5 x 503); reads wait",
        ),
        (events.BreakerChanged(state="half_open"), "info: the breaker tries one request"),
        (events.BreakerChanged(state="closed"), "info: the breaker closed: reads go on"),
        (events.LoopLagMeasured(lag=timedelta(milliseconds=999)), "nothing"),
        (
            events.LoopLagMeasured(lag=timedelta(seconds=1.5)),
            "warning: the event loop was 1.5 s late: too little CPU, or something blocks it",
        ),
        (events.ClockSkewMeasured(skew=timedelta(seconds=-29)), "nothing"),
        (
            events.ClockSkewMeasured(skew=timedelta(seconds=-40)),
            "warning: the clock of this machine is 40 s ahead of that of Genesys Cloud",
        ),
        (
            events.StopRequested(signal="SIGTERM"),
            "info: SIGTERM: no new reads; the commit in flight is finished, then the process ends",
        ),
        (
            events.StopRequested(signal="SIGINT", hard=True),
            "warning: SIGINT again: stopping at once, the commit in flight is lost",
        ),
        (events.ServiceStopped(run_id="r", exit_code=0), "info: stopped with exit code 0"),
        (events.ServiceStopped(run_id="r", exit_code=70), "error: stopped with exit code 70"),
        (
            events.RequestRetried(
                endpoint="query", reason="5xx", attempt=1, wait=SECOND, request_id="r", message="502"
            ),
            "warning: query request failed (5xx): 502; attempt 2 follows",
        ),
        (
            events.RequestRetried(endpoint="query", reason="401", attempt=1, wait=SECOND, request_id="r"),
            "debug: query request failed (401); attempt 2 follows",
        ),
        (
            events.CommitDelayed(waited=5 * SECOND),
            "warning: Kafka has not taken a transaction for 5 s: the brokers do not answer; it is waited for",
        ),
        (
            events.LaneRestored(took=SECOND, conversations=0, checkpoint=None),
            "info: the lane is ours: 0 conversations restored in 1 s, head watermark none: a first start",
        ),
        (
            events.PageCompared(read=read(), number=3, new=2, unchanged=98, dead_letters={}),
            "debug: page 3 committed: 2 new, 98 unchanged",
        ),
        (events.PageCompared(read=read(), number=3, dead_letters={}), "debug: page 3 committed: nothing"),
        (
            events.SourceBlocked(
                reason="BreakerOpen", message="m", what_to_do=errors.SourceUnavailable.what_to_do, wait=1234 * SECOND
            ),
            "warning: nothing can be read from Genesys Cloud (BreakerOpen): m; tried again in 1234 s",
        ),
        (
            events.ReadFailed(read=read(), error="RateLimited", message="m", what_to_do="w"),
            f"warning: the read of {WINDOW} failed (RateLimited): m; it is made again",
        ),
        (
            events.ReadCompleted(read=read(), end=read_end(unread="over the cap"), took=SECOND, records=1),
            "warning: read, except a part: over the cap; it is a hole now",
        ),
        (
            events.WebhookDelivered(delivery_id="d-1", about="an_event", attempts=2, age=SECOND),
            "info: the webhook took an_event d-1, attempt 2",
        ),
        (
            events.WebhookRetried(
                delivery_id="d-1", about="an_event", reason="5xx", message="it answers 500", attempt=1, wait=5 * SECOND
            ),
            "warning: the webhook did not take an_event d-1 (it answers 500), attempt 1; tried again in 5 s",
        ),
        (
            events.WebhookGivenUp(delivery_id="d-1", about="an_event", reason="full", message="too many are pending"),
            "error: the webhook was never told of an_event d-1 (too many are pending), and will not be",
        ),
        (
            events.WebhookNotKept(message="no room", what_to_do="make room"),
            "error: what the webhook is to be told can't be kept: no room",
        ),
    ],
)
def test_the_level_and_the_words_of_the_other_events(event: events.Event, expected: str) -> None:
    line = line_of(event)
    told = f"{logging.getLevelName(line.level).lower()}: {line.message}" if line else "nothing"
    assert told == expected


@pytest.mark.parametrize(
    "told",
    [
        lambda text: source_blocked(errors.SourceUnavailable(text)),
        lambda text: events.ReadFailed(read=read(), error="BreakerOpen", message=text, what_to_do="w"),
    ],
)
def test_lines_that_differ_in_a_number_only_are_repetitions(told: Callable[[str], events.Event]) -> None:
    lines = [line_of(told(text)) for text in ("open for 8 s more", "open for 15 s more", "no route to host")]
    keys = [line.same_as for line in lines if line]
    assert keys[0] == keys[1] != keys[2]


def test_an_action_is_the_name_of_the_event() -> None:
    assert action_of(events.ConversationDeadLettered) == "conversation_dead_lettered"
