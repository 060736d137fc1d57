"""The settings of Kafka: the cluster, who we are to it, the names and shapes of topics, the size of a transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from producer.model.batch import Topic
from producer.settings.group import Group
from producer.settings.secret import Secret, SecretSource
from producer.settings.values import ApplicationId, ByteSize, Server, Span, TopicName, TopicPrefix, parse_list

_MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)
_MIB = 1 << 20


class KafkaSecurity(Group):
    """How brokers are reached and who we are to them."""

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """As the brokers' listener says."""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    """How user and password are proven; needed with a SASL protocol."""
    username: str | None = None
    """The user; needed with a SASL protocol."""
    password: Secret = SecretSource()
    """The user's password; from a secret file it is read again at every connection that is built."""
    ca_file: Path | None = None
    """Certificates (PEM) that the brokers' are checked against; without it those of the system."""
    cert_file: Path | None = None
    """Our certificate (PEM), where the brokers ask for one."""
    key_file: Path | None = None
    """The key (PEM, without passphrase) of our certificate."""


def _below_prefix(name: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda group: f"{group['prefix']}.{name}.v1"


class Topics(Group):
    """The names of the topics; by default `<prefix>.<purpose>.v1`."""

    prefix: TopicPrefix = "genesys"
    """What the names of all topics begin with."""
    conversations: TopicName = Field(default_factory=_below_prefix("conversations"))
    """Conversations, by default `<prefix>.conversations.v1`."""
    conversations_flat: TopicName = Field(default_factory=_below_prefix("conversations-flat"))
    """In place of it where `record.detail` is `flat`, by default `<prefix>.conversations-flat.v1`."""
    audit: TopicName = Field(default_factory=_below_prefix("audit"))
    """Audit events, by default `<prefix>.audit.v1`."""
    dead_letters: TopicName = Field(default_factory=_below_prefix("dead-letters"))
    """What could not be normalised, by default `<prefix>.dead-letters.v1`."""
    watermarks: TopicName = Field(default_factory=_below_prefix("watermarks"))
    """Watermarks, by default `<prefix>.watermarks.v1`."""
    state: TopicName = Field(default_factory=_below_prefix("state"))
    """State and checkpoints, by default `<prefix>.state.v1`. Nothing else may write to it."""
    commands: TopicName = Field(default_factory=_below_prefix("commands"))
    """What people ask of a running daemon, by default `<prefix>.commands.v1`."""

    def by_purpose(self) -> Mapping[Topic, str]:
        """The name of every topic, unless records are rows (`Settings.topics`)."""
        return {topic: getattr(self, topic.value) for topic in Topic}


class Partitions(Group):
    """How many partitions topics are made with. More of them later break the order of keys: refused at start."""

    conversations: int = Field(default=12, ge=1, le=10_000)
    """Partitions of the conversations topic."""
    audit: int = Field(default=6, ge=1, le=10_000)
    """Partitions of the audit topic."""
    dead_letters: int = Field(default=6, ge=1, le=10_000)
    """Partitions of the dead-letter topic."""

    def by_purpose(self) -> Mapping[Topic, int]:
        """The number of every topic that may have another than the declared one."""
        return {topic: getattr(self, topic.value) for topic in Topic if topic.value in Partitions.model_fields}


class Transaction(Group):
    """When a transaction is full: at the first bound that is reached."""

    max_records: int = Field(default=1_000, ge=1, le=100_000)
    """Records in one transaction."""
    max_bytes: ByteSize = Field(default=4 * _MIB, ge=64 * 1024, le=256 * _MIB)
    """Encoded bytes in one transaction."""
    max_wait: Span = Field(default=_SECOND, ge=10 * _MILLISECOND, le=20 * _SECOND)
    """How long records wait for others to share a transaction with."""


class Kafka(Group):
    """The cluster that conversations are written to."""

    bootstrap_servers: Annotated[tuple[Server, ...], BeforeValidator(parse_list)] = Field(default=(), max_length=100)
    """Brokers to begin with, as host:port."""
    security: KafkaSecurity = Field(default_factory=KafkaSecurity)
    topics: Topics = Field(default_factory=Topics)
    application_id: ApplicationId = Field(default_factory=lambda group: f"genesys-producer.{group['topics'].state}")
    """The identity of this installation (its transactional ids begin with it); by default from the state topic's name.
    Replicas of one installation share it; two installations must never."""
    lanes: int = Field(default=8, ge=1, le=1_000)
    """Partitions of the state topic: the units in which sources spread over replicas."""
    partitions: Partitions = Field(default_factory=Partitions)
    replication_factor: int = Field(default=3, ge=1, le=100)
    """Copies of each topic that `topics create` makes."""
    min_insync_replicas: int = Field(default=2, ge=1, le=100)
    """Copies that must have a record before it counts as written."""
    transaction: Transaction = Field(default_factory=Transaction)
