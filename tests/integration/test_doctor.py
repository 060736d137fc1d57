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
from producer.dev.rehearsal import free_port
from producer.doctor.results import Prerequisite
from producer.kafka.options import DEFAULT_PARTITIONS, Records, SecurityOptions
from producer.kafka.sink import KafkaSink
from producer.model.batch import Topic
from tests.support.guarded import ACCESS_LISTS, PASSWORD, USER, guarded_broker
from tests.support.simulated import SimulatedOrganisation
from tests.support.sinks import StandingClock, batch, options, values
from tests.support.stage import Script, Stage
from tests.support.ward import SECRET, Case, Ended, Ward, allow, doctor, make_topics, organisation_options, variables

pytestmark = [pytest.mark.timeout(120), pytest.mark.kafka]

WRONG_SECRET = "doctor/Mistyped+03d1"
WRONG_PASSWORD = "kafka/Mistyped+77aa"
READER = "reader"
STRANGER = "stranger"
TOKEN_PATH = "/oauth/token"
OTHER_ORGANISATION = "00000000-0000-4000-8000-000000000000"
HOOK_TOKEN = "hook-canary-91c2"
HOOK_SECRET = "whsec_ZG9jdG9yL3NpZ25pbmcvY2FuYXJ5LzkxYzI="


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


