from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from producer.dev.judge.verdict import Freshness, Lateness, Verdict

CLEAN = Verdict(
    lost=0,
    behind=0,
    doubled=0,
    disordered=0,
    invented=0,
    unaccounted=0,
    judged=600,
    changed=120,
    unseen={"midnight": 1, "laterChange": 2},
    beyond_horizon=3,
    poisoned=1,
    dead_letters=1,
    records=800,
    transactions=60,
    requests=300,
    rate_limited=0,
    freshness=Freshness(p50=41.5, p99=None),
    head_through=1_772_445_600_000,
)


def test_a_verdict_is_one_json_object() -> None:
    assert CLEAN.as_json() == {
        "judged": 600,
        "changed": 120,
        "lost": 0,
        "behind": 0,
        "doubled": 0,
        "disordered": 0,
        "invented": 0,
        "unaccounted": 0,
        "unseen": {"laterChange": 2, "midnight": 1},
        "beyondHorizon": 3,
        "poisoned": 1,
        "deadLetters": 1,
        "records": 800,
        "requests": 300,
        "rateLimited": 0,
        "freshnessSeconds": {"p50": 41.5, "p99": None},
        "transactions": 60,
        "headThrough": "2026-03-02T10:00:00.000+00:00",
    }


def test_without_a_watermark_nothing_is_promised() -> None:
    assert replace(CLEAN, head_through=None).as_json()["headThrough"] is None


def test_a_clean_run_has_zeros() -> None:
    assert CLEAN.zeros


@pytest.mark.parametrize(
    "faulty",
    [
        replace(CLEAN, lost=1),
        replace(CLEAN, behind=1),
        replace(CLEAN, doubled=1),
        replace(CLEAN, disordered=1),
        replace(CLEAN, invented=1),
        replace(CLEAN, unaccounted=1),
        replace(CLEAN, rate_limited=1),
    ],
)
def test_any_fault_is_no_zero(faulty: Verdict) -> None:
    assert not faulty.zeros


END = datetime.fromtimestamp(1_772_445_600, UTC)


@pytest.mark.parametrize(
    ("ended_at", "tolerable", "shown"),
    [
        (END, True, 0.0),
        (END + timedelta(seconds=70), True, 70.0),
        (END + timedelta(seconds=70, milliseconds=1), False, 70.001),
        (END + timedelta(minutes=30), False, 1800.0),
    ],
)
def test_a_head_that_stayed_behind_the_end_says_nothing_of_it(
    *, ended_at: datetime, tolerable: bool, shown: float
) -> None:
    lateness = Lateness.of(CLEAN, ended_at=ended_at, allowed=timedelta(seconds=70))

    assert lateness.tolerable is tolerable
    assert lateness.as_json() == {"headBehindSeconds": shown, "headBehindAllowedSeconds": 70.0}


def test_a_run_without_a_watermark_is_late_by_no_number() -> None:
    lateness = Lateness.of(replace(CLEAN, head_through=None), ended_at=END, allowed=timedelta(days=1))

    assert not lateness.tolerable
    assert lateness.as_json() == {"headBehindSeconds": None, "headBehindAllowedSeconds": 86_400.0}
