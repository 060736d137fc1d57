from __future__ import annotations

import pytest

from producer.doctor.judging import machine as judging
from producer.doctor.results import Outcome

DAEMON = {"version": "1.2", "ready": True, "application_id": "ours"}


def test_asserts_must_be_on() -> None:
    assert judging.python("3.11.2", 0).outcome is Outcome.OK
    assert judging.python("3.11.2", 1).outcome is Outcome.FAILED


def test_the_versions_of_the_schemas_or_what_is_wrong_with_them() -> None:
    assert judging.schemas({"conversation": 1, "watermark": 2}, "").finding == "conversation v1, watermark v2"
    assert judging.schemas({"conversation": 1}, "no schema of watermark").outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("lasting", "problem", "outcome", "told"),
    [
        (True, "", Outcome.OK, "kept over restarts"),
        (False, "", Outcome.OK, "every start restores from Kafka"),
        (True, "Read-only file system", Outcome.FAILED, "state.path"),
        (False, "Read-only file system", Outcome.FAILED, "/tmp"),
    ],
)
def test_where_the_working_copy_lies(*, lasting: bool, problem: str, outcome: Outcome, told: str) -> None:
    result = judging.state_path("/data", lasting=lasting, problem=problem)

    assert result.outcome is outcome
    assert told in (result.what_to_do or result.finding)


@pytest.mark.parametrize(
    ("problem", "found", "outcome", "finding"),
    [
        ("", None, Outcome.OK, "h:1 is free"),
        ("in use", None, Outcome.FAILED, "h:1: in use"),
        (
            "in use",
            DAEMON,
            Outcome.OK,
            "h:1: a daemon of version 1.2 runs there, ready; it is the one of these settings",
        ),
        ("in use", {**DAEMON, "application_id": "theirs"}, Outcome.FAILED, "h:1: a daemon of version 1.2 runs there"),
    ],
)
def test_who_has_the_admin_port(problem: str, found: dict[str, object] | None, outcome: Outcome, finding: str) -> None:
    result = judging.admin_port("h:1", problem, found, "ours")

    assert result.outcome is outcome
    assert result.finding.startswith(finding)
