"""Every prerequisite broken on purpose, and named by `doctor` as a process: that one, and no other."""

from __future__ import annotations

import json
import socket
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest

from producer.dev.broker import Broker
from producer.doctor.results import Prerequisite
from producer.kafka.options import DEFAULT_PARTITIONS, Records, SecurityOptions
from producer.kafka.sink import KafkaSink
from producer.model.batch import Topic
from tests.support.ailments import (
    HOOK_SECRET,
    HOOK_TOKEN,
    READER,
    STRANGER,
    TOKEN_PATH,
    WRONG_PASSWORD,
    WRONG_SECRET,
    cases,
)
from tests.support.guarded import ACCESS_LISTS, PASSWORD, USER, guarded_broker
from tests.support.simulated import SimulatedOrganisation
from tests.support.sinks import StandingClock, batch, options, values
from tests.support.stage import Script, Stage
from tests.support.ward import SECRET, Case, Ended, Ward, allow, doctor, make_topics, organisation_options, variables

pytestmark = [pytest.mark.timeout(120), pytest.mark.kafka]


@pytest.fixture(scope="module")
def ward(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    """The shared broker has made sure that one can run."""
    directory = tmp_path_factory.mktemp("ward")
    with ExitStack() as stack:
        guarded = stack.enter_context(guarded_broker(directory, READER, STRANGER, properties=ACCESS_LISTS))
        organisations = {
            name: stack.enter_context(SimulatedOrganisation(each))
            for name, each in organisation_options(directory).items()
        }
        taken = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        ward = Ward(guarded, organisations, directory, "ward", taken.getsockname()[1])
        allow(guarded, USER, "ward", everything=True)
        allow(guarded, USER, "odd", everything=True)
        allow(guarded, USER, "none", everything=True)
        allow(guarded, READER, "ward", everything=False)
        make_topics(ward)
        yield ward


@pytest.fixture(scope="module")
def runs(ward: Ward) -> dict[str, tuple[Case, Ended]]:
    """Every case, tried; three at a time, since most of the time is waiting."""
    tried = cases(ward)
    with ThreadPoolExecutor(3) as pool:
        return {case.name: (case, ended) for case, ended in zip(tried, pool.map(ward.run, tried), strict=True)}


def test_every_broken_prerequisite_is_named_with_its_cure_and_no_other(runs: dict[str, tuple[Case, Ended]]) -> None:
    wrong = {}
    for name, (case, ended) in runs.items():
        named = {
            check: (each["outcome"], each["finding"], each["what_to_do"])
            for check, each in ended.checks.items()
            if each["outcome"] in ("failed", "warning")
        }
        as_expected = named.keys() == case.found.keys() and all(
            named[check][0] == outcome and finding in named[check][1] and cure in named[check][2]
            for check, (outcome, finding, cure) in case.found.items()
        )
        if not as_expected:
            wrong[name] = named

    assert wrong == {}


def test_it_ends_with_one_exactly_when_something_failed(runs: dict[str, tuple[Case, Ended]]) -> None:
    failing = {name for name, (case, _) in runs.items() if any(found[0] == "failed" for found in case.found.values())}

    assert {name for name, (_, ended) in runs.items() if ended.code == 1} == failing
    assert {name for name, (_, ended) in runs.items() if ended.code == 0} == runs.keys() - failing
    assert [name for name, (_, ended) in runs.items() if json.loads(ended.out)["ok"] is not (ended.code == 0)] == []


def test_where_all_is_well_every_check_says_so(runs: dict[str, tuple[Case, Ended]]) -> None:
    _, ended = runs["nothing is broken"]

    assert {name for name, check in ended.checks.items() if check["outcome"] == "ok"} == set(Prerequisite)
    assert "lets us in over SASL_SSL as producer by PLAIN" in ended.checks["broker"]["finding"]
    assert ended.checks["transactional id"]["finding"].startswith("ward-")


def test_what_hangs_on_a_failure_is_skipped_with_its_reason(runs: dict[str, tuple[Case, Ended]]) -> None:
    _, ended = runs["the machine, an unknown client and a broker that nobody runs"]
    skipped = {name: check["finding"] for name, check in ended.checks.items() if check["outcome"] == "skipped"}

    assert skipped == {
        "allow list": "login failed",
        "rate limit": "login failed",
        "organisation": "login failed",
        "permission": "login failed",
        "permission by id": "login failed",
        "names": "login failed",
        "budget": "login failed",
        "topics": "broker failed",
        "topic access": "broker failed",
        "transactional id": "broker failed",
    }


def test_no_secret_is_in_any_output(runs: dict[str, tuple[Case, Ended]]) -> None:
    secrets = {SECRET, WRONG_SECRET, WRONG_PASSWORD, PASSWORD, HOOK_TOKEN, HOOK_SECRET}
    spellings = {
        *secrets,
        *(quote(secret, safe="") for secret in secrets),
        *(b64encode(secret.encode()).decode().rstrip("=") for secret in secrets),
        *(b64encode(f"simulator:{secret}".encode()).decode().rstrip("=") for secret in secrets),
        "Bearer ",
    }
    found = {
        (name, spelling)
        for name, (_, ended) in runs.items()
        for spelling in spellings
        if spelling in ended.out + ended.said
    }

    assert found == set()
    assert {ended.said for _, ended in runs.values()} == {""}


async def test_the_access_lists_that_satisfy_it_are_enough_for_the_daemon(ward: Ward) -> None:
    """What it accepts must be what a lane needs: take it over, restore it, commit."""
    security = SecurityOptions(
        protocol="SASL_SSL",
        mechanism="PLAIN",
        username=USER,
        password=lambda: PASSWORD,
        ca_file=ward.guarded.ca_file,
    )
    there = options(
        ward.guarded.broker,
        ward.prefix,
        bootstrap_servers=ward.guarded.address,
        security=security,
        application_id=ward.prefix,
        topics={topic: f"{ward.prefix}.{topic.value.replace('_', '-')}.v1" for topic in Topic},
        partitions=DEFAULT_PARTITIONS,
        lanes=8,
        records=Records(known={b"any": "any"}),
    )
    sink = KafkaSink(there, lane=0, clock=StandingClock())
    await sink.open()
    await sink.commit(batch(1, "a"))
    await sink.close()

    assert values(ward.guarded.broker, there.topics[Topic.CONVERSATIONS]) == ["a on page 1"]


def test_topics_check_says_what_differs_and_ends_with_one(ward: Ward) -> None:
    same = doctor(variables(ward.settings()), "topics", "check")
    settings = variables({**ward.settings(), "KAFKA__TOPICS__PREFIX": "odd", "KAFKA__REPLICATION_FACTOR": "2"})
    table = doctor(settings, "topics", "check")
    found = doctor(settings, "topics", "check", "--output", "json")

    assert (same.code, same.said) == (0, "")
    assert [line.split()[0] for line in same.out.splitlines()] == ["ok"] * 6
    assert (table.code, table.said, found.code, found.said) == (1, "", 1, "")
    assert "differs  odd.conversations.v1\n" in table.out
    assert "         the number of partitions  12" in table.out
    differences = {(each["topic"], each["subject"]): each["found"] for each in json.loads(found.out)["differences"]}
    assert {
        ("odd.conversations.v1", "the number of partitions"): "5",
        ("odd.conversations.v1", "cleanup.policy"): "delete",
        ("odd.conversations.v1", "the replication factor"): "1",
        ("odd.state.v1", "max.message.bytes"): "1000000",
        ("odd.state.v1", "the replication factor"): "1",
        ("odd.audit.v1", "the topic"): "missing",
    }.items() <= differences.items()


def test_a_daemon_goes_on_undisturbed_beside_it(broker: Broker, tmp_path: Path) -> None:
    with Stage(broker, tmp_path, Script(settings={"GENESYS__REALM_ID": None})) as stage:
        stage.make_topics()
        daemon = stage.start()
        stage.wait_until_covered(daemon)
        asked = len(stage.organisation.answers())
        with ThreadPoolExecutor(2) as pool:
            ended = list(pool.map(lambda _: doctor(daemon.environ, "doctor", "--output", "json"), range(4)))
        mark = daemon.mark()
        stage.wait_until_covered(daemon)
        assert daemon.stop() == 0
        restored = daemon.lines("lane_restored")
        disturbed = daemon.lines("lane_fenced") + daemon.lines("batch_discarded") + daemon.lines("sink_blocked")
        answers = stage.organisation.answers()[asked:]
        verdict = stage.verdict()

    assert [(each.code, each.said) for each in ended] == [(0, "")] * 4, ended[0].out
    for each in ended:
        assert "runs there, ready; it is the one of these settings" in each.checks["admin port"]["finding"]
    assert (len(restored), disturbed, mark > 0) == (1, [], True)
    assert sum(answer["path"] == TOKEN_PATH for answer in answers) == 4  # the daemon has its token from before
    assert sum(answer["path"] == "/api/v2/tokens/me" for answer in answers) == 4
    assert verdict.zeros, verdict.as_json()
