"""A broker that is down, at the start and in the middle: the daemon waits, says why, and nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from producer import errors
from producer.dev.broker import Broker
from producer.dev.judge.verdict import Verdict
from producer.errors import PrerequisiteMissing
from tests.support.stage import Line, Stage

pytestmark = [pytest.mark.timeout(180), pytest.mark.kafka]

START_GIVEN_UP = 30.0
"""Seconds: a start of a client gives up after 10, and waits are doubled."""


@dataclass(slots=True, kw_only=True)
class Run:
    """What was seen of the run."""

    address: str
    down_at_start: Line
    reason_at_start: Mapping[str, Any]
    answered_while_down: tuple[int, int, int]
    down_in_the_middle: Line
    reason_in_the_middle: Mapping[str, Any]
    live_in_the_middle: int
    exit_code: int
    verdict: Verdict


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One daemon that outlives two outages of a broker of its own."""
    try:
        own = Broker.started()
    except PrerequisiteMissing as missing:
        pytest.skip(f"{missing}. {missing.what_to_do}; then: make test ARGS='-m kafka'")
    with own as broker:
        yield _through_outages(broker, tmp_path_factory.mktemp("outage"))


def _through_outages(broker: Broker, directory: Path) -> Run:
    with Stage(broker, directory) as stage:
        stage.make_topics()
        broker.stop()
        daemon = stage.start()
        down_at_start = daemon.wait_for_line("sink_blocked", seconds=START_GIVEN_UP)
        reason_at_start = daemon.wait_for_reason("broker")
        answered = (daemon.get("/startupz")[0], daemon.get("/livez")[0], daemon.get("/readyz")[0])
        broker.start()
        daemon.wait_until_ready(START_GIVEN_UP)
        stage.wait_until_covered(daemon)

        said = daemon.mark()
        broker.kill()
        down = daemon.wait_for_line("commit_delayed", after=said)
        reason = daemon.wait_for_reason("broker")
        live = daemon.get("/livez")[0]
        broker.start()
        daemon.wait_until_ready(START_GIVEN_UP)
        stage.wait_until_covered(daemon)
        return Run(
            address=broker.bootstrap_servers,
            down_at_start=down_at_start,
            reason_at_start=reason_at_start,
            answered_while_down=answered,
            down_in_the_middle=down,
            reason_in_the_middle=reason,
            live_in_the_middle=live,
            exit_code=daemon.stop(),
            verdict=stage.verdict(),
        )


def test_a_broker_that_is_down_at_the_start_is_told_with_its_address(run: Run) -> None:
    line, cure = run.down_at_start, errors.SinkUnavailable.what_to_do
    assert (line["level"], line["error"], line["what_to_do"]) == ("error", "SinkUnavailable", cure)
    assert line["message"].startswith("Kafka can't be used (SinkUnavailable): ")
    assert run.address in line["message"]
    assert "tried again in " in line["message"]


def test_a_broker_that_is_down_at_the_start_makes_it_not_ready_but_alive(run: Run) -> None:
    assert run.answered_while_down == (200, 200, 503)
    reason = run.reason_at_start
    assert (reason["reason"], reason["what_to_do"]) == ("broker", errors.SinkUnavailable.what_to_do)
    assert run.address in reason["message"]


def test_a_broker_that_dies_in_the_middle_is_told_while_the_transaction_waits(run: Run) -> None:
    line, reason = run.down_in_the_middle, run.reason_in_the_middle
    told = (line["level"], line["message"], line["what_to_do"])
    assert told == (
        "warning",
        "Kafka has not taken a transaction for 5 s: the brokers do not answer; it is waited for",
        errors.SinkUnavailable.what_to_do,
    )
    assert (reason["message"], run.live_in_the_middle) == ("Kafka has not taken a transaction for 5 s", 200)


def test_nothing_is_lost_behind_doubled_or_out_of_order(run: Run) -> None:
    assert run.exit_code == 0
    assert run.verdict.zeros, run.verdict.as_json()
    assert run.verdict.judged > 150
    assert run.verdict.changed > 20
