"""A place where every prerequisite of the daemon is met, and what is needed to break them one by one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

from producer.dev.rehearsal import free_port
from producer.simulator import SimulatorOptions
from producer.simulator.faults import Fault, Trouble
from tests.support.guarded import PASSWORD, USER, Guarded
from tests.support.simulated import SimulatedOrganisation
from tests.support.sinks import make_topic

SECONDS = 60.0
SECRET = "doctor/Canary+51c8"
LONG_AGO = datetime(2026, 3, 10, 10, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Case:
    """What is set otherwise, and what `doctor` must find: by name of a check its outcome and a part of its finding and
    its cure. Besides these nothing fails and nothing warns.
    """

    name: str
    found: Mapping[str, tuple[str, str, str]]
    settings: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of `doctor` ended."""

    code: int
    out: str
    said: str

    @property
    def checks(self) -> dict[str, dict[str, str]]:
        """The checks by name."""
        return {check["name"]: check for check in json.loads(self.out)["checks"]}


def doctor(environ: Mapping[str, str], *words: str, python: tuple[str, ...] = ()) -> Ended:
    """Run it with these variables and none of the caller's settings."""
    own = ("GENESYS", "PRODUCER_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    done = subprocess.run(
        [sys.executable, *python, "-m", "producer", *words],
        check=False,
        env={**inherited, **environ},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def variables(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings as variables; what is empty is not set."""
    return {f"PRODUCER_{name}": value for name, value in settings.items()}


@dataclass(frozen=True, slots=True)
class Ward:
    """Where everything is well: a guarded broker with exactly the access lists that are needed, and organisations."""

    guarded: Guarded
    organisations: Mapping[str, SimulatedOrganisation]
    directory: Path
    prefix: str
    taken_port: int

    def settings(self) -> dict[str, str]:
        """The settings with which all is well."""
        return {
            **self.organisation("healthy"),
            "GENESYS__CLIENT_ID": "simulator",
            "GENESYS__CLIENT_SECRET": SECRET,
            "KAFKA__BOOTSTRAP_SERVERS": self.guarded.address,
            "KAFKA__SECURITY__PROTOCOL": "SASL_SSL",
            "KAFKA__SECURITY__SASL_MECHANISM": "PLAIN",
            "KAFKA__SECURITY__USERNAME": USER,
            "KAFKA__SECURITY__PASSWORD": PASSWORD,
            "KAFKA__SECURITY__CA_FILE": str(self.guarded.ca_file),
            "KAFKA__TOPICS__PREFIX": self.prefix,
            "KAFKA__APPLICATION_ID": self.prefix,
            "KAFKA__REPLICATION_FACTOR": "1",
            "KAFKA__MIN_INSYNC_REPLICAS": "1",
            "ADMIN__HOST": "127.0.0.1",
            "ADMIN__PORT": str(free_port()),
            "STATE__PATH": str(self.directory / "state"),
        }

    def organisation(self, name: str) -> dict[str, str]:
        """The addresses of an organisation."""
        url = self.organisations[name].url
        return {"GENESYS__API_URL": url, "GENESYS__LOGIN_URL": url}

    def run(self, case: Case) -> Ended:
        """Run `doctor` as the case has it."""
        settings = {**self.settings(), **case.settings}
        environ = {**variables(settings), **case.environ}
        return doctor(environ, "doctor", "--output", "json", python=case.options)


def _walled(folder: Path) -> Path:
    """A cassette of an organisation that lets nobody in from here."""
    folder.mkdir()
    refusal = {"code": "ip.not.authorized", "message": "Your IP address is not allowed", "status": 401}
    request = {"method": "GET", "path": "/api/v2/tokens/me"}
    (folder / "1.request.json").write_text(json.dumps(request))
    (folder / "1.response.json").write_text(json.dumps({"status": 401, "body": refusal}))
    return folder


def organisation_options(directory: Path) -> dict[str, SimulatorOptions]:
    limited = Fault(kind=Trouble.RATE_LIMITED, path="/details/query", retry_after=17)
    by_id = Fault(kind=Trouble.FORBIDDEN, path="/conversations/details", skip=1, times=1)  # the query goes before
    own: dict[str, Any] = {"client_secret": SECRET, "rate_per_day": 5_000}
    return {
        "healthy": SimulatorOptions(**own),
        "forbidding": SimulatorOptions(**own, permission=False),
        "half-forbidding": SimulatorOptions(**own, faults=(by_id,)),
        "nameless": SimulatorOptions(**own, faults=(Fault(kind=Trouble.FORBIDDEN, path="/routing/queues"),)),
        "limiting": SimulatorOptions(**own, faults=(limited,)),
        "walled": SimulatorOptions(**own, cassette=_walled(directory / "walled")),
        "past": SimulatorOptions(**own, origin=LONG_AGO),
        "headed": SimulatorOptions(**own, rate_headers=True, limit_per_minute=120),
    }


def allow(guarded: Guarded, user: str, prefix: str, *, everything: bool) -> None:
    """The access lists of a user: all that the daemon needs, or no more than looking."""
    looking = [AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS]
    granted = {
        (ResourceType.TOPIC, f"{prefix}.", ResourcePatternType.PREFIXED): looking,
        **(
            {
                (ResourceType.TOPIC, f"{prefix}.", ResourcePatternType.PREFIXED): [*looking, AclOperation.WRITE],
                (ResourceType.TOPIC, f"{prefix}.state.v1", ResourcePatternType.LITERAL): [AclOperation.READ],
                (ResourceType.TOPIC, f"{prefix}.conversations.v1", ResourcePatternType.LITERAL): [AclOperation.READ],
                (ResourceType.TRANSACTIONAL_ID, prefix, ResourcePatternType.PREFIXED): [AclOperation.WRITE],
            }
            if everything
            else {}
        ),
    }
    bindings = [
        AclBinding(*resource, f"User:{user}", "*", operation, AclPermissionType.ALLOW)
        for resource, operations in granted.items()
        for operation in operations
    ]
    admin = AdminClient({"bootstrap.servers": guarded.broker.bootstrap_servers})
    for made in admin.create_acls(bindings).values():
        made.result(timeout=15)


def make_topics(ward: Ward) -> None:
    open_listener = {
        "KAFKA__BOOTSTRAP_SERVERS": ward.guarded.broker.bootstrap_servers,
        "KAFKA__TOPICS__PREFIX": ward.prefix,
        "KAFKA__REPLICATION_FACTOR": "1",
        "KAFKA__MIN_INSYNC_REPLICAS": "1",
    }
    made = doctor(variables(open_listener), "topics", "create")
    assert (made.code, made.said) == (0, "")
    own = ward.guarded.broker
    make_topic(own, "odd.conversations.v1", 5, cleanup_policy="delete", min_insync_replicas="2")
    make_topic(own, "odd.state.v1", 8, cleanup_policy="compact", max_message_bytes="1000000")
