"""Every prerequisite broken on purpose, and named by `doctor` as a process: that one, and no other."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from producer.dev.broker import Broker
from producer.dev.rehearsal import free_port
from tests.support.guarded import ACCESS_LISTS, PASSWORD, USER, guarded_broker
from tests.support.simulated import SimulatedOrganisation
from tests.support.stage import Stage
from tests.support.ward import (
    OTHER_ORGANISATION,
    READER,
    SECRET,
    STRANGER,
    WRONG_PASSWORD,
    WRONG_SECRET,
    Case,
    Ended,
    Ward,
    allow,
    doctor,
    make_topics_of,
    organisations_in,
    variables,
)


@pytest.fixture(scope="module")
def ward(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    """The shared broker has made sure that one can run."""
    directory = tmp_path_factory.mktemp("ward")
    with ExitStack() as stack:
        guarded = stack.enter_context(guarded_broker(directory, READER, STRANGER, properties=ACCESS_LISTS))
        organisations = {
            name: stack.enter_context(SimulatedOrganisation(each)) for name, each in organisations_in(directory).items()
        }
        taken = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        ward = Ward(guarded, organisations, directory, "ward", taken.getsockname()[1])
        allow(guarded, USER, "ward", everything=True)
        allow(guarded, USER, "odd", everything=True)
        allow(guarded, USER, "none", everything=True)
        allow(guarded, READER, "ward", everything=False)
        make_topics_of(ward)
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
            {"settings": ("failed", "genesys.region 'nowhere' is neither a domain nor one of", "correct the settings")},
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
            },
            {"GENESYS__API_URL": tls, "GENESYS__LOGIN_URL": tls, "KAFKA__SECURITY__CA_FILE": ""},
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
            "a clock that is ahead",
            {"clock": ("failed", "ahead of the server's", "NTP")},
            ward.organisation("past"),
        ),
        Case(
            "a limit below the setting, and a declaration above what is there",
            {
                "rate limit": ("warning", "the API allows 120 a minute", "limits.requests_per_minute to 120"),
                "topics": ("warning", "ward.state.v1: the replication factor is 1, declared 2", "reassign"),
            },
            {**ward.organisation("headed"), "KAFKA__REPLICATION_FACTOR": "2"},
        ),
    ]


@pytest.fixture(scope="module")
def runs(ward: Ward) -> dict[str, tuple[Case, Ended]]:
    """Every case, tried; three at a time, since most of the time is waiting."""
    tried = cases(ward)
    with ThreadPoolExecutor(3) as pool:
        return {case.name: (case, ended) for case, ended in zip(tried, pool.map(ward.run, tried), strict=True)}


@pytest.mark.timeout(120)
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


def test_at_least_fifteen_prerequisites_were_broken(runs: dict[str, tuple[Case, Ended]]) -> None:
    broken = {(check, cure) for case, _ in runs.values() for check, (_, _, cure) in case.found.items()}
    assert len({check for check, _ in broken}) >= 15
    assert len(broken) >= 25


def test_what_is_wrong_ends_with_1_and_a_warning_or_nothing_with_0(runs: dict[str, tuple[Case, Ended]]) -> None:
    codes = {name: ended.code for name, (_, ended) in runs.items()}
    failing = {name for name, (case, _) in runs.items() if any(each[0] == "failed" for each in case.found.values())}
    assert codes == {name: int(name in failing) for name in runs}
    healthy = runs["nothing is broken"][1]
    assert {check["outcome"] for check in healthy.checks.values()} == {"ok"}


def test_what_depends_on_a_failed_check_is_skipped_and_says_so(runs: dict[str, tuple[Case, Ended]]) -> None:
    _, ended = runs["a wrong secret and a wrong password"]
    skipped = {name: check["finding"] for name, check in ended.checks.items() if check["outcome"] == "skipped"}
    assert skipped["permission"] == "login failed"
    assert skipped["topics"] == "broker failed"


def test_no_secret_is_in_what_is_printed(runs: dict[str, tuple[Case, Ended]]) -> None:
    printed = "".join(ended.out + ended.said for _, ended in runs.values())
    assert [each for each in (SECRET, WRONG_SECRET, PASSWORD, WRONG_PASSWORD) if each in printed] == []
    assert {ended.said for _, ended in runs.values()} == {""}


@pytest.mark.timeout(60)
def test_people_get_a_table_with_the_cure_below_what_failed(ward: Ward) -> None:
    ended = doctor(variables({**ward.settings(), "GENESYS__CLIENT_SECRET": WRONG_SECRET}), "doctor")
    lines = ended.out.splitlines()
    (failed,) = [number for number, line in enumerate(lines) if line.startswith("failed")]
    assert lines[failed].split()[:2] == ["failed", "login"]
    assert "what to do: " in lines[failed + 1]
    assert lines[-1].endswith("skipped")
    assert ended.code == 1


@pytest.mark.timeout(60)
def test_topics_are_checked_alone_as_well(ward: Ward) -> None:
    well, odd = (
        doctor(variables({**ward.settings(), "KAFKA__TOPICS__PREFIX": prefix}), "topics", "check", "--output", "json")
        for prefix in ("ward", "odd")
    )
    assert (well.code, odd.code) == (0, 1)
    assert "odd.conversations.v1" in odd.out


@pytest.mark.timeout(90)
def test_a_daemon_that_runs_is_not_disturbed(broker: Broker, tmp_path: Path) -> None:
    with Stage(broker, tmp_path) as stage:
        stage.make_topics()
        daemon = stage.start()
        stage.wait_until_covered(daemon)
        ended = doctor(daemon.environ, "doctor", "--output", "json")
        stage.wait_until_covered(daemon)
        metrics = daemon.get("/metrics")[1]
        assert daemon.stop() == 0
    assert {check["name"] for check in json.loads(ended.out)["checks"] if check["outcome"] == "failed"} == set()
    assert "daemon" in ended.checks["admin port"]["finding"]
    assert 'genesys_producer_fenced_total{source="default"} 0.0' in metrics
