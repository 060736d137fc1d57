"""The judge under test: the product broken on purpose loses or doubles, and the judge finds it out; so does `verify`.

Each history is made so that the fault must show: nothing here depends on luck or on time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from signal import Signals

import pytest

from producer import errors
from producer.dev.broker import Broker
from producer.verify.findings import Check
from tests.support.chaos.history import History, script
from tests.support.chaos.mutants import batches_not_awaited, checkpoint_before_records, restore_before_ownership
from tests.support.chaos.plans import Blow, Life, Point
from tests.support.stage import Stage

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def history(broker: Broker, tmp_path: Path) -> Iterator[History]:
    with Stage(broker, tmp_path, script()) as stage:
        yield History(stage)


def test_a_checkpoint_before_its_records_loses_them(history: History) -> None:
    torn = Life(blows=[Blow(point=Point.TORN, number=1)], mutant=checkpoint_before_records.__name__)
    history.lived(torn)
    successor = history.successor()
    history.caught_up(successor)

    assert successor.stop() == 0
    verdict = history.stage.verdict()
    assert verdict.lost > 0, verdict.as_json()
    assert history.stage.verified().findings.counts[Check.MISSING] > 0  # of the dead letters in it nothing tells


def test_a_refused_batch_that_nobody_awaits_is_lost(history: History) -> None:
    mutant = history.victim(Life(blows=[], mutant=batches_not_awaited.__name__, refused_batch=True))
    history.caught_up(mutant)

    assert mutant.stop() == 0
    verdict = history.stage.verdict()
    assert verdict.lost > 0, verdict.as_json()
    assert verdict.unaccounted > 0, verdict.as_json()
    counts = history.stage.verified().findings.counts
    assert counts[Check.MISSING] > 0
    assert counts[Check.SUMS] > 0


def test_a_refused_batch_that_is_awaited_is_not(history: History) -> None:
    sound = history.victim(Life(blows=[], refused_batch=True))
    discarded = sound.wait_for_line("batch_discarded")
    history.caught_up(sound)

    assert sound.stop() == 0
    assert discarded["error"] == errors.SinkRefused.__name__
    verdict = history.stage.verdict()
    assert verdict.zeros, verdict.as_json()
    assert history.stage.verified().ok


def test_a_restore_before_ownership_doubles_what_a_predecessor_still_commits(history: History) -> None:
    """The predecessor stands still in a transaction, the mutant restores, the predecessor commits, the mutant works."""
    predecessor = history.victim(
        Life(
            blows=[
                Blow(point=Point.RECORDS_SENT, number=1, signal=Signals.SIGSTOP),
                Blow(point=Point.RECORDS_COMMITTED, number=1),
            ]
        )
    )
    history.wait_until_frozen(predecessor, blows=1)
    mutant = history.victim(
        Life(
            blows=[Blow(point=Point.RESTORED_EARLY, number=1, signal=Signals.SIGSTOP)],
            mutant=restore_before_ownership.__name__,
        )
    )
    history.wait_until_frozen(mutant, blows=2)
    predecessor.signal(Signals.SIGCONT)
    predecessor.wait_for_end()
    mutant.signal(Signals.SIGCONT)
    history.caught_up(mutant)

    assert mutant.stop() == 0
    verdict = history.stage.verdict()
    assert verdict.doubled > 0, verdict.as_json()
    found = history.stage.verified().findings.counts
    assert 0 < found[Check.DOUBLED] <= verdict.doubled  # which counts dead letters too
