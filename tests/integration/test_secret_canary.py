"""A run with every kind of failure and with secrets that can be recognised: they are nowhere to be found afterwards."""

from __future__ import annotations

import json
from base64 import b64encode
from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from confluent_kafka import Producer

from producer.dev.broker import Broker
from producer.dev.judge.verdict import Verdict
from producer.dev.rehearsal import free_port
from producer.errors import PrerequisiteMissing
from producer.model.batch import Topic
from producer.simulator import Simulator
from tests.support.simulated import QUERY
from tests.support.stage import Daemon, Script, Stage

pytestmark = [pytest.mark.timeout(240), pytest.mark.kafka]

USER = "canary-user"
PASSWORD = "Kafka/Canary+9d2f%41&="
WRONG_PASSWORD = "Kafka/Mistyped+77aa%41&="
CLIENT_ID = "simulator"
CLIENT_SECRET = "OAuth/Canary+7f3a%41&=é"
WRONG_SECRET = "OAuth/Mistyped+c0de%41&="
TOKEN_PATH = "/oauth/token"
EVERYTHING = "/api/v2/"
SHOWN = ("/", "/status", "/config", "/metrics", "/readyz")
PATIENCE = 40.0

ANSWERED: tuple[dict[str, Any], ...] = (
    {"kind": "truncated"},
    {"kind": "bad-gateway"},
    {"kind": "server-error"},
    {"kind": "unavailable"},
    {"kind": "gateway-timeout"},
    {"kind": "reset"},
    {"kind": "cut"},
    {"kind": "stall", "seconds": 30},
    {"kind": "forbidden"},
    {"kind": "bad-request"},
    {"kind": "too-large"},
    {"kind": "rate-limited"},
    {
        "kind": "server-error",
        "times": 8,
        "path": EVERYTHING,
    },  # opens the breaker, if nothing else is answered meanwhile
)
"""What queries meet, one after the other."""

AT_THE_LOGIN = ("truncated", "bad-gateway", "unauthorized", "forbidden", "reset", "cut", "stall", "rate-limited")
"""What the requests for a token meet, each after all tokens were revoked."""


@dataclass(slots=True, kw_only=True)
class Run:
    """What was seen of the run. `surfaces`: everything that left the daemon, by where it was found."""

    surfaces: dict[str, bytes]
    needles: dict[str, bytes]
    actions: set[str]
    errors: set[str]
    statuses: set[int]
    planted: dict[str, bytes]
    exit_code: int
    verdict: Verdict


# --- the secrets, in every spelling in which they might travel -------------------------------------------------------


def spellings(name: str, secret: str, user: str = "") -> dict[str, bytes]:
    """How a secret may look in text: as it is, quoted, escaped, in base64, in base64 together with its user."""
    escaped = json.dumps(secret)[1:-1]
    together = (f"{user}:{secret}", f"\0{user}\0{secret}")
    texts = {
        "as it is": secret,
        "in a URL": quote(secret, safe=""),
        "in a path": quote(secret),
        "in a form": quote_plus(secret),
        "in JSON": escaped,
        "in a repr": repr(secret.encode())[2:-1],
        "in base64": _base64(secret),
        **{f"in base64 with its user {index}": _base64(text) for index, text in enumerate(together)},
    }
    return {f"{name} {how}": text.encode() for how, text in texts.items()}


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode().rstrip("=")


def found_in(surfaces: Mapping[str, bytes], needles: Mapping[str, bytes]) -> set[tuple[str, str]]:
    """Where which secret is: pairs of surface and needle."""
    return {(where, what) for where, text in surfaces.items() for what, needle in needles.items() if needle in text}


# --- the run --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One daemon through all of it, on a broker of its own that asks for a password."""
    try:
        own = Broker.started()
    except PrerequisiteMissing as missing:
        pytest.skip(f"{missing}. {missing.what_to_do}; then: make test ARGS='-m kafka'")
    with own as broker:
        yield _through_everything(broker, _with_password(broker), tmp_path_factory.mktemp("canary"))


