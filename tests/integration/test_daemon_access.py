"""Credentials and permissions, on the live daemon: it says what is wrong, waits, and goes on once that is mended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from producer import errors
from producer.dev.broker import Broker
from producer.dev.judge.verdict import Verdict
from tests.support.stage import Line, Script, Stage

pytestmark = pytest.mark.timeout(120)

SPEED = 60.0  # what a person must mend is tried again after a minute


@dataclass(slots=True, kw_only=True)
class Refusal:
    """What was seen while the daemon was refused."""

    line: Line
    reason: Mapping[str, Any]
    live: int
    recovered: Line


@dataclass(slots=True, kw_only=True)
class Run:
    """What was seen of the run."""

    wrong_secret: Refusal
    token_refused: Line
    missing_permission: Refusal
    blocked_by_rotation: list[Line]
    tokens: list[int]
    exit_code: int
    verdict: Verdict


@pytest.fixture(scope="module")
def run(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One daemon: a wrong secret, then no permission, then a secret that is rotated in order."""
    directory = tmp_path_factory.mktemp("access")
    secret = directory / "secrets" / "genesys__client_secret"
    secret.parent.mkdir()
    secret.write_text("mistyped\n")
    settings = {"GENESYS__CLIENT_SECRET": None, "SECRETS_DIR": str(secret.parent)}
    with Stage(broker, directory, Script(speed=SPEED, settings=settings)) as stage:
        stage.make_topics()
        daemon = stage.start()

        def refused(kind: type[errors.SourceError], said: int) -> tuple[Line, Mapping[str, Any], int]:
            line = daemon.wait_for_line("source_blocked", after=said, error=kind.__name__)
            return line, daemon.wait_for_reason("credentials"), daemon.get("/livez")[0]

        line, reason, live = refused(errors.CredentialsRefused, 0)
        secret.write_text("simulator-secret\n")
        daemon.wait_until_ready()
        recovered = daemon.wait_for_line("source_recovered")
        wrong_secret = Refusal(line=line, reason=reason, live=live, recovered=recovered)
        stage.wait_until_covered(daemon)

        said = daemon.mark()
        stage.organisation.do(lambda simulator: simulator.permit(allowed=False))
        line, reason, live = refused(errors.PermissionMissing, said)
        stage.organisation.do(lambda simulator: simulator.permit(allowed=True))
        daemon.wait_until_ready()
        recovered = daemon.wait_for_line("source_recovered", after=said)
        missing_permission = Refusal(line=line, reason=reason, live=live, recovered=recovered)
        stage.wait_until_covered(daemon)

        said = daemon.mark()
        secret.write_text("rotated-secret\n")
        stage.organisation.do(lambda simulator: simulator.rotate_secret("rotated-secret"))
        daemon.wait_for_line("token_refreshed", after=said)
        stage.wait_until_covered(daemon)
        blocked_by_rotation = daemon.lines("source_blocked", said)

        exit_code = daemon.stop()
        yield Run(
            wrong_secret=wrong_secret,
            token_refused=daemon.lines("token_refused")[0],
            missing_permission=missing_permission,
            blocked_by_rotation=blocked_by_rotation,
            tokens=[answer["status"] for answer in stage.organisation.answers() if answer["path"] == "/oauth/token"],
            exit_code=exit_code,
            verdict=stage.verdict(),
        )


def test_a_wrong_secret_is_told_with_the_cure(run: Run) -> None:
    line, cure = run.wrong_secret.line, errors.CredentialsRefused.what_to_do
    assert (line["level"], line["what_to_do"]) == ("error", cure)
    assert line["message"] == (
        "nothing can be read from Genesys Cloud (CredentialsRefused): no token for the OAuth client:"
        " 401 invalid_client authentication failed; tried again in 60 s"
    )
    token = run.token_refused
    told = (token["level"], token["message"], token["what_to_do"])
    assert told == ("warning", "no access token could be had: CredentialsRefused", cure)


def test_a_wrong_secret_makes_it_not_ready_but_alive(run: Run) -> None:
    reason = run.wrong_secret.reason
    assert (reason["reason"], reason["source"], run.wrong_secret.live) == ("credentials", "default", 200)
    assert reason["message"] == "no token for the OAuth client: 401 invalid_client authentication failed"
    assert reason["what_to_do"] == errors.CredentialsRefused.what_to_do


def test_a_secret_corrected_on_disk_is_taken_up_without_a_restart(run: Run) -> None:
    recovered = run.wrong_secret.recovered
    assert (recovered["level"], recovered["message"]) == ("info", "Genesys Cloud can be read again")


def test_a_wrong_secret_is_not_tried_in_a_hot_loop(run: Run) -> None:
    refused = run.tokens.count(401)
    assert 1 <= refused <= 4, run.tokens
    assert run.tokens == [401] * refused + [200, 200], "one at the end of the refusals, one for the rotated secret"


def test_a_missing_permission_is_named_with_the_cure(run: Run) -> None:
    line = run.missing_permission.line
    assert (line["level"], line["what_to_do"]) == ("error", errors.PermissionMissing.what_to_do)
    assert (
        "(PermissionMissing): a permission is missing (it takes analytics:conversationDetail:view)" in line["message"]
    )
    assert "403 missing.any.permissions" in line["message"]
    assert line["message"].endswith("tried again in 60 s")


def test_a_missing_permission_makes_it_not_ready_but_alive_until_it_is_given(run: Run) -> None:
    reason = run.missing_permission.reason
    assert (reason["reason"], reason["what_to_do"]) == ("credentials", errors.PermissionMissing.what_to_do)
    assert "analytics:conversationDetail:view" in reason["message"]
    assert run.missing_permission.live == 200
    assert run.missing_permission.recovered["level"] == "info"


def test_a_secret_rotated_in_order_is_never_noticed(run: Run) -> None:
    assert run.blocked_by_rotation == []


def test_nothing_is_lost_behind_doubled_or_out_of_order(run: Run) -> None:
    assert run.exit_code == 0
    assert run.verdict.zeros, run.verdict.as_json()
    assert run.verdict.judged > 150
    assert run.verdict.changed > 20
