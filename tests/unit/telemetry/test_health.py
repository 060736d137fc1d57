from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest

from producer import errors, events
from producer.telemetry.health import STALE_AFTER, Health, Reason
from producer.telemetry.names import NOT_READY
from tests.support.happenings import NOON, SECOND, checkpoint, one_of_each

RESTORED = events.LaneRestored(source="default", took=SECOND, conversations=0, checkpoint=None)
COMMITTED = events.BatchCommitted(records=1, took=SECOND, checkpoint=checkpoint("x"), tracked=1)


def minutes() -> Iterator[datetime]:
    return (NOON + timedelta(minutes=number) for number in count())


def health_after(*told: events.Event) -> Health:
    """Health that was told these events, a minute apart."""
    clock = minutes()
    health = Health(now=lambda: next(clock), monotonic=lambda: 0.0)
    for event in told:
        health.observe(event)
    return health


def blocked(error: type[errors.SourceError], source: str = "default") -> events.SourceBlocked:
    return events.SourceBlocked(
        source=source, reason=error.__name__, message="m", what_to_do=error.what_to_do, wait=SECOND
    )


def sink_blocked(error: type[errors.SinkError]) -> events.SinkBlocked:
    return events.SinkBlocked(
        source="default", reason=error.__name__, message="m", what_to_do=error.what_to_do, wait=SECOND
    )


def reasons_after(*told: events.Event) -> list[str]:
    return [f"{reason.source} {reason.reason}".strip() for reason in health_after(RESTORED, *told).reasons()]


def test_it_is_not_ready_until_the_lane_is_restored() -> None:
    assert health_after().reasons() == (
        Reason(
            reason="restoring",
            message="the state of the lane is not restored yet",
            what_to_do="wait; a line `lane_restored` tells",
            since=NOON,
        ),
    )
    assert health_after(RESTORED).reasons() == ()


def test_a_reason_says_what_happened_since_when_and_what_to_do() -> None:
    health = health_after(RESTORED, blocked(errors.PermissionMissing))
    assert health.reasons() == (
        Reason(
            reason="credentials",
            message="m",
            what_to_do=errors.PermissionMissing.what_to_do,
            since=NOON + timedelta(minutes=1),
            source="default",
        ),
    )


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([sink_blocked(errors.SinkUnavailable)], ["broker"]),
        ([sink_blocked(errors.SinkUnavailable), RESTORED], []),
        ([events.CommitDelayed(waited=5 * SECOND)], ["broker"]),
        ([events.CommitDelayed(waited=5 * SECOND), COMMITTED], []),
        ([events.BatchDiscarded(reason="x", message="m", what_to_do="w")], ["restoring"]),
        ([events.BatchDiscarded(reason="x", message="m", what_to_do="w"), RESTORED], []),
        ([events.LaneFenced(message="m"), sink_blocked(errors.Fenced)], ["fenced"]),
        ([events.LaneFenced(message="m"), RESTORED], []),
        ([blocked(errors.CredentialsRefused)], ["default credentials"]),
        ([blocked(errors.AddressNotAllowed)], ["default credentials"]),
        ([blocked(errors.WrongOrganisation)], ["default credentials"]),
        ([blocked(errors.SourceUnavailable)], ["default source"]),
        ([blocked(errors.RateLimited)], []),
        ([blocked(errors.PermissionMissing), events.SourceRecovered(source="default")], []),
        ([events.TokenRefused(source="default", reason="x")], ["default credentials"]),
        (
            [
                events.TokenRefused(source="default", reason="x"),
                events.TokenRefreshed(source="default", expires_at=NOON),
            ],
            [],
        ),
        (
            [blocked(errors.CredentialsRefused), events.TokenRefreshed(source="default", expires_at=NOON)],
            [],
        ),
        (
            [blocked(errors.PermissionMissing), events.TokenRefreshed(source="default", expires_at=NOON)],
            ["default credentials"],
        ),
        ([events.TokenRefreshed(source="default", expires_at=NOON)], []),
        ([events.BreakerChanged(source="default", state="open", reason="5 x 503")], ["default breaker"]),
        ([events.BreakerChanged(source="default", state="half_open")], ["default breaker"]),
        (
            [
                events.BreakerChanged(source="default", state="open"),
                events.BreakerChanged(source="default", state="closed"),
            ],
            [],
        ),
        ([events.StopRequested(signal="SIGTERM")], ["stopping"]),
        (
            [blocked(errors.SourceUnavailable, "emea"), blocked(errors.SourceUnavailable, "us")],
            ["emea source", "us source"],
        ),
        (
            [
                blocked(errors.SourceUnavailable, "emea"),
                blocked(errors.SourceUnavailable, "us"),
                events.SourceRecovered(source="emea"),
            ],
            ["us source"],
        ),
    ],
)
def test_what_blocks_and_what_clears(told: list[events.Event], expected: list[str]) -> None:
    assert reasons_after(*told) == expected


def test_a_cause_that_lasts_keeps_its_beginning_and_takes_the_newest_words() -> None:
    first = sink_blocked(errors.SinkUnavailable)
    second = events.SinkBlocked(reason="SinkRefused", message="no ACL", what_to_do="w", wait=SECOND)
    (reason,) = health_after(RESTORED, first, second).reasons()
    assert (reason.message, reason.since) == ("no ACL", NOON + timedelta(minutes=1))


def test_every_reason_is_a_label_value_of_the_metric() -> None:
    found = {reason.reason for reason in health_after(*one_of_each("x")).reasons()}
    known = [sink_blocked(errors.SinkUnavailable), blocked(errors.CredentialsRefused), *one_of_each("x")]
    found |= {reason.reason for event in known for reason in health_after(event).reasons()}
    assert found == set(NOT_READY.labels[0].values)


def test_it_lives_as_long_as_the_loop_beats() -> None:
    seconds = [0.0]
    health = Health(now=lambda: NOON, monotonic=lambda: seconds[0])
    seconds[0] = STALE_AFTER - 1
    assert health.live()
    seconds[0] = STALE_AFTER
    assert not health.live()
    health.observe(events.LoopLagMeasured(lag=SECOND))
    assert health.live()


def test_neither_kafka_nor_genesys_decides_about_life() -> None:
    assert health_after(sink_blocked(errors.SinkUnavailable), blocked(errors.CredentialsRefused)).live()