def _with_password(broker: Broker) -> str:
    """Give the broker a second listener, which asks for user and password; returns its address."""
    address = f"127.0.0.1:{free_port()}"
    ports = broker._listeners
    module = "org.apache.kafka.common.security.plain.PlainLoginModule"
    broker.stop()
    broker._extra |= {
        "listeners": (
            f"PLAINTEXT://127.0.0.1:{ports.broker},CONTROLLER://127.0.0.1:{ports.controller},PASSWORD://{address}"
        ),
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{ports.broker},PASSWORD://{address}",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PASSWORD:SASL_PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.name.password.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.password.plain.sasl.jaas.config": (f'{module} required user_{USER}="{PASSWORD}";'),
    }
    broker.start()
    return address


def _through_everything(broker: Broker, address: str, directory: Path) -> Run:
    kept = directory / "secrets"
    kept.mkdir()
    password, secret = kept / "kafka__security__password", kept / "genesys__client_secret"
    password.write_text(WRONG_PASSWORD)
    secret.write_text(WRONG_SECRET)
    settings = {
        "SECRETS_DIR": str(kept),
        "GENESYS__CLIENT_SECRET": None,
        "GENESYS__TIMEOUT": "2s",
        "KAFKA__SECURITY__PROTOCOL": "SASL_PLAINTEXT",
        "KAFKA__SECURITY__SASL_MECHANISM": "PLAIN",
        "KAFKA__SECURITY__USERNAME": USER,
        "LOG__LEVEL": "debug",
    }
    script = Script(speed=60, poison=0.02, bootstrap_servers=address, settings=settings)
    with Stage(broker, directory, script) as stage:
        tokens = stage.organisation.do(_tokens_that_are_handed_out)
        stage.organisation.do(lambda simulator: simulator.rotate_secret(CLIENT_SECRET))
        daemon = stage.start()
        shown: dict[str, bytes] = {}
        daemon.wait_for_line("sink_blocked", error="SinkRefused")
        _look(daemon, shown)
        password.write_text(PASSWORD)
        stage.make_topics()
        daemon.wait_for_line("source_blocked", error="CredentialsRefused", seconds=PATIENCE)
        _look(daemon, shown)
        secret.write_text(CLIENT_SECRET)
        daemon.wait_until_ready(PATIENCE)
        _fail_in_every_way(stage, daemon, shown)
        arguments = Path(f"/proc/{daemon.pid}/cmdline").read_bytes()
        exit_code = daemon.stop()
        lines = daemon.lines()
        surfaces = {
            **shown,
            "process arguments": arguments,
            "log": daemon.log.read_bytes(),
            **{f"topic {topic.value}": _content(stage, topic) for topic in Topic},
        }
        verdict = stage.verdict()
        producer = Producer({"bootstrap.servers": broker.bootstrap_servers})
        producer.produce(stage.topic(Topic.AUDIT), b"", headers={"leak": f"Bearer {tokens[0]}"})
        assert producer.flush(10) == 0
        return Run(
            surfaces=surfaces,
            needles=dict(
                ChainMap(
                    *(spellings(f"the password {each[:8]}", each, USER) for each in (PASSWORD, WRONG_PASSWORD)),
                    *(spellings(f"the secret {each[:8]}", each, CLIENT_ID) for each in (CLIENT_SECRET, WRONG_SECRET)),
                    {f"the token {index}": token[:24].encode() for index, token in enumerate(tokens)},
                )
            ),
            actions={line["action"] for line in lines},
            errors={line["error"] for line in lines if "error" in line},
            statuses={answer["status"] for answer in stage.organisation.answers()},
            planted={"topic audit": _content(stage, Topic.AUDIT)},
            exit_code=exit_code,
            verdict=verdict,
        )


