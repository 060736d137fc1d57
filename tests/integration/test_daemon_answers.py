"""Answers that go wrong, on the live daemon: what the log says of each, that reading goes on, that nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from producer import errors
from producer.dev.broker import Broker
from producer.dev.judge.verdict import Verdict
from tests.support.stage import HEAD_ALONE, Daemon, Line, Script, Stage

pytestmark = pytest.mark.timeout(120)

PASSES = errors.SourceUnavailable.what_to_do
LEARNED = errors.RateLimited.what_to_do
RETRY_AFTER = 30
SLOW_DOWN = (
    r"Genesys Cloud asked us to slow down \(429\): all requests of the source wait 30 s, then at most \d+ a minute"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A fault that one query meets, and the line that the log then has: action, level, message, what to do."""

    fault: str
    line: tuple[str, str, str, str | None]
    conditions: Mapping[str, Any] = field(default_factory=dict)


def retried(fault: str, message: str, **conditions: Any) -> Trial:
    told = f"query request failed {message}; attempt 2 follows"
    return Trial(fault=fault, line=("request_retried", "warning", told, PASSES), conditions=conditions)


TRIALS = (
    retried(
        "truncated",
        r"\(body\): the answer of \d+ bytes can't be used: (Input data was truncated|JSON is .*)",
    ),
    retried("bad-gateway", r"\(5xx\): server error: 502 a body that is no error of the API \(text/html, \d+ bytes\)"),
    retried("reset", r"\(connection\): connection at 127\.0\.0\.1:\d+: .*Connection reset by peer"),
    retried("stall", r"\(timeout\): timeout at 127\.0\.0\.1:\d+: TimeoutError", seconds=30),
    Trial(
        fault="unauthorized",
        line=("token_refreshed", "info", r"a new access token is valid until \d{4}-\d\d-\d\dT[\d:.]+Z", None),
    ),
    Trial(
        fault="rate-limited",
        line=(
            "rate_limit_hit",
            "warning",
            SLOW_DOWN,
            LEARNED,
        ),
        conditions={"retry_after": RETRY_AFTER},
    ),
)
BARE = "rate-limited-bare"
BARE_WAITS = 60
"""Seconds: the number in the message of a 429 without Retry-After."""

ON_THE_WAY = 2_000
"""Milliseconds of product time (100 of real time): what was asked beside the refused request, before its
answer was known.
"""


@dataclass(slots=True, kw_only=True)
class Run:
    """What was seen of the run, with the fault as the key."""

    lines: dict[str, Line] = field(default_factory=dict)
    not_ready: dict[str, list[Any]] = field(default_factory=dict)
    errors: list[Mapping[str, Any]] = field(default_factory=list)
    answers: list[Mapping[str, Any]] = field(default_factory=list)
    exit_code: int
    verdict: Verdict


def _meet(stage: Stage, daemon: Daemon, trial: Trial) -> tuple[Line, list[Any]]:
    """Let one query meet the fault; returns the line of it, and the reasons against readiness once reading goes on."""
    said = daemon.mark()
    stage.organisation.inject(trial.fault, times=1, **trial.conditions)
    line = daemon.wait_for_line(trial.line[0], after=said)
    stage.wait_until_covered(daemon)
    return line, daemon.readiness()


@pytest.fixture(scope="module")
def run(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One daemon that meets all of it, one after the other."""
    seen = Run.__new__(Run)
    script = Script(settings={"GENESYS__TIMEOUT": "2s", **HEAD_ALONE})
    lines, not_ready = {}, {}
    with Stage(broker, tmp_path_factory.mktemp("answers"), script) as stage:
        stage.make_topics()
        daemon = stage.start()
        stage.wait_until_covered(daemon)
        for trial in TRIALS:
            lines[trial.fault], not_ready[trial.fault] = _meet(stage, daemon, trial)
        stage.organisation.inject(BARE, times=1)
        stage.organisation.wait_until_answered(BARE)
        stage.wait_until_covered(daemon)
        told = daemon.status()["errors"]
        exit_code = daemon.stop()
        seen = Run(
            lines=lines,
            not_ready=not_ready,
            errors=told,
            answers=stage.organisation.answers(),
            exit_code=exit_code,
            verdict=stage.verdict(),
        )
        yield seen


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.fault)
def test_the_log_says_what_happened_and_what_to_do(run: Run, trial: Trial) -> None:
    action, level, message, what_to_do = trial.line
    line = run.lines[trial.fault]
    assert (line["action"], line["level"], line.get("what_to_do")) == (action, level, what_to_do)
    assert re.fullmatch(message, line["message"])


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.fault)
def test_it_stays_ready(run: Run, trial: Trial) -> None:
    assert run.not_ready[trial.fault] == []


def _failed(run: Run, fault: str) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    """The answer with the fault, and those behind it."""
    at = next(index for index, answer in enumerate(run.answers) if answer["fault"] == fault)
    return run.answers[at], run.answers[at + 1 :]


@pytest.mark.parametrize("trial", TRIALS[:4], ids=lambda trial: trial.fault)
def test_the_line_names_the_read_that_the_organisation_answered(run: Run, trial: Trial) -> None:
    failed, _ = _failed(run, trial.fault)
    assert run.lines[trial.fault]["request_id"] == failed["requestId"]
    assert re.fullmatch(r"2026-03-10T[\d:.]+Z/2026-03-10T[\d:.]+Z", run.lines[trial.fault]["window"])


@pytest.mark.parametrize(("fault", "seconds"), [("rate-limited", RETRY_AFTER), (BARE, BARE_WAITS)])
def test_all_requests_stop_as_long_as_a_429_asks_for(run: Run, fault: str, seconds: int) -> None:
    refused, later = _failed(run, fault)
    waited = [pause for answer in later if (pause := answer["at"] - refused["at"]) > ON_THE_WAY]
    assert seconds * 1_000 <= waited[0] < (seconds + 30) * 1_000


def test_a_429_without_a_header_is_told_with_the_wait_of_its_message(run: Run) -> None:
    told = next(error for error in run.errors if error["action"] == "rate_limit_hit")
    assert "all requests of the source wait 60 s" in told["message"]
    assert (told["level"], told["what_to_do"]) == ("warning", LEARNED)


def test_a_revoked_token_costs_one_forced_refresh(run: Run) -> None:
    tokens = [answer["status"] for answer in run.answers if answer["path"] == "/oauth/token"]
    assert tokens == [200, 200], "one at the start, one for the revoked"
    revoked, later = _failed(run, "unauthorized")
    again = [answer["status"] for answer in later if answer["requestId"] == revoked["requestId"]]
    assert again
    assert set(again) <= {200, 401}
    assert again[-1] == 200


def test_nothing_is_lost_behind_doubled_or_out_of_order(run: Run) -> None:
    verdict = run.verdict
    assert run.exit_code == 0
    assert (verdict.lost, verdict.behind, verdict.doubled, verdict.disordered) == (0, 0, 0, 0)
    assert verdict.zeros, verdict.as_json()
    assert verdict.judged > 150
    assert verdict.changed > 20
