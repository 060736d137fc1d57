"""The whole daemon in the token dialect: what goes wrong there, and that nothing is lost, doubled or out of order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import pytest

from producer.dev.broker import Broker
from producer.dev.judge.verdict import Verdict
from producer.model.batch import Topic
from producer.verify.verification import Report
from tests.support.sinks import Found
from tests.support.stage import ORIGIN, Line, Script, Stage

pytestmark = pytest.mark.timeout(120)

SCRIPT = Script(
    dialect="token",
    rate=12_000,
    poison=0.02,
    settings={"GENESYS__PAGE_SIZE": "25", "CAPTURE__OVERLAP": "1m", "CAPTURE__REREADS": "2m,8d"},
    allowance=timedelta(minutes=1),
)
"""Small pages, so that every poll follows a cursor; the overlap and one re-read end within the test."""
LONG_ENOUGH = timedelta(minutes=5)
"""So that what no read was served is overdue for most of the run."""
QUERY = "/gateway/api/v2/analytics/conversations/details/query"
LOGIN = "/gateway/oauth/token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was seen of the run."""

    lines: Mapping[str, list[Line]]
    answers: list[Mapping[str, Any]]
    letters: list[Found]
    audit: list[dict[str, Any]]
    records: list[dict[str, Any]]
    verdict: Verdict
    report: Report
    verify_codes: list[int]


@pytest.fixture(scope="module")
def run(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One daemon that meets a refused token, a full limit, cursors that end, and a page that comes twice."""
    with Stage(broker, tmp_path_factory.mktemp("token"), SCRIPT) as stage:
        stage.make_topics()
        daemon = stage.start()
        stage.wait_until_covered(daemon)
        for fault, conditions in (
            ("unauthorized", {}),
            ("rate-limited", {"retry_after": 20}),
            ("cursor-expired", {"times": 3}),
            ("truncated", {}),
        ):
            stage.organisation.inject(fault, path=QUERY, **{"times": 1, **conditions})
            stage.wait_until_covered(daemon)
        stage.organisation.inject("duplicate-page", path=QUERY, times=3)
        stage.wait_until_covered(daemon)
        stage.organisation.do(lambda simulator: simulator.clear_faults())
        stage.wait_until_covered(daemon, ORIGIN + LONG_ENOUGH, seconds=30)
        stage.wait_for_topic(Topic.AUDIT, _read_again, "read again")
        assert daemon.stop() == 0
        again = ("--source", "--from", str(ORIGIN), "--to", str(ORIGIN + timedelta(minutes=2)))
        codes = [stage.start("-m", "producer", "verify", *words).wait_for_end() for words in (again, again[:1])]
        yield Run(
            verify_codes=codes,
            lines={each: daemon.lines(each) for each in ("request_retried", "rate_limit_hit", "read_failed")},
            answers=stage.organisation.answers(),
            letters=stage.found(Topic.DEAD_LETTERS),
            audit=stage.decoded(Topic.AUDIT),
            records=stage.decoded(Topic.CONVERSATIONS),
            verdict=stage.verdict(),
            report=stage.verified(),
        )


def _read_again(audit: list[dict[str, Any]]) -> bool:
    return any(event["details"].get("kind") == '"reread"' for event in audit)


def test_nothing_is_lost_behind_doubled_or_out_of_order(run: Run) -> None:
    assert run.verdict.zeros, run.verdict.as_json()
    assert run.verdict.unseen == {}
    assert run.verdict.judged > 150
    assert run.verdict.changed > 20


def test_the_topics_hold_what_they_announce(run: Run) -> None:
    assert run.report.ok, run.report.findings
    assert (run.report.made_again, run.report.summaries) == (run.verdict.records, 0)


def test_the_gateway_says_of_a_window_what_the_topics_say_and_is_not_asked_for_a_sample(run: Run) -> None:
    assert run.verify_codes == [0, 64]


def test_a_malformed_entity_is_a_dead_letter_and_the_others_of_its_page_arrive(run: Run) -> None:
    poison = {orjson.loads(letter.value or b"")["id"] for letter in run.letters}
    served = [{found for found, _ in answer["served"]} for answer in run.answers]
    page = next(ids for ids in served if ids & poison)

    assert {letter.key for letter in run.letters} == {identifier.encode() for identifier in poison}
    assert run.verdict.poisoned == len(poison) > 0
    assert page - {record["recordId"] for record in run.records} == page & poison != page


def test_all_it_asks_for_is_tokens_and_pages(run: Run) -> None:
    paths = [answer["path"].partition("?")[0] for answer in run.answers]

    assert set(paths) == {LOGIN, QUERY}
    assert paths.count(LOGIN) == 3  # the first, one after a refusal, and that of verify
    assert any("nextPageToken=" in answer["path"] for answer in run.answers)


def test_a_lost_cursor_begins_its_window_anew(run: Run) -> None:
    refused = [answer for answer in run.answers if answer["status"] == 400]
    read = refused[0]["requestId"]
    mine = [answer["path"].partition("nextPageToken=")[2] for answer in run.answers if answer["requestId"] == read]
    lost = mine.index(refused[0]["path"].partition("nextPageToken=")[2])

    assert mine[lost + 1] == ""  # the first page again
    assert [event["action"] for event in run.audit if event["requestId"] == read][-1] == "EXTRACTION_COMPLETED"


def test_what_was_read_to_its_last_page_says_so_and_no_more(run: Run) -> None:
    verdicts = {
        orjson.loads(event["details"]["verdict"]) for event in run.audit if event["action"] == "EXTRACTION_COMPLETED"
    }

    assert verdicts == {"cursor-end"}


def test_what_went_wrong_on_the_way_was_told_and_failed_no_read(run: Run) -> None:
    retried = {line["message"].partition("(")[2].partition(")")[0] for line in run.lines["request_retried"]}

    assert retried >= {"body"}
    assert len(run.lines["rate_limit_hit"]) == 1
    assert {line["error"] for line in run.lines["read_failed"]} <= {"interrupted"}  # by the stop


def test_a_record_says_what_the_flat_conversation_said(run: Run) -> None:
    assert {record["origin"] for record in run.records} == {"QUERY"}
    assert {record["channelType"] for record in run.records} > {"VOICE", "CHAT", "EMAIL"}
    assert all(record["participants"] == [] and record["participantCount"] >= 0 for record in run.records)
    assert any(record["queueName"] and record["wrapUpCode"] for record in run.records)
    assert all(record["attributes"]["language"] for record in run.records)
