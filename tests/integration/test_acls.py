"""What docs/operating.md says that the Kafka user must be allowed: enough for everything, and nothing of it too much.

A broker with an authorizer; the open listener's user is its administrator, the daemon's logs in at a second one.
"""

from __future__ import annotations

import io
import re
import shlex
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

from producer.dev.broker import Broker, _free_port
from producer.dev.properties import Listeners
from producer.errors import SinkRefused
from producer.kafka import topics
from producer.kafka.options import KafkaOptions, Records, SecurityOptions
from producer.kafka.reader import tail
from producer.kafka.sink import KafkaSink
from producer.model.batch import Outgoing, Topic
from producer.verify.findings import Check
from producer.verify.progress import Progress
from producer.verify.verification import Task, verify
from tests.support.sinks import StandingClock, batch, options

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "operating.md"
USER = "genesys-producer"
LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
ANY: Any = None  # the client takes None here, and does not say so
EVERYTHING = AclBindingFilter(
    ResourceType.ANY, ANY, ResourcePatternType.ANY, ANY, ANY, AclOperation.ANY, AclPermissionType.ANY
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """One operation on one resource, as the document allows it."""

    kind: str
    name: str
    pattern: str
    operation: str

    def __str__(self) -> str:
        return f"{self.operation} on {self.kind} {self.name} ({self.pattern})"

    def binding(self, prefix: str) -> AclBinding:
        """The same for an installation with this prefix of topics."""
        return AclBinding(
            ResourceType[self.kind.upper()],
            self.name.replace("genesys.", f"{prefix}."),
            ResourcePatternType[self.pattern.upper()],
            f"User:{USER}",
            "*",
            AclOperation[re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.operation).upper()],
            AclPermissionType.ALLOW,
        )


