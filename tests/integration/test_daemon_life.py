"""The life of the daemon: what its admin server shows, how it stops, and that its successor goes on where it stood."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
import yaml

from producer.dev.broker import Broker
from producer.dev.judge.verdict import Verdict
from producer.model.batch import Topic
from tests.support.stage import Line, Stage

pytestmark = pytest.mark.timeout(120)

PATHS = ("/", "/livez", "/readyz", "/startupz", "/status", "/config", "/metrics", "/elsewhere")
ENDED = ("stop_requested", "service_stopped")


@dataclass(slots=True, kw_only=True)
class Run:
    """What was seen of three daemons, one after the other: stopped softly, stopped hard in a read, stopped softly."""

    pages: Mapping[str, tuple[int, str]]
    exit_codes: list[int]
    endings: list[list[Line]]
    restored: list[Line]
    covered_to: str
    audit_of_first: list[dict[str, Any]]
    watermark_of_first: dict[str, Any]
    records_of_first: int
    audit: list[dict[str, Any]]
    verdict: Verdict


@pytest.fixture(scope="module")
def run(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Three daemons on the same topics."""
    with Stage(broker, tmp_path_factory.mktemp("life")) as stage:
        stage.make_topics()
        first = stage.start()
        stage.wait_until_covered(first)
        pages = {path: first.get(path) for path in PATHS}
        codes = [first.stop()]
        covered_to = first.lines("read_completed", read="head")[-1]["window"].split("/")[1]
        audit_of_first, watermark = stage.decoded(Topic.AUDIT), stage.decoded(Topic.WATERMARKS)[-1]
        records_of_first = len(stage.found(Topic.CONVERSATIONS))

        second = stage.start()
        stage.wait_until_covered(second)
        stage.organisation.inject("stall", seconds=60)
        stage.wait_for_topic(Topic.AUDIT, lambda found: bool(_open_reads(found)), "a read that is open")
        second.signal(signal.SIGTERM)
        second.wait_for_line("stop_requested")
        second.signal(signal.SIGTERM)
        codes.append(second.wait_for_end())
        stage.organisation.do(lambda simulator: simulator.clear_faults())

        third = stage.start()
        stage.wait_until_covered(third)
        third.signal(signal.SIGINT)
        codes.append(third.wait_for_end())
        yield Run(
            pages=pages,
            exit_codes=codes,
            endings=[[line for line in each.lines() if line["action"] in ENDED] for each in stage.daemons],
            restored=[each.lines("lane_restored")[0] for each in stage.daemons],
            covered_to=covered_to,
            audit_of_first=audit_of_first,
            watermark_of_first=watermark,
            records_of_first=records_of_first,
            audit=stage.decoded(Topic.AUDIT),
            verdict=stage.verdict(),
        )


def test_probes_say_that_it_lives_is_ready_and_has_started(run: Run) -> None:
    answers = {
        path: (run.pages[path][0], json.loads(run.pages[path][1])) for path in ("/livez", "/readyz", "/startupz")
    }
    assert answers == {
        "/livez": (200, {"live": True}),
        "/readyz": (200, {"ready": True, "reasons": []}),
        "/startupz": (200, {"started": True}),
    }
    assert run.pages["/elsewhere"][0] == 404


def test_status_shows_coverage_budget_and_reads(run: Run) -> None:
    status = json.loads(run.pages["/status"][1])
    (source,) = status["sources"]
    assert status["ready"] is True
    assert source["source"] == "default"
    assert source["since"] == "2026-03-10T09:55:00.000Z"
    assert source["covered_to"] > "2026-03-10T10:00"
    assert (source["holes"], source["breaker"], source["cap"], source["rate_limited"]) == ([], "closed", 270, 0)
    assert source["new"] > 100
    assert {read["verdict"] for read in status["reads"]} <= {"reading", "complete", "provisional"}
    assert status["errors"] == [error for error in status["errors"] if error["action"] == "schema_drifted"]


