"""The daemon and a receiver that misbehaves in every way, with kills in between: each event arrives, with one id."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import Any

import pytest

from producer.dev.broker import Broker
from producer.dev.judge.verdict import Verdict
from producer.model.batch import Topic
from producer.verify.verification import Report
from tests.support.chaos.history import History
from tests.support.chaos.mutants import pending_dropped_at_restart
from tests.support.chaos.plans import Life
from tests.support.receiver import OTHER_SECRET, SECRET, Attempt, Receiver, Reply
from tests.support.stage import HEAD_ALONE, Daemon, Script, Stage

pytestmark = [pytest.mark.timeout(180), pytest.mark.kafka]

FIRED = ("EXTRACTION_FAILED", "HOLE_OPENED")
SHOWN = ("/", "/status", "/config", "/metrics")


@dataclass(slots=True, kw_only=True)
class Run:
    """What was seen. `refused` are the ids that the first life was to tell; `surfaces` is what left the daemons."""

    refused: set[str]
    taken_by_mutant: set[str]
    attempts: list[Attempt]
    taken: list[Attempt]
    audit: Mapping[str, dict[str, Any]]
    left: set[str]
    reasons: set[str]
    metrics: str
    surfaces: str
    exit_code: int
    verdict: Verdict
    report: Report


@pytest.fixture(scope="module")
def run(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    directory = tmp_path_factory.mktemp("webhook")
    with Receiver(Reply(status=500)) as receiver:
        files = directory / "secrets"
        files.mkdir()
        (files / "webhook__url").write_text(receiver.url)
        (files / "webhook__secrets").write_text(f"{SECRET}\n")
        settings = {
            **HEAD_ALONE,
            "SECRETS_DIR": str(files),
            "WEBHOOK__ALLOW_HTTP": "true",
            "WEBHOOK__TIMEOUT": "1s",
        }
        with Stage(broker, directory, Script(settings=settings)) as stage:
            yield _through_everything(stage, receiver, files)


def _through_everything(stage: Stage, receiver: Receiver, files: Path) -> Run:
    history = History(stage)
    first = history.successor()
    stage.wait_until_covered(first)
    stage.organisation.inject("bad-request", times=1)
    receiver.wait_until(lambda: len({each.id for each in receiver.attempts}) >= 2)
    first.wait_for_line("webhook_retried", error="5xx")
    _kill(first)
    refused = {each.id for each in receiver.attempts}

    receiver.reply = Reply()
    mutant = history.victim(Life(blows=[], mutant=pending_dropped_at_restart.__name__))
    history.caught_up(mutant)
    taken_by_mutant = {each.id for each in receiver.taken()}
    _kill(mutant)

    receiver.reply = Reply(silent=True)
    stuck, seen = history.successor(), len(receiver.attempts)
    receiver.wait_until(lambda: len(receiver.attempts) > seen)
    history.caught_up(stuck)  # reads and commits go on while the receiver never answers
    stuck.wait_for_line("webhook_retried", error="timeout")
    _kill(stuck)

    receiver.stop()
    last = history.successor()
    last.wait_for_line("webhook_retried", error="connection")
    receiver.reply = Reply(status=429, headers={"Retry-After": "3"})
    receiver.start()
    last.wait_for_line("webhook_retried", error="429")
    (files / "webhook__secrets").write_text(f"{OTHER_SECRET}\n{SECRET}\n")
    receiver.reply = Reply()
    receiver.wait_until(lambda: refused <= {each.id for each in receiver.taken()})
    history.caught_up(last)
    shown = [last.get(path)[1] for path in SHOWN]
    exit_code = last.stop()
    logs = [daemon.log.read_text() for daemon in stage.daemons]
    state = [f"{found.key!r} {found.value!r}" for found in stage.found(Topic.STATE)]
    return Run(
        refused=refused,
        taken_by_mutant=taken_by_mutant,
        attempts=list(receiver.attempts),
        taken=receiver.taken(),
        audit={each["auditId"]: each for each in stage.decoded(Topic.AUDIT) if each["action"] in FIRED},
        left=_left(stage),
        reasons={line["error"] for daemon in stage.daemons for line in daemon.lines("webhook_retried")},
        metrics=shown[-1],
        surfaces="\n".join([*shown, *logs, *state]),
        exit_code=exit_code,
        verdict=stage.verdict(),
        report=stage.verified(),
    )


def _kill(daemon: Daemon) -> None:
    daemon.signal(Signals.SIGKILL)
    assert daemon.wait_for_end() == -Signals.SIGKILL


def _left(stage: Stage) -> set[str]:
    """The ids of deliveries that are still pending on the state topic."""
    last = {found.key: found.value for found in stage.found(Topic.STATE) if (found.key or b"").startswith(b"w|")}
    assert last
    return {key.decode().rpartition("|")[2] for key, value in last.items() if key is not None and value is not None}


def test_each_event_of_the_audit_arrived(run: Run) -> None:
    assert len(run.refused) >= 2
    assert run.refused <= run.audit.keys()
    assert run.left.isdisjoint(run.refused)
    assert {each.id for each in run.taken} | run.left == run.audit.keys()  # a stop may leave one for a successor


def test_whatever_was_sent_again_had_its_id_and_its_bytes(run: Run) -> None:
    bodies: dict[str, set[bytes]] = {}
    for attempt in run.attempts:
        bodies.setdefault(attempt.id, set()).add(attempt.body)

    assert {name for name, found in bodies.items() if len(found) > 1} == set()
    assert max(sum(each.id == name for each in run.attempts) for name in run.refused) >= 3


def test_the_reference_library_finds_every_attempt_sound_also_while_a_secret_is_replaced(run: Run) -> None:
    assert {attempt.sound for attempt in run.attempts} == {(SECRET,), (SECRET, OTHER_SECRET)}
    assert run.taken[-1].sound == (SECRET, OTHER_SECRET)


def test_what_is_told_is_what_the_audit_says(run: Run) -> None:
    for attempt in run.taken:
        event, payload = run.audit[attempt.id], attempt.payload
        assert (payload["requestId"], payload["source"]) == (event["requestId"], event["source"])
        details = {name: json.loads(value) for name, value in event["details"].items()}
        if event["action"] == "HOLE_OPENED":
            assert (payload["event"], payload["hole"]) == ("conversation_hole_opened", details)
        else:
            assert (payload["event"], payload["status"]) == ("conversation_extraction_complete", "FAILURE")
            assert payload["error"] == details["error"]


def test_a_daemon_that_drops_what_is_pending_at_its_start_is_found_out(run: Run) -> None:
    assert run.refused.isdisjoint(run.taken_by_mutant)


def test_the_receiver_misbehaved_in_every_way(run: Run) -> None:
    assert {"5xx", "timeout", "connection", "429"} <= run.reasons
    delivered = 'genesys_producer_webhook_deliveries_total{outcome="delivered",source="default"} '
    assert float(run.metrics.split(delivered)[1].split()[0]) >= 2


def test_neither_address_nor_secret_is_anywhere(run: Run) -> None:
    assert "webhook_delivered" in run.surfaces
    for secret in ("t0ken", SECRET, OTHER_SECRET, SECRET.removeprefix("whsec_")):
        assert secret not in run.surfaces


def test_nothing_is_lost_behind_doubled_or_out_of_order(run: Run) -> None:
    assert run.exit_code == 0
    assert run.verdict.zeros, run.verdict.as_json()
    assert run.report.ok
