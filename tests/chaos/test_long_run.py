"""The long run: 120 kills, an organisation that answers badly, and a broker that is killed as well (`make soak`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from producer.dev.broker import Broker
from producer.errors import PrerequisiteMissing
from producer.verify.report import as_text
from tests.support.chaos.history import History, script
from tests.support.chaos.plans import Point, lives
from tests.support.stage import Stage

pytestmark = [pytest.mark.soak, pytest.mark.kafka, pytest.mark.timeout(3_600)]

DECKS = 4
OUTAGE_EVERY = 5
LONG_LIVED = {Point.BEGUN, Point.SENT, Point.ACKNOWLEDGED, Point.ENDING, Point.ENDED, Point.COMMITTED, Point.MOVED}
"""Points of lives that come as far as their second transaction, where an outage can meet them."""
FAULTS = ("server-error", "bad-gateway", "truncated", "reset", "unauthorized", "rate-limited")
FAULT_SHARE = 0.05


@pytest.mark.parametrize("seed", [1, 2])
def test_kills_outages_and_bad_answers(seed: int, tmp_path: Path) -> None:
    try:
        own = Broker.started()
    except PrerequisiteMissing as missing:
        pytest.skip(f"{missing}. {missing.what_to_do}; then: make soak")
    with own as broker, Stage(broker, tmp_path, script(seed)) as stage:
        history = History(stage)
        for fault in FAULTS:
            stage.organisation.inject(fault, probability=FAULT_SHARE / len(FAULTS))
        outages = 0
        for number, life in enumerate(lives(seed, DECKS), 1):
            if number // OUTAGE_EVERY > outages and life.blows[-1].point in LONG_LIVED:
                outages += 1
                history.lived_through_an_outage(life)
            else:
                history.lived(life)
        last = history.successor()
        history.caught_up(last)

        assert last.stop() == 0
        verdict = stage.verdict()
        assert verdict.zeros, verdict.as_json()
        report = stage.verified()
        assert report.ok, as_text(report)
        assert report.records == verdict.records
        assert outages >= DECKS * 5
        assert set(FAULTS) <= set(stage.organisation.stats()["faults"])
