"""One poison conversation in a page: the others arrive, it becomes one dead letter, and is not sent again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from producer import errors
from producer.dev.broker import Broker
from producer.dev.judge.verdict import Verdict
from producer.model.batch import Topic
from producer.simulator import Simulator, SimulatorOptions
from producer.simulator.clock import DAY, MINUTE, millis
from producer.simulator.organisation import Organisation
from producer.simulator.population import Plan
from tests.support.sinks import Found
from tests.support.stage import ORIGIN, Line, Script, Stage

pytestmark = pytest.mark.timeout(120)

POISON = 0.0005
FROM_SEED = 54


@dataclass(slots=True, kw_only=True)
class Run:
    """What was seen of the run. `served`: the answers that held the poison conversation."""

    poison: str
    raw: bytes
    topics_prefix: str
    served: list[Mapping[str, Any]]
    letters: list[Found]
    lines: list[Line]
    metrics: str
    audit: list[dict[str, Any]]
    records: list[dict[str, Any]]
    verdict: Verdict


def _sighted(organisation: Organisation) -> list[Plan]:
    """The poison conversations that the head meets in the minutes of this test."""
    origin = millis(ORIGIN)
    day = origin // DAY * DAY
    return [
        plan
        for plan in organisation.appearing(day, origin + 10 * MINUTE)
        if plan.poison and (plan.states[-1].end is None or plan.states[-1].end > origin - 5 * MINUTE)
    ]


def _seed() -> int:
    """A seed whose organisation has one poison conversation in sight, which ended before the run and stays as it is."""
    for seed in count(FROM_SEED):
        plans = _sighted(
            Organisation(SimulatorOptions(seed=seed, rate_per_day=Script().rate, poison_probability=POISON))
        )
        latest = max((plan.states[-1].visible_at for plan in plans), default=0)
        lasting = [plan for plan in plans if plan.states[-1].end and plan.states[-1].end > millis(ORIGIN) - 2 * MINUTE]
        if len(plans) == len(lasting) == 1 and latest < millis(ORIGIN):
            return seed
    raise AssertionError


@pytest.fixture(scope="module")
def run(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One daemon that reads the poison conversation again and again."""
    script = Script(seed=_seed(), poison=POISON)
    with Stage(broker, tmp_path_factory.mktemp("poison"), script) as stage:
        stage.make_topics()
        daemon = stage.start()
        stage.wait_until_covered(daemon)
        stage.wait_until_covered(daemon)
        metrics = daemon.get("/metrics")[1]
        assert daemon.stop() == 0

        def content(simulator: Simulator) -> tuple[str, bytes]:
            (plan,) = _sighted(simulator.organisation)
            organisation = simulator.organisation
            return organisation.identifier(plan.key), organisation.content(plan, len(plan.states) - 1)

        poison, raw = stage.organisation.do(content)
        yield Run(
            poison=poison,
            raw=raw,
            topics_prefix=stage.prefix,
            served=[one for one in stage.organisation.answers() if poison in (found for found, _ in one["served"])],
            letters=stage.found(Topic.DEAD_LETTERS),
            lines=daemon.lines("conversation_dead_lettered"),
            metrics=metrics,
            audit=stage.decoded(Topic.AUDIT),
            records=stage.decoded(Topic.CONVERSATIONS),
            verdict=stage.verdict(),
        )


def test_it_is_one_dead_letter_though_it_was_served_again_and_again(run: Run) -> None:
    assert len(run.served) >= 3
    assert [letter.key for letter in run.letters] == [run.poison.encode()]


def test_the_others_of_its_page_arrive(run: Run) -> None:
    page = {found for found, _ in run.served[0]["served"]}
    assert len(page) > 50
    assert page - {record["recordId"] for record in run.records} == {run.poison}


def test_the_letter_is_the_conversation_as_it_was_received(run: Run) -> None:
    assert run.letters[0].value == run.raw


def test_the_letter_says_what_is_wrong_and_where_it_came_from(run: Run) -> None:
    (line,) = run.lines
    headers = {name: value.decode() for name, value in run.letters[0].headers}
    assert headers.pop("ce_time").startswith("2026-03-10T10:0")
    assert headers.pop("ce_id").startswith(f"{line['request_id']}:")
    assert headers == {
        "ce_specversion": "1.0",
        "ce_source": "/genesys/default",
        "ce_type": "io.genesysproducer.dead-letter.v1",
        "ce_subject": run.poison,
        "content-type": "application/json",
        "request-id": run.served[0]["requestId"],
        "__connect.errors.topic": f"{run.topics_prefix}.conversations.v1",
        "__connect.errors.stage": "normalising",
        "__connect.errors.exception.class.name": "Malformed",
        "__connect.errors.exception.message": line["message"].partition("): ")[2],
        "reason": line["reason"],
        "path": line["path"],
        "window": line["window"],
    }
    assert (headers["reason"], headers["path"].partition("[")[0]) in {
        ("malformed_instant", "$.participants"),
        ("wrong_shape", "$.participants"),
    }


def test_the_log_names_the_conversation_and_the_cure(run: Run) -> None:
    (line,) = run.lines
    assert (line["level"], line["what_to_do"]) == ("warning", errors.Malformed.what_to_do)
    assert line["message"].startswith(f"conversation {run.poison} went to the dead letters ({line['reason']}): ")
    assert (line["conversation_id"], line["request_id"]) == (run.poison, run.served[0]["requestId"])


def test_metrics_and_audit_count_it_once(run: Run) -> None:
    reason = run.lines[0]["reason"]
    assert f'dead_letters_total{{reason="{reason}",source="default"}} 1.0' in run.metrics
    counted = {event["requestId"]: event["deadLetters"] for event in run.audit if event["deadLetters"]}
    assert counted == {run.served[0]["requestId"]: 1}


def test_nothing_is_lost_behind_doubled_or_out_of_order(run: Run) -> None:
    assert run.verdict.zeros, run.verdict.as_json()
    assert (run.verdict.poisoned, run.verdict.dead_letters) == (1, 1)
    assert run.verdict.judged > 150
