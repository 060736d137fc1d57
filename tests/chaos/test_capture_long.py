"""The long run of capture: three days of a whole organisation, with everything that goes wrong (`make soak`)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from producer.dev.broker import Broker
from producer.errors import PrerequisiteMissing
from tests.support.chaos.capture import Capture, play, setting, verified
from tests.support.chaos.history import History
from tests.support.stage import Stage

pytestmark = [pytest.mark.soak, pytest.mark.kafka, pytest.mark.timeout(7_200)]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EIGHTH = 1 / 8
LAST_AGE = 8 * DAY * EIGHTH
LONG = Capture(
    origin=datetime(2026, 3, 10, 10, tzinfo=UTC),
    speed=120.0,
    rate=5_000,
    births=3 * DAY,
    rest=LAST_AGE * (1 + EIGHTH) + 2 * HOUR,
    poll=MINUTE,
    head=(MINUTE / 2, 5 * MINUTE),
    ages=(15 * MINUTE * EIGHTH, 2 * HOUR * EIGHTH, 24 * HOUR * EIGHTH, LAST_AGE),
    kills=20,
    faults=0.05,
    settings={
        "CAPTURE__WATCH__WRAP_UP": setting(4 * HOUR * EIGHTH),
        "CAPTURE__WATCH__MESSAGE": setting(72 * HOUR * EIGHTH),
        "CAPTURE__WATCH__EMAIL": setting(30 * DAY * EIGHTH),
        "CAPTURE__WATCH__ADOPT": setting(30 * DAY * EIGHTH),
    },
    organisation={"lifetimes": EIGHTH},
    machine=timedelta(seconds=10),
)
"""Its clock takes about fifty minutes."""


def test_three_days_with_kills_and_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        own = Broker.started()
    except PrerequisiteMissing as missing:
        pytest.skip(f"{missing}. {missing.what_to_do}; then: make soak")
    with own as broker, Stage(broker, tmp_path, LONG.script()) as stage:
        history = History(stage)
        play(history, LONG)
        verdict, verification = stage.verdict(), verified(history)
        with capsys.disabled():
            print("\n" + json.dumps(verdict.as_json(), indent=2))  # noqa: T201 - the figures of the run are its result

        assert verdict.zeros, verdict.as_json()
        assert verification[0] == 0, verification
        assert verdict.unseen == {}, verdict.as_json()
        enough = (verdict.judged >= 12_000, verdict.changed >= 6_000, verdict.beyond_horizon > 0)
        assert enough == (True, True, True), verdict.as_json()
