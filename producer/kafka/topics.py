"""The topics as declared: made by `topics create`, compared with what is there by `topics check` and at every start."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import NoError, TopicAlreadyExistsError, for_code

from producer.errors import SinkRefused
from producer.kafka.client import admin
from producer.kafka.failures import as_sink_errors
from producer.kafka.holding import kind_on_topic, may_be_looked_at
from producer.kafka.metadata import TopicFacts, describe
from producer.kafka.options import KafkaOptions
from producer.model.batch import Topic

CLEANUP_POLICY = "cleanup.policy"
MIN_INSYNC_REPLICAS = "min.insync.replicas"
COMPACTION_LAG = "min.compaction.lag.ms"
MAX_MESSAGE_BYTES = "max.message.bytes"
DELETE_RETENTION = "delete.retention.ms"
RETENTION = "retention.ms"

_REPLICAS = "the replication factor"
_PAUSE = 0.05  # seconds
_HOUR = 3_600_000  # ms
_DAY = 24 * _HOUR
_LARGE = str(8 << 20)

CONFIGURATION: Mapping[Topic, Mapping[str, str]] = MappingProxyType(
    {
        Topic.CONVERSATIONS: {
            CLEANUP_POLICY: "compact",
            COMPACTION_LAG: str(30 * _DAY),
            DELETE_RETENTION: str(7 * _DAY),
            MAX_MESSAGE_BYTES: _LARGE,
        },
        Topic.AUDIT: {CLEANUP_POLICY: "delete", RETENTION: str(400 * _DAY)},
        Topic.DEAD_LETTERS: {
            CLEANUP_POLICY: "delete",
            RETENTION: str(30 * _DAY),
            MAX_MESSAGE_BYTES: _LARGE,
        },
        Topic.WATERMARKS: {CLEANUP_POLICY: "compact"},
        Topic.STATE: {
            CLEANUP_POLICY: "compact",
            MAX_MESSAGE_BYTES: _LARGE,
            "segment.bytes": str(64 << 20),
            "segment.ms": str(_HOUR),
            "min.cleanable.dirty.ratio": "0.1",
        },
        Topic.COMMANDS: {CLEANUP_POLICY: "delete", RETENTION: str(7 * _DAY)},
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One way in which a topic is not as declared. `refused`: nothing may be written while it is so."""

    topic: str
    subject: str
    declared: str
    found: str
    what_to_do: str
    refused: bool = False

    def __str__(self) -> str:
        return f"{self.topic}: {self.subject} is {self.found}, declared {self.declared}; {self.what_to_do}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicReport:
    """What was found, by name. `max_message_bytes` is in force on the topics that exist; `state` is None when it is
    missing; `state_delete_retention` (ms) is how long a tombstone on it can be relied on.
    """

    found: Mapping[str, TopicFacts]
    differences: tuple[Difference, ...]
    max_message_bytes: Mapping[Topic, int]
    state: TopicFacts | None
    state_delete_retention: int

    def raise_if_refused(self) -> TopicFacts:
        """Go on with the state topic's facts. Raises SinkRefused when something must be put right first."""
        refused = [str(difference) for difference in self.differences if difference.refused]
        if refused or self.state is None:
            raise SinkRefused("topics are not as declared. " + "; ".join(refused))
        return self.state


def declared(options: KafkaOptions, topic: Topic) -> Mapping[str, str]:
    """The configuration a topic is made with."""
    return {**CONFIGURATION[topic], MIN_INSYNC_REPLICAS: str(options.min_insync_replicas)}


async def create(options: KafkaOptions) -> tuple[str, ...]:
    """Make the topics that are missing and return their names; those that exist are left as they are.

    Raises SinkUnavailable, SinkRefused.
    """
    doing = f"creating topics at {options.bootstrap_servers}"
    names = list(options.topics.values())
    with as_sink_errors(doing):
        async with admin(options) as client:
            existing = await describe(client, names)
            missing = [topic for topic in Topic if options.topics[topic] not in existing]
            if not missing:
                return ()
            response = await client.create_topics([_new(options, topic) for topic in missing])
            made = _made(doing, response.topic_errors)
            async with asyncio.timeout(options.request_timeout.total_seconds()):
                while len(await describe(client, names)) < len(names):  # noqa: ASYNC110 - brokers learn of them later
                    await asyncio.sleep(_PAUSE)
    return made


async def check(options: KafkaOptions) -> TopicReport:
    """Compare the cluster's topics, and what kind of records there is, with what is declared. Creates nothing.

    Raises SinkUnavailable, SinkRefused.
    """
    doing = f"checking topics at {options.bootstrap_servers}"
    with as_sink_errors(doing):
        async with admin(options) as client:
            found = await describe(client, list(options.topics.values()))
            configurations = await _configurations(client, list(found))
    report = compare(options, found, configurations)
    records = await record_difference(options, found)
    return replace(report, differences=(*report.differences, *records))


