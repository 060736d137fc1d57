"""Windows that can't be read as they are: too many hits are split, a refused one is a hole, and the head goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from producer import errors
from producer.dev.broker import Broker
from producer.dev.judge.verdict import Verdict
from producer.model.batch import Topic
from tests.support.stage import HEAD_ALONE, ORIGIN, Line, Script, Stage

pytestmark = pytest.mark.timeout(120)

HISTORY = timedelta(minutes=50)
HIT_BOUND = 200


@dataclass(slots=True, kw_only=True)
class Run:
    """What was seen of the run."""

    split: Line
    refused: Line
    hole: Line
    reasons: list[Mapping[str, str]]
    status: Mapping[str, Any]
    metrics: str
    audit: list[dict[str, Any]]
    watermark: dict[str, Any]
    verdict: Verdict

    def audited(self, action: str) -> list[dict[str, Any]]:
        """The details of the audit events of an action, read."""
        return [
            {name: json.loads(text) for name, text in event["details"].items()}
            for event in self.audit
            if event["action"] == action
        ]


@pytest.fixture(scope="module")
def run(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One daemon that starts with a long window, and later has one refused."""
    settings = {
        "CAPTURE__START": (ORIGIN - HISTORY).isoformat(),
        "CAPTURE__HIT_BOUND": str(HIT_BOUND),
        "CAPTURE__OVERLAP": "0s",  # else the next poll would read the hole again and close it
        **HEAD_ALONE,
    }
    with Stage(broker, tmp_path_factory.mktemp("windows"), Script(settings=settings)) as stage:
        stage.make_topics()
        daemon = stage.start()
        split = daemon.wait_for_line("window_split")
        stage.wait_until_covered(daemon)
        stage.organisation.inject("bad-request", times=1)
        refused = daemon.wait_for_line("read_failed")
        hole = daemon.wait_for_line("hole_opened")
        stage.wait_until_covered(daemon)
        reasons, status, metrics = daemon.readiness(), daemon.status(), daemon.get("/metrics")[1]
        assert daemon.stop() == 0
        yield Run(
            split=split,
            refused=refused,
            hole=hole,
            reasons=reasons,
            status=status["sources"][0],
            metrics=metrics,
            audit=stage.decoded(Topic.AUDIT),
            watermark=stage.decoded(Topic.WATERMARKS)[-1],
            verdict=stage.verdict(),
        )


def test_a_window_over_the_hit_bound_is_split_in_time(run: Run) -> None:
    split = run.split
    first, second = (part.split("/") for part in split["parts"])
    assert first[1] == second[0]
    assert split["window"] == f"{first[0]}/{second[1]}"
    assert split["level"] == "info"
    assert split["message"].endswith("hits are too many for one read: 2 parts are read instead")
    assert int(split["message"].split()[0]) > HIT_BOUND


def test_a_split_is_audited_and_its_parts_are_read(run: Run) -> None:
    split = {"hits": int(run.split["message"].split()[0]), "parts": run.split["parts"]}
    assert split in run.audited("WINDOW_SPLIT")
    assert set(run.split["parts"]) <= {details["window"] for details in run.audited("EXTRACTION_STARTED")}


def test_a_refused_window_is_told_with_the_answer_of_the_api(run: Run) -> None:
    line = run.refused
    assert (line["level"], line["error"], line["what_to_do"]) == (
        "warning",
        "WindowRefused",
        errors.WindowRefused.what_to_do,
    )
    assert line["message"] == (
        f"the read of {line['window']} failed (WindowRefused): refused: 400 bad.request The query can't be answered;"
        " the window is a hole now, the head goes on behind it"
    )
    assert line["correlation_id"]


def test_the_hole_is_told_audited_measured_and_shown(run: Run) -> None:
    line = run.hole
    assert (line["level"], line["tier"], line["reason"]) == ("error", 0, "bad.request")
    assert line["what_to_do"] == errors.WindowRefused.what_to_do
    start, end = line["window"].split("/")
    assert line["window"] == run.refused["window"]
    assert run.audited("HOLE_OPENED") == [{"window": line["window"], "tier": 0, "reason": "bad.request"}]
    assert 'genesys_producer_holes{source="default",tier="0"} 1.0' in run.metrics
    oldest = datetime.fromisoformat(start).timestamp()
    (measured,) = [row for row in run.metrics.splitlines() if row.startswith("genesys_producer_oldest_hole_timestamp")]
    assert float(measured.rpartition(" ")[2]) == pytest.approx(oldest, abs=0.001)
    (shown,) = run.status["holes"]
    assert (shown["start"], shown["end"], shown["reason"]) == (start, end, "bad.request")


def test_the_head_goes_on_behind_the_hole_and_promises_nothing_of_it(run: Run) -> None:
    start, end = (datetime.fromisoformat(each) for each in run.hole["window"].split("/"))
    assert datetime.fromisoformat(run.status["covered_to"]) > end
    assert run.reasons == []
    opened = {"start": _millis(start), "end": _millis(end), "tier": 0, "reason": "bad.request"}
    assert run.watermark["holes"] == [opened]
    assert run.watermark["headThrough"] == _millis(start)


def _millis(instant: datetime) -> int:
    return round(instant.timestamp() * 1_000)


def test_nothing_is_lost_behind_doubled_or_out_of_order(run: Run) -> None:
    assert run.verdict.zeros, run.verdict.as_json()
    assert run.verdict.judged > HIT_BOUND