def _fail_in_every_way(stage: Stage, daemon: Daemon, shown: dict[str, bytes]) -> None:
    organisation = stage.organisation
    for fault in ANSWERED:
        organisation.inject(**{"path": QUERY, "times": 1, **fault})
        organisation.wait_until_over(PATIENCE)
        _look(daemon, shown)
    for kind in AT_THE_LOGIN:
        organisation.inject(kind, path=TOKEN_PATH, times=1, seconds=30)
        organisation.do(Simulator.revoke_tokens)
        organisation.wait_until_over(PATIENCE)
        _look(daemon, shown)
    stage.wait_until_covered(daemon, seconds=PATIENCE)
    before = daemon.mark()
    stage.broker.kill()
    daemon.wait_for_line("library_log", after=before)
    _look(daemon, shown)
    stage.broker.start()
    stage.wait_until_covered(daemon, seconds=PATIENCE)
    _look(daemon, shown)


def _look(daemon: Daemon, shown: dict[str, bytes]) -> None:
    """Keep all that the admin server shows at this moment."""
    for path in SHOWN:
        for kind in ("text/html", "application/json", "application/openmetrics-text"):
            code, text = daemon.get(path, Accept=kind)
            assert code in (200, 503), (path, code)
            shown[path] = shown.get(path, b"") + text.encode()


def _tokens_that_are_handed_out(simulator: Simulator) -> list[str]:
    """A list that every token is added to as it is issued."""
    tokens: list[str] = []
    issue = simulator.front.tokens.issue

    def issued(now: int) -> str:
        tokens.append(issue(now))
        return tokens[-1]

    simulator.front.tokens.issue = issued  # type: ignore[method-assign]  # the organisation tells nobody else
    return tokens


def _content(stage: Stage, topic: Topic) -> bytes:
    """Every byte on a topic: keys, values, names and values of headers."""
    return b"\n".join(
        part or b""
        for found in stage.found(topic)
        for part in (
            found.key,
            found.value,
            *(piece for name, value in found.headers for piece in (name.encode(), value)),
        )
    )


# --- what is asked of it --------------------------------------------------------------------------------------------


def test_no_secret_is_anywhere(run: Run) -> None:
    assert found_in(run.surfaces, run.needles) == set()


def test_the_run_had_every_kind_of_failure(run: Run) -> None:
    assert {
        "request_retried",
        "rate_limit_hit",
        "token_refused",
        "breaker_changed",
        "hole_opened",
        "read_failed",
        "source_blocked",
        "sink_blocked",
        "conversation_dead_lettered",
        "library_log",
    } <= run.actions
    assert {"SinkRefused", "CredentialsRefused", "PermissionMissing", "WindowRefused", "ServerError"} <= run.errors
    assert {0, 200, 400, 401, 403, 429, 500, 502, 503, 504} <= run.statuses


def test_everything_was_looked_at(run: Run) -> None:
    empty = {f"topic {topic.value}" for topic in (Topic.COMMANDS,)}
    assert {where for where, text in run.surfaces.items() if len(text) < 20} == empty
    assert b"**********" in run.surfaces["/config"]
    assert b'"level": "debug"' in run.surfaces["log"]
    assert b"producer\0run" in run.surfaces["process arguments"]


def test_the_search_finds_every_spelling_that_is_planted(run: Run) -> None:
    assert len(run.needles) > 40
    for what, needle in run.needles.items():
        assert ("planted", what) in found_in({"planted": b'{"message": "' + needle + b'"}'}, run.needles)


def test_the_search_finds_a_token_in_a_header_of_a_record(run: Run) -> None:
    assert ("topic audit", "the token 0") in found_in(run.planted, run.needles)


def test_nothing_is_lost_behind_doubled_or_out_of_order(run: Run) -> None:
    assert run.exit_code == 0
    assert run.verdict.zeros, run.verdict.as_json()