async def record_difference(options: KafkaOptions, found: Mapping[str, TopicFacts]) -> list[Difference]:
    """How the records on the conversations topic differ from those that are to be written: no topic holds two kinds.

    Raises SinkUnavailable, SinkRefused.
    """
    name, kind = options.topics[Topic.CONVERSATIONS], options.records.kind
    if name not in found or not may_be_looked_at(options, found[name]):
        return []
    held = await kind_on_topic(options, found[name].partitions)
    if held is None or held == kind:
        return []
    cure = (
        "a topic holds records of one kind: set record.detail back, or name a new topic and create it:"
        " genesys-producer topics create"
    )
    return [
        Difference(topic=name, subject="the kind of record", declared=kind, found=held, what_to_do=cure, refused=True)
    ]


async def configurations(options: KafkaOptions, names: list[str]) -> dict[str, dict[str, str]]:
    """What is in force on topics that exist, by name. Raises SinkUnavailable, SinkRefused."""
    with as_sink_errors(f"asking for the configuration of topics at {options.bootstrap_servers}"):
        async with admin(options) as client:
            return await _configurations(client, names)


def compare(
    options: KafkaOptions, found: Mapping[str, TopicFacts], configurations: Mapping[str, Mapping[str, str]]
) -> TopicReport:
    """Say how the topics that were found, by name, differ from the declared ones."""
    differences: list[Difference] = []
    limits: dict[Topic, int] = {}
    for topic in Topic:
        name = options.topics[topic]
        if name not in found:
            differences.append(_missing(name))
            continue
        differences += _partition_difference(name, options.partitions_of(topic), found[name].partitions)
        differences += _replica_differences(name, options, found[name], configurations[name])
        differences += _configuration_differences(name, declared(options, topic), configurations[name])
        limits[topic] = int(configurations[name][MAX_MESSAGE_BYTES])
    state = options.topics[Topic.STATE]
    return TopicReport(
        found=found,
        differences=tuple(differences),
        max_message_bytes=limits,
        state=found.get(state),
        state_delete_retention=int(configurations[state][DELETE_RETENTION]) if state in found else 0,
    )


def _made(doing: str, outcomes: Iterable[tuple[str, int, str | None]]) -> tuple[str, ...]:
    made = []
    for name, code, message in outcomes:
        error = for_code(code)
        if error is NoError:
            made.append(name)
        elif error is not TopicAlreadyExistsError:
            raise SinkRefused(f"{doing}: {name}: {message or error.__name__}")
    return tuple(made)


def _new(options: KafkaOptions, topic: Topic) -> NewTopic:
    return NewTopic(
        options.topics[topic],
        options.partitions_of(topic),
        options.replication_factor,
        topic_configs=dict(declared(options, topic)),
    )


async def _configurations(client: AIOKafkaAdminClient, names: list[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    responses = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    found = {}
    for code, message, _, name, entries, *_ in (each for response in responses for each in response.resources):
        if (error := for_code(code)) is not NoError:
            raise error(f"{name}: {message} (the principal needs Describe and DescribeConfigs on the topic)")
        found[name] = {entry[0]: entry[1] for entry in entries}
    return found


def _missing(name: str) -> Difference:
    return Difference(
        topic=name,
        subject="the topic",
        declared="present",
        found="missing",
        what_to_do="create it: genesys-producer topics create",
        refused=True,
    )


def _partition_difference(name: str, wanted: int, found: int) -> list[Difference]:
    if wanted == found:
        return []
    return [
        Difference(
            topic=name,
            subject="the number of partitions",
            declared=str(wanted),
            found=str(found),
            what_to_do=(
                "with another number keys change their partition and lose their order: declare the number that the"
                " topic was made with, or name a new topic and create it: genesys-producer topics create"
            ),
            refused=True,
        )
    ]


def _replica_differences(
    name: str, options: KafkaOptions, facts: TopicFacts, configuration: Mapping[str, str]
) -> list[Difference]:
    """Fewer or more copies than declared are told; fewer than a write needs is refused, for nothing can be written."""
    needed = int(configuration.get(MIN_INSYNC_REPLICAS, 1))
    if facts.replicas < needed:
        return [
            Difference(
                topic=name,
                subject=_REPLICAS,
                declared=f"at least {needed}",
                found=str(facts.replicas),
                what_to_do=(
                    f"nothing can be written, since {MIN_INSYNC_REPLICAS} is {needed}: lower that, or give the topic"
                    " more replicas, with your Kafka tools"
                ),
                refused=True,
            )
        ]
    if facts.replicas == options.replication_factor:
        return []
    return [
        Difference(
            topic=name,
            subject=_REPLICAS,
            declared=str(options.replication_factor),
            found=str(facts.replicas),
            what_to_do="reassign its partitions with your Kafka tools, or declare kafka.replication_factor as it is",
        )
    ]


def _configuration_differences(name: str, wanted: Mapping[str, str], found: Mapping[str, str]) -> list[Difference]:
    return [
        Difference(
            topic=name,
            subject=key,
            declared=value,
            found=found.get(key, "unknown"),
            what_to_do="set it with your Kafka tools"
            + (" before anything is written" if key == CLEANUP_POLICY else ""),
            refused=key == CLEANUP_POLICY,
        )
        for key, value in wanted.items()
        if found.get(key) != value
    ]