def test_the_page_for_people_answers(run: Run) -> None:
    code, page = run.pages["/"]
    assert code == 200
    assert page.startswith("<!doctype html>")
    assert "default" in page


def test_metrics_follow_what_happens(run: Run) -> None:
    code, text = run.pages["/metrics"]
    measured = dict(row.rsplit(" ", 1) for row in text.splitlines() if not row.startswith("#"))
    assert code == 200
    assert float(measured['genesys_producer_records_produced_total{change="new",read="head",source="default"}']) > 100
    assert float(measured['genesys_producer_transactions_total{outcome="committed",source="default"}']) > 1
    assert float(measured['genesys_producer_token_refreshes_total{outcome="success",source="default"}']) == 1
    assert float(measured['genesys_producer_watermark_timestamp_seconds{kind="head",source="default"}']) > 1.77e9


def test_the_configuration_is_shown_with_the_secret_masked(run: Run) -> None:
    code, text = run.pages["/config"]
    shown = yaml.safe_load(text)
    assert code == 200
    assert shown["genesys"]["client_secret"] == "**********"
    assert shown["capture"]["poll_interval"] == "5s"


def test_sigterm_and_sigint_end_it_in_order_and_a_second_signal_at_once(run: Run) -> None:
    assert run.exit_codes == [0, 130, 0]
    told = [[(line["level"], line["message"]) for line in ending] for ending in run.endings]
    soft = "no new reads; the commit in flight is finished, then the process ends"
    assert told == [
        [("info", f"SIGTERM: {soft}"), ("info", "stopped with exit code 0")],
        [
            ("info", f"SIGTERM: {soft}"),
            ("warning", "SIGTERM again: stopping at once, the commit in flight is lost"),
            ("error", "stopped with exit code 130"),
        ],
        [("info", f"SIGINT: {soft}"), ("info", "stopped with exit code 0")],
    ]


def test_a_soft_stop_is_audited_and_publishes_the_last_watermark(run: Run) -> None:
    actions = [event["action"] for event in sorted(run.audit_of_first, key=lambda event: event["timestamp"])]
    assert (actions.count("STARTED"), actions.count("STOPPED")) == (1, 1)
    assert (actions[0], actions[-1]) == ("STARTED", "STOPPED")
    promised = run.watermark_of_first
    assert promised["headThrough"] == _millis(run.covered_to)
    assert sum(promised["offsets"]) >= run.records_of_first


def test_a_successor_goes_on_where_the_first_stood(run: Run) -> None:
    first, second, _ = run.restored
    assert first["message"].endswith("head watermark none: a first start")
    assert second["message"].endswith(f"head watermark {run.covered_to}")
    assert second["conversations"] > 100


def test_a_read_that_a_hard_stop_cut_off_is_audited_by_the_successor(run: Run) -> None:
    actions = [event["action"] for event in run.audit]
    assert (actions.count("STARTED"), actions.count("STOPPED")) == (3, 2)
    failed = [event for event in run.audit if event["action"] == "EXTRACTION_FAILED"]
    assert {json.loads(event["details"]["error"])["code"] for event in failed} == {"interrupted"}
    assert _open_reads(run.audit) == set()


def test_nothing_is_lost_behind_doubled_or_out_of_order(run: Run) -> None:
    assert run.verdict.zeros, run.verdict.as_json()
    assert run.verdict.judged > 150
    assert run.verdict.changed > 20


def _open_reads(audit: list[dict[str, Any]]) -> set[str]:
    """The reads that were begun and of which no end is told."""
    ids: dict[str, set[str]] = {"EXTRACTION_STARTED": set(), "EXTRACTION_COMPLETED": set(), "EXTRACTION_FAILED": set()}
    for event in audit:
        ids.get(event["action"], set()).add(event["requestId"])
    started, completed, failed = ids.values()
    return started - completed - failed


def _millis(instant: str) -> int:
    return round(datetime.fromisoformat(instant).timestamp() * 1_000)
