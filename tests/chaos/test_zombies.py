"""Two daemons with one identity: one a zombie, stopped in a transaction and overtaken; or both alive and at odds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from signal import Signals

import pytest

from producer import errors
from producer.dev.broker import Broker
from producer.dev.judge.verdict import Verdict
from tests.support.chaos.history import History, script
from tests.support.chaos.plans import Blow, Life, Point
from tests.support.stage import Line, Stage

pytestmark = pytest.mark.timeout(120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What the zombie and its successor said, how they ended, and what is on the topics."""

    fenced: Line
    successor_fenced: list[Line]
    exit_codes: tuple[int, int]
    verdict: Verdict


LET_GO = (Point.RECORDS_SENT, Point.ACKNOWLEDGED, Point.ENDED)
"""Where the zombie stood still: with a transaction open that its successor aborts, or committed without knowing."""


@pytest.fixture(scope="module", params=LET_GO)
def run(request: pytest.FixtureRequest, broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with Stage(broker, tmp_path_factory.mktemp("zombies"), script()) as stage:
        history = History(stage)
        blow = Blow(point=request.param, number=3, signal=Signals.SIGSTOP)
        zombie = history.victim(Life(blows=[blow]))
        history.wait_until_frozen(zombie, blows=1)
        successor = history.successor()
        history.caught_up(successor)
        zombie.signal(Signals.SIGCONT)
        fenced = zombie.wait_for_line("lane_fenced")
        zombie_ended = zombie.stop()
        history.caught_up(successor)
        successor_ended = successor.stop()
        yield Run(
            fenced=fenced,
            successor_fenced=successor.lines("lane_fenced"),
            exit_codes=(zombie_ended, successor_ended),
            verdict=stage.verdict(),
        )


def test_the_zombie_is_fenced_and_says_so(run: Run) -> None:
    assert (run.fenced["level"], run.fenced["what_to_do"]) == ("error", errors.Fenced.what_to_do)


def test_its_successor_goes_on(run: Run) -> None:
    assert run.successor_fenced == []
    assert run.exit_codes == (0, 0)


def test_nothing_is_doubled(run: Run) -> None:
    assert run.verdict.zeros, run.verdict.as_json()


def test_two_that_take_the_lane_from_one_another_double_nothing(broker: Broker, tmp_path: Path) -> None:
    with Stage(broker, tmp_path, script()) as stage:
        history = History(stage)
        first = history.successor()
        history.caught_up(first)
        second = history.successor()
        first.wait_for_line("lane_fenced")
        history.caught_up(second)
        second.wait_for_line("lane_fenced")  # the first has waited, and takes the lane back

        assert (first.stop(), second.stop()) == (0, 0)
        verdict = stage.verdict()
        assert verdict.zeros, verdict.as_json()
