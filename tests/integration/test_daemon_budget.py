"""Ten times as much goes on as the budget can carry: the head stays near, the re-reads are late, and both are said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from producer.dev.broker import Broker
from producer.dev.judge.verdict import Verdict
from tests.support.stage import ORIGIN, Script, Stage

pytestmark = [pytest.mark.timeout(180), pytest.mark.kafka]

BUDGET = 30
"""Requests a minute, three quarters of them the head's. A poll takes seven or eight: at its interval, 220 a minute."""
POLL = timedelta(seconds=2)
AGE = timedelta(minutes=2)
SCRIPT = Script(
    rate=80_000,
    settings={
        "LIMITS__REQUESTS_PER_MINUTE": str(BUDGET),
        "LIMITS__HEADROOM": "0",
        "CAPTURE__START": ORIGIN.isoformat(),
        "CAPTURE__REREADS": "2m,1h",
        "CAPTURE__WATCH__ADOPT": "0s",
        "CAPTURE__OVERLAP": "1m",
        "CAPTURE__POLL_INTERVAL": "2s",
    },
)
FOLLOWED = timedelta(minutes=15)
"""Product time; twenty times as fast as in life."""


@dataclass(slots=True, kw_only=True)
class Run:
    """What was seen of the run."""

    source: dict[str, Any]
    at: datetime
    reads: dict[str, int]
    verdict: Verdict


@pytest.fixture(scope="module")
def run(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with Stage(broker, tmp_path_factory.mktemp("budget"), SCRIPT) as stage:
        stage.make_topics()
        daemon = stage.start()
        status = daemon.wait_until(lambda _status: stage.now() > ORIGIN + FOLLOWED, f"{FOLLOWED} gone by", 90)
        at = stage.now()
        lines = daemon.lines("read_completed")
        reads = {kind: len([line for line in lines if line["read"] == kind]) for kind in ("head", "reread")}
        assert daemon.stop() == 0
        yield Run(source=status["sources"][0], at=at, reads=reads, verdict=stage.verdict())


def test_the_limit_is_never_broken_and_nothing_is_lost(run: Run) -> None:
    assert run.verdict.zeros, run.verdict.as_json()
    assert run.verdict.requests <= BUDGET * (FOLLOWED / timedelta(minutes=1) + 3) + 10


def test_the_interval_stretches_and_the_head_stays_near(run: Run) -> None:
    assert run.reads["head"] < FOLLOWED / POLL / 5
    assert run.at - datetime.fromisoformat(run.source["covered_to"]) < timedelta(minutes=4)
    assert run.source["holes"] == []


def test_re_reads_have_their_share_are_late_and_say_so(run: Run) -> None:
    first = run.source["tiers"][0]
    assert run.reads["reread"] > 0
    late = run.at - AGE - datetime.fromisoformat(first["read_to"])
    assert late > timedelta(minutes=1)
