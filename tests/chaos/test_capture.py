"""Nothing lost, nothing frozen: a small run of capture with all its reads, over a midnight, with kills and faults."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from producer.dev.broker import Broker
from producer.dev.judge.verdict import Verdict
from tests.support.chaos.capture import Capture, play, verified
from tests.support.chaos.history import History
from tests.support.stage import Stage

pytestmark = pytest.mark.timeout(300)

MINUTE = timedelta(minutes=1)
SMALL = Capture(
    origin=datetime(2026, 3, 10, 23, 15, tzinfo=UTC),
    speed=120.0,
    rate=150_000,
    births=75 * MINUTE,
    rest=50 * MINUTE,
    poll=MINUTE / 2,
    head=(MINUTE / 2, 2 * MINUTE),
    ages=(4 * MINUTE, 10 * MINUTE, 20 * MINUTE, 35 * MINUTE),
    kills=4,
    faults=0.05,
    settings={"CAPTURE__WATCH__ADOPT": "1d"},
    organisation={"lifetimes": 1 / 8},
)


@pytest.fixture(scope="module")
def history(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    with Stage(broker, tmp_path_factory.mktemp("capture"), SMALL.script()) as stage:
        history = History(stage)
        play(history, SMALL)
        yield history


@pytest.fixture(scope="module")
def verdict(history: History) -> Verdict:
    return history.stage.verdict()


def test_nothing_is_lost_behind_doubled_or_out_of_order(verdict: Verdict) -> None:
    assert verdict.zeros, verdict.as_json()


def test_every_change_that_a_read_could_return_was_seen(verdict: Verdict) -> None:
    assert verdict.unseen == {}, verdict.as_json()
    assert verdict.beyond_horizon > 0  # else the horizon was not put to the test


def test_there_was_enough_to_judge(verdict: Verdict) -> None:
    enough = (verdict.judged >= 1_000, verdict.changed >= 250, verdict.poisoned > 0)
    assert enough == (True, True, True), verdict.as_json()


def test_verify_agrees_with_the_judge(history: History) -> None:
    code, report = verified(history)
    assert code == 0, report