def documented(purpose: str) -> list[Allowed]:
    """What the shell lines of the document allow under a comment that begins with `purpose`."""
    (block,) = re.findall(r"^```sh\n(acls\(\).*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    _, _, section = block.partition(f"# {purpose}")
    lines = [line for line in section.partition("\n#")[0].splitlines()[1:] if line]
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--topic")
    parser.add_argument("--transactional-id")
    parser.add_argument("--resource-pattern-type", choices=("literal", "prefixed"), default="literal")
    parser.add_argument("--operation", action="append", required=True)
    allowed = []
    for line in lines:
        command, *words = shlex.split(line)
        assert command == "acls"
        asked = parser.parse_args(words)
        kind = "topic" if asked.topic else "transactional_id"
        name = asked.topic or asked.transactional_id
        allowed += [
            Allowed(kind=kind, name=name, pattern=asked.resource_pattern_type, operation=operation)
            for operation in asked.operation
        ]
    return allowed


THE_DAEMON = documented("the daemon")
CREATING = documented("topics create")
READING = documented("reading")
VERIFYING = documented("verify")


@dataclass(frozen=True, slots=True)
class Guarded:
    """A broker that asks who somebody is and what he may do."""

    broker: Broker
    address: str

    def options(self, prefix: str) -> KafkaOptions:
        """The user's, on this broker."""
        security = SecurityOptions(
            protocol="SASL_PLAINTEXT", mechanism="PLAIN", username=USER, password=lambda: "secret"
        )
        records = Records(known={b"any": "any"})
        there = options(self.broker, prefix, bootstrap_servers=self.address, security=security, records=records)
        return replace(there, topics={topic: f"{prefix}.{topic.value.replace('_', '-')}.v1" for topic in Topic})

    def allow(self, prefix: str, allowed: Sequence[Allowed]) -> None:
        """Let the user do this and nothing else; returns when the broker knows."""
        admin = AdminClient({"bootstrap.servers": self.broker.bootstrap_servers})
        for done in admin.delete_acls([EVERYTHING]).values():
            done.result(timeout=10)
        wanted = [each.binding(prefix) for each in allowed]
        for done in admin.create_acls(wanted).values():
            done.result(timeout=10)
        deadline = time.monotonic() + 10
        while set(admin.describe_acls(EVERYTHING).result(timeout=10)) != set(wanted):
            assert time.monotonic() < deadline, "the broker does not take the ACLs over"


@pytest.fixture(scope="module")
def guarded(broker: Broker) -> Iterator[Guarded]:
    """The shared broker has made sure that one can run."""
    with ExitStack() as sockets:
        public, controller, private = (_free_port(sockets) for _ in range(3))
    address = f"127.0.0.1:{private}"
    own = Broker(
        properties={
            "listeners": f"PLAINTEXT://127.0.0.1:{public},CONTROLLER://127.0.0.1:{controller},GUARDED://{address}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{public},GUARDED://{address}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,GUARDED:SASL_PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.guarded.plain.sasl.jaas.config": f'{LOGIN} user_{USER}="secret";',
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }
    )
    own._listeners = Listeners(broker=public, controller=controller)
    with own:
        own.start()
        yield Guarded(own, address)


async def works(there: KafkaOptions) -> None:
    """Everything the daemon does with Kafka: twice, since the second time there is something to restore."""
    for page in (1, 2):
        sink = KafkaSink(there, lane=1, clock=StandingClock())
        try:
            restored = await sink.open()
            told = Outgoing(Topic.AUDIT, b"read", b"page %d" % page)
            await sink.commit(batch(page, "a", more=(told,), offsets=restored.offsets))
        finally:
            await sink.close()


async def test_what_is_documented_is_enough(guarded: Guarded, topic_prefix: str) -> None:
    there = guarded.options(topic_prefix)
    guarded.allow(topic_prefix, [*THE_DAEMON, *CREATING])
    assert len(await topics.create(there)) == len(Topic)

    guarded.allow(topic_prefix, THE_DAEMON)
    assert (await topics.check(there)).differences == ()
    await works(there)


@pytest.mark.parametrize("missing", THE_DAEMON, ids=str)
async def test_without_any_of_it_the_daemon_is_refused(guarded: Guarded, topic_prefix: str, missing: Allowed) -> None:
    await topics.create(options_of_administrator(guarded, topic_prefix))
    guarded.allow(topic_prefix, [each for each in THE_DAEMON if each != missing])

    with pytest.raises(SinkRefused, match=r"Authoriz|AUTHORIZ|authorized"):
        await works(guarded.options(topic_prefix))


def options_of_administrator(guarded: Guarded, prefix: str) -> KafkaOptions:
    address = guarded.broker.bootstrap_servers
    return replace(guarded.options(prefix), bootstrap_servers=address, security=SecurityOptions())


async def test_making_topics_needs_its_own_permission(guarded: Guarded, topic_prefix: str) -> None:
    guarded.allow(topic_prefix, THE_DAEMON)

    with pytest.raises(SinkRefused, match=r"[Aa]uthoriz"):
        await topics.create(guarded.options(topic_prefix))


async def test_reading_a_topic_needs_its_own_permission(guarded: Guarded, topic_prefix: str) -> None:
    there = guarded.options(topic_prefix)
    guarded.allow(topic_prefix, [*THE_DAEMON, *CREATING])
    await topics.create(there)
    await works(there)

    async def values() -> list[bytes | None]:
        name = there.topics[Topic.AUDIT]
        async with aclosing(tail(there, name, start="beginning", follow=False)) as records:
            return [record.value async for record in records]

    guarded.allow(topic_prefix, READING)
    assert await values() == [b"page 1", b"page 2"]
    guarded.allow(topic_prefix, THE_DAEMON)
    with pytest.raises(SinkRefused, match=r"[Aa]uthoriz"):
        await values()


async def test_verifying_needs_its_own_permissions(guarded: Guarded, topic_prefix: str) -> None:
    there = guarded.options(topic_prefix)
    guarded.allow(topic_prefix, [*THE_DAEMON, *CREATING])
    await topics.create(there)
    await works(there)

    guarded.allow(topic_prefix, VERIFYING)
    report = await verify(Task(kafka=there), Progress(io.StringIO()))
    assert report.findings.counts[Check.READABLE] == 4  # what was written here is no Avro
    for missing in VERIFYING:
        guarded.allow(topic_prefix, [each for each in VERIFYING if each != missing])
        with pytest.raises(SinkRefused, match=r"[Aa]uthoriz"):
            await verify(Task(kafka=there), Progress(io.StringIO()))
