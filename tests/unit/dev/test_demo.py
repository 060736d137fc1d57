"""The pieces of the demo: when its clock starts, what it refuses, what it shows, what the daemon inherits."""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from producer.dev.demo import command
from producer.dev.demo.command import last_weekday_at_ten
from producer.dev.demo.view import View, line_of, status_line

MONDAY = datetime(2026, 3, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-03-10T10:00:00", "2026-03-10"),  # Tuesday
        ("2026-03-10T23:59:59", "2026-03-10"),
        ("2026-03-10T09:59:59", "2026-03-09"),
        ("2026-03-09T10:00:00", "2026-03-09"),  # Monday
        ("2026-03-09T09:59:59", "2026-03-06"),  # its morning: Friday
        ("2026-03-08T12:00:00", "2026-03-06"),  # Sunday
        ("2026-03-07T00:00:00", "2026-03-06"),  # Saturday
        ("2026-01-01T03:00:00", "2025-12-31"),
    ],
)
def test_its_clock_starts_in_the_busy_hour_of_the_last_weekday(now: str, then: str) -> None:
    assert last_weekday_at_ten(datetime.fromisoformat(f"{now}+00:00")).isoformat() == f"{then}T10:00:00+00:00"


def _parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    command.configure(parser)
    return parser.parse_args(words)


def test_its_arguments() -> None:
    assert vars(_parsed("--duration", "60s", "--speed", "60", "--origin", "2026-03-10T11:00:00+01:00")) == {
        "duration": timedelta(seconds=60),
        "output": "text",
        "speed": 60.0,
        "origin": datetime(2026, 3, 10, 10, tzinfo=UTC),
        "rate": 60_000,
        "seed": 1,
        "dialect": "platform",
    }


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("--duration", "soon"), "soon must be a whole number with ms, s, m, h or d, for example 30s"),
        (("--duration", "0s"), "0s is no time at all"),
        (("--origin", "2026"), "2026 must be an ISO 8601 instant"),
        (("--origin", "2026-03-10T10:00:00"), "must say its offset from UTC"),
        (("--speed", "0"), "0 is not between 0.01 and 100000"),
        (("--speed", "nan"), "nan is not between"),
        (("--rate", "1000001"), "1000001 is not between 1 and 1000000"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_starts(words: tuple[str, ...], refusal: str) -> None:
    with pytest.raises(argparse.ArgumentError) as refused:
        _parsed(*words)

    assert refusal in str(refused.value)


RECORD: dict[str, Any] = {
    "recordId": "a",
    "revision": 2,
    "channelType": "VOICE",
    "direction": "inbound",
    "startTime": datetime(2026, 3, 10, 9, 59, 30, tzinfo=UTC),
    "durationMs": 61_400,
    "participantCount": 3,
    "queueName": "Support North",
    "wrapUpCode": "c-1",
    "wrapUpCodeName": "Resolved",
}


def test_a_record_in_a_line() -> None:
    names = {"queueName": None, "wrapUpCodeName": None}
    bare = RECORD | names | {"direction": None, "startTime": None, "durationMs": None, "wrapUpCode": None}

    told = "a rev 2 VOICE inbound began 09:59:30 61 s 3 participants"
    assert " ".join(line_of(RECORD).split()) == f"{told} Support North, Resolved"
    assert " ".join(line_of(RECORD | names).split()) == f"{told} c-1"
    assert " ".join(line_of(bare).split()) == "a rev 2 VOICE - began - open 3 participants"


SOURCE: dict[str, Any] = {
    "covered_to": "2026-03-10T10:05:00+00:00",
    "uncovered_seconds": 2.6,
    "holes_in_all": 1,
    "used": 12,
    "cap": 270,
    "rate_limited": 0,
}
NOTHING_YET = {"covered_to": None, "uncovered_seconds": None, "holes_in_all": 0, "used": None, "cap": None}


def test_coverage_and_budget_in_a_line() -> None:
    assert (
        status_line({"ready": True, "sources": [SOURCE]})
        == "covered to 10:05:00Z, 3 s due, 1 holes | 12 of 270 requests a minute, 0 refused"
    )
    assert (
        status_line({"ready": True, "sources": [SOURCE | NOTHING_YET]})
        == "covered to -, - s due, 0 holes | 0 of - requests a minute, 0 refused"
    )
    assert (
        status_line({"ready": False, "reasons": [{"reason": "broker"}, {"reason": "restore"}]})
        == "not ready: broker; restore"
    )


def test_the_view_shows_some_counts_all_and_says_where_the_daemon_stands_now_and_then() -> None:
    view = View(io.StringIO())
    records: Iterator[dict[str, Any]] = ({**RECORD, "recordId": f"r{n}", "revision": 1 + n % 2} for n in range(7))

    view.show(records)
    for second in (0, 1, 4, 5):
        view.show_status(None, MONDAY, MONDAY + timedelta(seconds=second))

    lines = view.out.getvalue().splitlines()  # type: ignore[attr-defined]  # it is the StringIO from above
    assert [line.split()[0] for line in lines[:4]] == ["r0", "r1", "r2", "r3"]
    standing = "00:00:00Z  4 conversations, 3 changes on the topic | the daemon does not answer yet"
    assert lines[4:] == [standing, standing]