def cases(ward: Ward) -> list[Case]:
    """All that is broken, one thing or a few that have nothing to do with one another at a time."""
    nobody = free_port()
    tls = f"https://{ward.guarded.address}"
    empty = ward.directory / "secrets"
    empty.mkdir()
    (empty / "genesys__client_secret").write_text("\n")
    file = ward.directory / "a-file"
    file.write_text("")
    return [
        Case("nothing is broken", {}),
        Case(
            "settings, a secret and the virtual clock",
            {
                "settings": ("failed", "capture.poll_interval (PRODUCER_CAPTURE__POLL_INTERVAL): ", "correct the"),
                "secrets": ("failed", f"({empty}/genesys__client_secret): the file can't be used (is empty)", "mount"),
                "virtual clock": ("failed", "a virtual clock is refused unless genesys.api_url is an", "remove the"),
            },
            {
                "GENESYS__API_URL": "",
                "GENESYS__LOGIN_URL": "",
                "GENESYS__CLIENT_SECRET": "",
                "GENESYS__REGION": "mypurecloud.ie",
                "CAPTURE__POLL_INTERVAL": "soon",
                "DEV__CLOCK_ORIGIN": "2026-03-10T10:00:00Z",
                "DEV__CLOCK_EPOCH": "1770000000",
                "SECRETS_DIR": str(empty),
            },
        ),
        Case(
            "a region that is none",
            {"settings": ("failed", "must be a domain or one of: ap-northeast-1", "correct the settings")},
            {"GENESYS__API_URL": "", "GENESYS__LOGIN_URL": "", "GENESYS__REGION": "nowhere"},
        ),
        Case(
            "the machine, an unknown client and a broker that nobody runs",
            {
                "python": ("failed", "run with -O", "without -O"),
                "state path": ("failed", "a-file/below: Not a directory", "state.path"),
                "admin port": ("failed", f"127.0.0.1:{ward.taken_port}: Address already in use", "admin.port"),
                "login": ("failed", "unknown client: 400 invalid_client client not found", "genesys.client_id"),
                "broker": ("failed", "ConnectionRefusedError", "nobody listens there"),
            },
            {
                "STATE__PATH": str(file / "below"),
                "ADMIN__PORT": str(ward.taken_port),
                "GENESYS__CLIENT_ID": "somebody",
                "KAFKA__BOOTSTRAP_SERVERS": f"127.0.0.1:{nobody}",
            },
            options=("-O",),
        ),
        Case(
            "a wrong secret and a wrong password",
            {
                "login": ("failed", "wrong secret: 401 invalid_client", "genesys.client_secret"),
                "broker": ("failed", "SaslAuthenticationFailed: Authentication failed", "kafka.security.password"),
            },
            {"GENESYS__CLIENT_SECRET": WRONG_SECRET, "KAFKA__SECURITY__PASSWORD": WRONG_PASSWORD},
        ),
        Case(
            "names that nobody knows",
            {
                "login host": ("failed", "login.nowhere.invalid: ClientConnectorDNSError", "DNS"),
                "API host": ("failed", "api.nowhere.invalid: ClientConnectorDNSError", "DNS"),
                "broker": ("failed", "gaierror", "DNS"),
            },
            {
                "GENESYS__API_URL": "",
                "GENESYS__LOGIN_URL": "",
                "GENESYS__REGION": "nowhere.invalid",
                "KAFKA__BOOTSTRAP_SERVERS": "broker.nowhere.invalid:9092",
            },
        ),
        Case(
            "certificates of strangers",
            {
                "login host": ("failed", "ClientConnectorCertificateError", "SSL_CERT_FILE"),
                "API host": ("failed", "ClientConnectorCertificateError", "SSL_CERT_FILE"),
                "broker": ("failed", "certificate verify failed", "kafka.security.ca_file"),
                "webhook": ("warning", "ClientConnectorCertificateError", "webhook.url"),
            },
            {
                "GENESYS__API_URL": tls,
                "GENESYS__LOGIN_URL": tls,
                "KAFKA__SECURITY__CA_FILE": "",
                "WEBHOOK__URL": f"{tls}/{HOOK_TOKEN}",
                "WEBHOOK__SECRETS": HOOK_SECRET,
            },
        ),
        Case(
            "a dead proxy, and plaintext to TLS",
            {
                "login host": ("failed", "ClientProxyConnectionError", "HTTP_PROXY"),
                "API host": ("failed", "ClientProxyConnectionError", "HTTP_PROXY"),
                "broker": ("failed", "KafkaConnectionError", "kafka.security.protocol"),
            },
            {
                "KAFKA__SECURITY__PROTOCOL": "",
                "KAFKA__SECURITY__SASL_MECHANISM": "",
                "KAFKA__SECURITY__USERNAME": "",
                "KAFKA__SECURITY__PASSWORD": "",
                "KAFKA__SECURITY__CA_FILE": "",
            },
            {"HTTP_PROXY": f"http://somebody:{WRONG_PASSWORD.replace('/', '%2F')}@127.0.0.1:{nobody}"},
        ),
        Case(
            "a proxy that is none, and a mechanism that is not offered",
            {
                "login host": ("failed", "HTTPS_PROXY is no address of a proxy", "correct the variable"),
                "API host": ("failed", "HTTPS_PROXY is no address of a proxy", "correct the variable"),
                "broker": ("failed", "UnsupportedSaslMechanismError", "kafka.security.sasl_mechanism"),
            },
            {"KAFKA__SECURITY__SASL_MECHANISM": "SCRAM-SHA-256"},
            {"HTTPS_PROXY": f"socks5://somebody:{WRONG_PASSWORD}@127.0.0.1"},
        ),
        Case(
            "an API host that does not answer, and topics that are missing",
            {
                "API host": ("failed", "ClientConnectorError", "firewall"),
                "topics": ("failed", "none.state.v1: the topic is missing", "genesys-producer topics create"),
            },
            {
                "GENESYS__API_URL": f"http://127.0.0.1:{nobody}",
                "KAFKA__TOPICS__PREFIX": "none",
                "KAFKA__APPLICATION_ID": "none",
            },
        ),
        Case(
            "another organisation, and topics that are otherwise",
            {
                "organisation": ("failed", f"genesys.realm_id is {OTHER_ORGANISATION}", "genesys.realm_id"),
                "topics": ("failed", "odd.conversations.v1: the number of partitions is 5, declared 12", "partition"),
            },
            {
                "GENESYS__REALM_ID": OTHER_ORGANISATION,
                "KAFKA__TOPICS__PREFIX": "odd",
                "KAFKA__APPLICATION_ID": "odd",
            },
        ),
        Case(
            "a permission that is missing, and nothing allowed but looking",
            {
                "permission": ("failed", "analytics:conversationDetail:view", "every division"),
                "topic access": ("failed", "ward.state.v1: Read is not allowed", "ACL"),
                "transactional id": ("failed", "TransactionalIdAuthorizationFailed", "on the transactional id"),
            },
            {**ward.organisation("forbidding"), "KAFKA__SECURITY__USERNAME": READER},
        ),
        Case(
            "a limit that is used up, and a stranger to the cluster",
            {
                "rate limit": ("failed", "Retry the request in [17] seconds", "other clients"),
                "topics": ("failed", "TopicAuthorizationFailedError", "Describe and DescribeConfigs"),
                "transactional id": ("failed", "TransactionalIdAuthorizationFailed", "on the transactional id"),
            },
            {**ward.organisation("limiting"), "KAFKA__SECURITY__USERNAME": STRANGER},
        ),
        Case(
            "an address that is not allowed",
            {"allow list": ("failed", "Your IP address is not allowed", "allow list")},
            ward.organisation("walled"),
        ),
        Case(
            "a permission that is missing by id alone",
            {"permission by id": ("failed", "analytics:conversationDetail:view", "every division")},
            ward.organisation("half-forbidding"),
        ),
        Case(
            "names that may not be looked up",
            {"names": ("warning", "queue: a permission is missing (it takes routing:queue:view)", "every division")},
            ward.organisation("nameless"),
        ),
        Case(
            "a clock that is ahead, and a webhook that nobody runs",
            {
                "clock": ("failed", "ahead of the server's", "NTP"),
                "webhook": ("warning", f"connection at 127.0.0.1:{nobody}: ClientConnectorError", "receiver runs"),
            },
            {
                **ward.organisation("past"),
                "WEBHOOK__URL": f"http://127.0.0.1:{nobody}/{HOOK_TOKEN}",
                "WEBHOOK__SECRETS": HOOK_SECRET,
                "WEBHOOK__ALLOW_HTTP": "true",
            },
        ),
        Case(
            "a limit below the setting, tiers that do not fit it, and a declaration above what is there",
            {
                "rate limit": ("warning", "the API allows 120 a minute", "limits.requests_per_minute to 120"),
                "budget": ("warning", "of 172,800 requests", "capture.rereads"),
                "topics": ("warning", "ward.state.v1: the replication factor is 1, declared 2", "reassign"),
            },
            {
                **ward.organisation("headed"),
                "CAPTURE__HEAD_LAG": "1s",
                "CAPTURE__REREADS": "4s",
                "KAFKA__REPLICATION_FACTOR": "2",
            },
        ),
    ]


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
