"""Names on the conversations topic: a directory that may not be read at first, then may, and knows not everything."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from producer import errors
from producer.dev.broker import Broker
from producer.dev.judge.verdict import Verdict
from producer.model.batch import Topic
from producer.verify.verification import Report
from tests.support.stage import Line, Script, Stage

pytestmark = [pytest.mark.timeout(180), pytest.mark.kafka]

KINDS = {
    "queue": "routing/queues",
    "wrapup": "routing/wrapupcodes",
    "user": "users",
    "division": "authorization/divisions",
}
ONE = {"queueName": "queueId", "wrapUpCodeName": "wrapUpCode"}
MANY = {"userNames": "userIds", "divisionNames": "divisionIds"}
LOOK_UPS_A_MINUTE = 0.02 * 270
ALONE = {"CAPTURE__OVERLAP": "30s", "CAPTURE__REREADS": "8d", "CAPTURE__WATCH__ADOPT": "0s"}
"""The head reads again what is very young, and no other read what is older: that is asked for by id, for its names."""

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was seen of the run. `listed` are the names that the organisation tells, by id; `named` is what was on the
    topic when, near the end, no conversation lacked one. `restarted_at` is in epoch milliseconds.
    """

    listed: Mapping[str, str]
    refused: Line
    readiness_while_refused: list[Mapping[str, str]]
    records: Sequence[Record]
    look_ups: int
    named: Sequence[Record]
    restarted_at: int
    minutes: float
    metrics: str
    verdict: Verdict
    report: Report

    @property
    def trails(self) -> Mapping[str, list[Record]]:
        """The records of each conversation, by version."""
        return trails_of(self.records)


@pytest.fixture(scope="module")
def run(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One daemon that may look nothing up at first; some of what it then asks for is deleted."""
    script = Script(speed=60, organisation={"unlisted": 0.05}, settings=ALONE)
    with Stage(broker, tmp_path_factory.mktemp("names"), script) as stage:
        stage.make_topics()
        for path in KINDS.values():
            stage.organisation.inject("forbidden", path=f"/{path}")
        daemon = stage.start()
        refused = daemon.wait_for_line("names_unavailable", kind="queue")
        stage.wait_until_covered(daemon)
        readiness = daemon.readiness()
        stage.organisation.do(lambda simulator: simulator.front.faults.clear())
        for kind in KINDS:
            daemon.wait_for_line("names_available", kind=kind, seconds=40)
        listed = names_listed(stage)
        wait_until_named(stage, listed)
        restarted_at = round(stage.now().timestamp() * 1_000)
        metrics = daemon.get("/metrics")[1]
        assert daemon.stop() == 0
        successor = stage.start()
        stage.wait_until_covered(successor)
        successor.wait_until(lambda status: status["sources"][0]["new"] > 10, "new conversations")
        named = wait_until_named(stage, listed)
        assert successor.stop() == 0
        minutes = (stage.now() - stage.script.origin).total_seconds() / 60
        asked = stage.organisation.stats()["requests"]
        yield Run(
            listed=listed,
            refused=refused,
            readiness_while_refused=readiness,
            records=stage.decoded(Topic.CONVERSATIONS),
            look_ups=sum(sum(asked[f"/api/v2/{path}"].values()) for path in KINDS.values()),
            named=named,
            restarted_at=restarted_at,
            minutes=minutes,
            metrics=metrics,
            verdict=stage.verdict(),
            report=stage.verified(),
        )


def wait_until_named(stage: Stage, listed: Mapping[str, str]) -> Sequence[Record]:
    """Wait until no last record lacks a name that the organisation tells; returns all that is there then."""
    found: list[Record] = []

    def named(records: list[dict[str, Any]]) -> bool:
        found[:] = records
        return all(lacking(trail[-1], listed) == [] for trail in trails_of(records).values())

    stage.wait_for_topic(Topic.CONVERSATIONS, named, "named", seconds=60)
    return found


def names_listed(stage: Stage) -> dict[str, str]:
    """The names that the organisation tells."""
    directory = stage.organisation.do(lambda simulator: simulator.organisation.directory)
    listings = [directory.listing(kind) or [] for kind in KINDS.values()]
    return {entity["id"]: entity["name"] for listing in listings for entity in listing}


def trails_of(records: Iterable[Record]) -> Mapping[str, list[Record]]:
    trails: dict[str, list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda record: record["version"]):
        trails[record["recordId"]].append(record)
    return trails


def lacking(record: Record, listed: Mapping[str, str]) -> list[str]:
    """The fields of names that the organisation would tell, and the record does not."""
    one = [field for field, identifier in ONE.items() if record[identifier] in listed and record[field] is None]
    return one + [
        field for field, ids in MANY.items() if {each for each in record[ids] if each in listed} - record[field].keys()
    ]


def told(record: Record) -> set[tuple[str, str, str]]:
    """The names that a record carries: by field and id."""
    one = {(field, record[identifier] or "", record[field]) for field, identifier in ONE.items() if record[field]}
    return one | {(field, *each) for field in MANY for each in record[field].items()}


def test_a_missing_permission_is_a_warning_with_its_cure_and_no_reason_against_readiness(run: Run) -> None:
    line = run.refused
    assert line["level"] == "warning"
    assert line["message"].startswith(
        "names can't be looked up (queue, PermissionMissing): a permission is missing (it takes routing:queue:view): "
    )
    assert line["what_to_do"] == f"{errors.PermissionMissing.what_to_do}; or do without them: genesys.directory.kinds"
    assert run.readiness_while_refused == []


def test_every_last_record_carries_the_names_that_the_organisation_tells_and_no_other(run: Run) -> None:
    all_told = {each for trail in run.trails.values() for record in trail for each in told(record)}
    assert [each for each in all_told if run.listed.get(each[1]) != each[2]] == []
    assert {field for field, _, _ in all_told} == {*ONE, *MANY}
    last = [trail[-1] for trail in trails_of(run.named).values()]
    assert len(last) > 200
    assert [record["recordId"] for record in last if lacking(record, run.listed)] == []
    nowhere = {record["queueId"] for record in run.records if record["queueId"]} - run.listed.keys()
    assert nowhere, "some queues are deleted"


def test_what_was_sent_without_a_name_was_sent_again_by_id_with_the_same_content(run: Run) -> None:
    again = [
        after
        for trail in run.trails.values()
        for before, after in pairwise(trail)
        if before["contentHash"] == after["contentHash"]
    ]
    assert len([record for record in again if record["origin"] == "BY_ID"]) > 20
    counted = re.findall(
        r'^genesys_producer_records_produced_total{change="named".*} (\S+)$', run.metrics, re.MULTILINE
    )
    assert 0 < sum(map(float, counted)) <= len(again)


def test_a_restart_sends_nothing_again_that_had_its_names(run: Run) -> None:
    later = [record for record in run.records if record["normalizedAt"] >= run.restarted_at]
    assert len(later) > 10
    for trail in run.trails.values():
        for before, after in pairwise(trail):
            if after["normalizedAt"] >= run.restarted_at and before["contentHash"] == after["contentHash"]:
                assert lacking(before, run.listed), (before["recordId"], before["revision"])


def test_looking_up_stays_within_its_share(run: Run) -> None:
    assert 8 <= run.look_ups <= run.minutes * LOOK_UPS_A_MINUTE + 2 * len(KINDS)


def test_nothing_is_lost_or_doubled_by_the_judge_and_by_verify(run: Run) -> None:
    assert run.verdict.zeros, run.verdict.as_json()
    assert run.report.ok, run.report.findings.kept
