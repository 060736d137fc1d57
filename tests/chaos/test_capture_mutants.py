"""The judge of capture under test: each history is judged clean of the product, and found wanting of a broken one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from producer.dev.broker import Broker
from producer.dev.judge.verdict import Verdict
from tests.support.chaos.capture import Capture, play
from tests.support.chaos.capture_mutants import (
    checkpoint_over_a_hole,
    evicted_by_clock,
    late_rereads,
    without_adoption,
    without_as_of_order,
    without_fingerprint,
    without_overlap,
    without_rereads,
    without_watch,
)
from tests.support.chaos.history import History
from tests.support.stage import Stage

pytestmark = pytest.mark.timeout(150)

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
TAIL = {"visibility_tail": 3 * MINUTE, "visibility_tail_probability": 0.2, "lifetimes": 1 / 8}

NIGHT = Capture(
    origin=datetime(2026, 3, 10, 23, 52, tzinfo=UTC),
    speed=60.0,
    rate=150_000,
    births=12 * MINUTE,
    rest=9 * MINUTE,
    poll=15 * SECOND,
    head=(10 * SECOND, MINUTE),
    ages=(4 * MINUTE,),
    settings={"CAPTURE__WATCH__ADOPT": "1d"},
    organisation=TAIL,
)
"""Over a midnight, with changes that show late."""
DAWN = replace(
    NIGHT,
    origin=datetime(2026, 3, 11, 0, 10, tzinfo=UTC),
    speed=30.0,
    rate=200_000,
    births=3 * MINUTE,
    rest=9 * MINUTE,
    ages=(60 * MINUTE,),
)
"""What began yesterday is open. Half as fast: all of it is asked for before much of it has ended."""
MORNING = Capture(
    origin=datetime(2026, 3, 10, 10, tzinfo=UTC),
    speed=60.0,
    rate=8_000,
    births=6 * MINUTE,
    rest=7 * MINUTE,
    poll=15 * SECOND,
    head=(10 * SECOND, 3 * MINUTE),
    ages=(60 * MINUTE,),
    settings={"CAPTURE__WATCH__ADOPT": "0s"},
    organisation=TAIL,
)
"""Too short for a re-read: only the head's overlap shows what shows late."""
REFUSED = replace(
    MORNING,
    poll=30 * SECOND,
    head=(30 * SECOND, timedelta(0)),
    refused=3,
    organisation={"visibility_tail": 10 * SECOND},
)
"""Some windows of the head are refused, and no overlap reaches them again."""
LATE = replace(
    MORNING,
    rate=40_000,
    poll=5 * SECOND,
    rest=2 * MINUTE,
    head=(10 * SECOND, 2 * MINUTE),
    ages=(30 * SECOND,),
    settings={"CAPTURE__WATCH__ADOPT": "0s", "CAPTURE__WATCH__WRAP_UP": "0s"},
    organisation={},
)
"""What re-reads are answered comes when the head has long seen more."""


def judged(capture: Capture, broker: Broker, directory: Path, mutant: str) -> Verdict:
    with Stage(broker, directory, capture.script()) as stage:
        play(History(stage), capture, mutant)
        return stage.verdict()


@pytest.mark.parametrize(
    ("capture", "luck"),
    [
        pytest.param(NIGHT, "", id="night"),
        pytest.param(DAWN, "", id="dawn"),
        pytest.param(MORNING, "", id="morning"),
        pytest.param(REFUSED, "", id="refused"),
        pytest.param(LATE, late_rereads.__name__, id="late"),
    ],
)
def test_the_product_misses_nothing(capture: Capture, luck: str, broker: Broker, tmp_path: Path) -> None:
    verdict = judged(capture, broker, tmp_path, luck)
    assert verdict.zeros, verdict.as_json()
    assert verdict.unseen == {}, verdict.as_json()
    assert verdict.judged > 30, verdict.as_json()


UNSEEN: Mapping[str, tuple[Capture, set[str]]] = {
    without_watch.__name__: (NIGHT, {"midnight"}),
    without_rereads.__name__: (NIGHT, {"visibilityTail", "laterChange"}),
    without_adoption.__name__: (DAWN, {"midnight"}),
    without_overlap.__name__: (MORNING, {"visibilityTail", "laterChange", "pageDrift"}),
    checkpoint_over_a_hole.__name__: (REFUSED, {"pageDrift"}),
}


@pytest.mark.parametrize("mutant", UNSEEN)
def test_what_a_mutant_does_not_see_is_found_out(mutant: str, broker: Broker, tmp_path: Path) -> None:
    capture, causes = UNSEEN[mutant]
    verdict = judged(capture, broker, tmp_path, mutant)
    assert verdict.unseen.keys() & causes, verdict.as_json()


@pytest.mark.parametrize(
    ("mutant", "capture"),
    [
        pytest.param(without_fingerprint.__name__, MORNING, id="without_fingerprint"),
        pytest.param(evicted_by_clock.__name__, NIGHT, id="evicted_by_clock"),
    ],
)
def test_what_a_mutant_sends_twice_is_found_out(mutant: str, capture: Capture, broker: Broker, tmp_path: Path) -> None:
    verdict = judged(capture, broker, tmp_path, mutant)
    assert verdict.doubled > 0, verdict.as_json()


def test_what_an_answer_that_comes_late_brings_back_is_found_out(broker: Broker, tmp_path: Path) -> None:
    verdict = judged(LATE, broker, tmp_path, without_as_of_order.__name__)
    assert verdict.behind > 0, verdict.as_json()
