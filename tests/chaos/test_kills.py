"""Thirty kills at seeded points of the product's way, on a real broker, while the organisation evolves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from producer.dev.broker import Broker
from producer.dev.judge.verdict import Verdict
from producer.verify.report import as_text
from producer.verify.verification import Report
from tests.support.chaos.history import HEAD_LAG, POLL_INTERVAL, SPEED, History, Struck, script
from tests.support.chaos.plans import Point, lives
from tests.support.stage import Stage

pytestmark = pytest.mark.timeout(300)

SEED = 20_260_310
KILLS = 30
TRANSACTIONS = 200
SLOW_POLL = 2 * timedelta(seconds=SPEED)
"""What two real seconds are on the run's clock: HTTP and Kafka are no faster on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of the thirty lives and of the last one, which nobody struck.

    `committed` is how many transactions were committed when the thirtieth was dead.
    """

    kills: list[Struck]
    committed: int
    exit_code: int
    stopped_at: datetime
    verdict: Verdict
    report: Report


@pytest.fixture(scope="module")
def run(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with Stage(broker, tmp_path_factory.mktemp("kills"), script()) as stage:
        history = History(stage)
        kills = [history.lived(life) for life in lives(SEED)]
        committed = history.transactions()
        last = history.successor()
        history.caught_up(last, TRANSACTIONS)
        stopped_at = stage.now()
        exit_code = last.stop()
        yield Run(
            kills=kills,
            committed=committed,
            exit_code=exit_code,
            stopped_at=stopped_at,
            verdict=stage.verdict(),
            report=stage.verified(),
        )


def test_thirty_times_it_was_killed_where_it_hurts(run: Run) -> None:
    assert len(run.kills) == KILLS
    assert sum(kill.in_transaction for kill in run.kills) >= 10
    assert sum(kill.restoring for kill in run.kills) >= 5


def test_what_was_committed_when_nobody_knew_is_committed(run: Run) -> None:
    known = sum(kill.committed for kill in run.kills)
    answered = sum(kill.point is Point.ENDED for kill in run.kills)
    asked_for = sum(kill.point is Point.ENDING for kill in run.kills)
    assert known + answered <= run.committed <= known + answered + asked_for


def test_nothing_is_lost_doubled_or_out_of_order(run: Run) -> None:
    assert run.verdict.zeros, run.verdict.as_json()


def test_verify_agrees_with_the_judge(run: Run) -> None:
    assert run.report.ok, as_text(run.report)
    assert run.report.records == run.report.made_again == run.verdict.records


def test_there_was_enough_to_judge(run: Run) -> None:
    verdict = run.verdict
    assert verdict.transactions >= TRANSACTIONS
    enough = (verdict.judged >= 500, verdict.changed >= 100, verdict.poisoned > 0)
    assert enough == (True, True, True), verdict.as_json()


def test_the_last_life_caught_up_and_stopped_softly(run: Run) -> None:
    assert run.exit_code == 0
    assert run.verdict.head_through is not None
    through = datetime.fromtimestamp(run.verdict.head_through / 1_000, UTC)
    assert run.stopped_at - through <= HEAD_LAG + 2 * POLL_INTERVAL + SLOW_POLL


def test_the_same_seed_gives_the_same_lives() -> None:
    assert list(map(str, lives(SEED))) == list(map(str, lives(SEED)))
