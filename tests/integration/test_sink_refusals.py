"""What a cluster refuses, and what we refuse of a cluster: rights, records, topics of another shape or none at all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from confluent_kafka.cimpl import NewPartitions

from producer.dev.broker import Broker
from producer.errors import SinkError, SinkRefused
from producer.kafka import topics
from producer.kafka.options import KafkaOptions
from producer.kafka.sink import KafkaSink
from producer.model.batch import Outgoing, Topic
from tests.support.sinks import (
    LANE,
    StandingClock,
    batch,
    committed_page,
    nothing_left_behind,
    opened,
    options,
    values,
)

ATTRIBUTES = slice(21, 23)
"""Where a batch of records has its attributes in a log file; the lowest three bits are the compression."""
ZSTD = 4


@pytest.fixture(scope="module")
def strict(broker: Broker) -> Iterator[Broker]:
    """A broker that knows rights, and makes topics of mistyped names as many clusters do."""
    properties = {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "true",
        "auto.create.topics.enable": "true",
    }
    with Broker.started(properties=properties) as own:
        yield own


@pytest.fixture
async def there(broker: Broker, topic_prefix: str) -> KafkaOptions:
    """Options whose topics exist on the shared broker."""
    made = options(broker, topic_prefix)
    await topics.create(made)
    return made


def _acl(topic: str, operation: AclOperation, permission: AclPermissionType) -> AclBinding:
    literal = ResourcePatternType.LITERAL
    return AclBinding(ResourceType.TOPIC, topic, literal, "User:ANONYMOUS", "*", operation, permission)


def forbid_writing(broker: Broker, topic: str) -> None:
    """Take the right to write to a topic from everybody, and return when the broker knows it."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    rules = [
        _acl(topic, AclOperation.ALL, AclPermissionType.ALLOW),
        _acl(topic, AclOperation.WRITE, AclPermissionType.DENY),
    ]
    for done in admin.create_acls(rules).values():
        done.result(timeout=10)
    operation, permission = AclOperation.ANY, AclPermissionType.ANY
    of_topic = AclBindingFilter(
        ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:ANONYMOUS", "*", operation, permission
    )
    while len(admin.describe_acls(of_topic).result(timeout=10)) < len(rules):
        pass


@pytest.mark.parametrize("topic", [Topic.CONVERSATIONS, Topic.STATE])
async def test_a_right_that_is_taken_away_is_told_and_nothing_of_the_page_is_there(
    strict: Broker, topic_prefix: str, topic: Topic
) -> None:
    there = options(strict, topic_prefix)
    await topics.create(there)
    name = there.topics[topic]
    async with nothing_left_behind(), opened(there) as sink:
        await sink.commit(batch(1, "a"))
        forbid_writing(strict, name)
        with pytest.raises(SinkRefused, match=f"committing lane 1 at .*TopicAuthorizationFailed.*{name}"):
            await sink.commit(batch(2, "a", "b"))
        assert await committed_page(sink) == 1
    assert values(strict, there.topics[Topic.CONVERSATIONS]) == ["a on page 1"]


async def test_a_record_that_the_broker_finds_invalid_keeps_its_page_from_being_committed(
    broker: Broker, there: KafkaOptions
) -> None:
    """A record without a key on a compacted topic."""
    invalid = Outgoing(Topic.CONVERSATIONS, None, b"no key")
    async with nothing_left_behind(), opened(there) as sink:
        await sink.commit(batch(1, "a"))
        with pytest.raises(SinkError, match="committing lane 1 at "):
            await sink.commit(batch(2, "a", "b", more=(invalid,)))
        assert await committed_page(sink) == 1
        await sink.commit(batch(2, "a"))
    assert values(broker, there.topics[Topic.CONVERSATIONS]) == ["a on page 1", "a on page 2"]


@pytest.mark.parametrize("topic", [topic for topic in Topic if topic is not Topic.CONVERSATIONS])
async def test_another_number_of_partitions_is_refused_on_every_topic(
    broker: Broker, there: KafkaOptions, topic: Topic
) -> None:
    name, declared = there.topics[topic], there.partitions_of(topic)
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    admin.create_partitions([NewPartitions(name, declared + 1)])[name].result(timeout=10)
    async with asyncio.timeout(10):
        while not (await topics.check(there)).differences:
            pass
    sink = KafkaSink(there, lane=LANE, clock=StandingClock())
    said = f"{name}: the number of partitions is {declared + 1}, declared {declared}; .*genesys-producer topics create"
    async with nothing_left_behind():
        with pytest.raises(SinkRefused, match=said):
            await sink.open()
    await sink.close()


async def test_topics_that_are_missing_are_not_made_where_the_broker_would_make_them(
    strict: Broker, topic_prefix: str
) -> None:
    sink = KafkaSink(options(strict, topic_prefix), lane=LANE, clock=StandingClock())
    async with nothing_left_behind():
        with pytest.raises(SinkRefused, match=r"missing, .*: genesys-producer topics create"):
            await sink.open()
    await sink.close()
    there = AdminClient({"bootstrap.servers": strict.bootstrap_servers}).list_topics(timeout=10).topics
    assert [name for name in there if name.startswith(topic_prefix)] == []


async def test_what_is_written_is_compressed_with_zstd(broker: Broker, there: KafkaOptions) -> None:
    async with opened(there) as sink:
        await sink.commit(batch(1, "a"))
    (log,) = (broker.directory / "data" / f"{there.topics[Topic.STATE]}-{LANE}").glob("*.log")
    assert int.from_bytes(log.read_bytes()[ATTRIBUTES]) & 0b111 == ZSTD
