"""What keeps a daemon from beginning: topics that are missing, the wrong organisation. It says so, writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from producer import errors
from producer.dev.broker import Broker
from producer.model.batch import Topic
from tests.support.stage import Line, Script, Stage

pytestmark = pytest.mark.timeout(120)

ANOTHER = "11111111-2222-3333-4444-555555555555"


@dataclass(slots=True, kw_only=True)
class Run:
    """What was seen of the run."""

    prefix: str
    organisation: str
    no_topics: Line
    no_topics_reason: Mapping[str, Any]
    wrong_organisation: Line
    wrong_organisation_reason: Mapping[str, Any]
    queries: list[Mapping[str, Any]]
    conversations: int
    exit_code: int


@pytest.fixture(scope="module")
def run(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One daemon without topics; when they are there, its token turns out to be of another organisation."""
    script = Script(settings={"GENESYS__REALM_ID": ANOTHER})
    with Stage(broker, tmp_path_factory.mktemp("start"), script) as stage:
        daemon = stage.start()
        no_topics = daemon.wait_for_line("sink_blocked")
        no_topics_reason = daemon.wait_for_reason("broker")
        stage.make_topics()
        wrong = daemon.wait_for_line("source_blocked")
        wrong_reason = daemon.wait_for_reason("credentials")
        exit_code = daemon.stop()
        yield Run(
            prefix=stage.prefix,
            organisation=stage.organisation.do(lambda simulator: simulator.organisation.directory.organization.id),
            no_topics=no_topics,
            no_topics_reason=no_topics_reason,
            wrong_organisation=wrong,
            wrong_organisation_reason=wrong_reason,
            queries=[one for one in stage.organisation.answers() if "/analytics/" in one["path"]],
            conversations=len(stage.found(Topic.CONVERSATIONS)),
            exit_code=exit_code,
        )


def test_missing_topics_are_named_with_the_command_that_makes_them(run: Run) -> None:
    line = run.no_topics
    assert (line["level"], line["error"]) == ("error", "SinkRefused")
    assert line["message"].startswith("Kafka can't be used (SinkRefused): topics are not as declared. ")
    missing = f"{run.prefix}.conversations.v1: the topic is missing, declared present; create it: "
    assert missing + "genesys-producer topics create" in line["message"]
    assert line["what_to_do"] == errors.SinkRefused.what_to_do
    reason = run.no_topics_reason
    assert (reason["reason"], reason["what_to_do"]) == ("broker", errors.SinkRefused.what_to_do)
    assert "genesys-producer topics create" in reason["message"]


def test_another_organisation_is_told_by_both_ids(run: Run) -> None:
    said = f"the token belongs to organisation {run.organisation}, genesys.realm_id says {ANOTHER}"
    line = run.wrong_organisation
    told = (line["level"], line["message"], line["what_to_do"])
    assert told == (
        "error",
        f"nothing can be read from Genesys Cloud (WrongOrganisation): {said}; tried again in 60 s",
        errors.WrongOrganisation.what_to_do,
    )
    reason = run.wrong_organisation_reason
    assert (reason["reason"], reason["message"]) == ("credentials", said)
    assert reason["what_to_do"] == errors.WrongOrganisation.what_to_do


def test_nothing_of_another_organisation_is_read_or_written(run: Run) -> None:
    assert (run.queries, run.conversations, run.exit_code) == ([], 0, 0)
