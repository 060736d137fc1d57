"""How Kafka is reached and what it is asked for. `settings` fills it in; nothing here reads the environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from producer.errors import ConfigurationError
from producer.model.batch import Topic
from producer.model.checkpoint import ONLY_KIND

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
Compression = Literal["none", "gzip", "snappy", "lz4", "zstd"]
Secret = Callable[[], str]
"""Gives a secret when a connection is made, so that a rotated one is read; it never stands in a value or its repr."""

DEFAULT_NAMES: Mapping[Topic, str] = MappingProxyType(
    {
        Topic.CONVERSATIONS: "genesys.conversations.v1",
        Topic.AUDIT: "genesys.audit.v1",
        Topic.DEAD_LETTERS: "genesys.dead-letters.v1",
        Topic.WATERMARKS: "genesys.watermarks.v1",
        Topic.STATE: "genesys.state.v1",
        Topic.COMMANDS: "genesys.commands.v1",
    }
)
DEFAULT_PARTITIONS: Mapping[Topic, int] = MappingProxyType(
    {
        Topic.CONVERSATIONS: 12,
        Topic.AUDIT: 6,
        Topic.DEAD_LETTERS: 6,
        Topic.WATERMARKS: 1,
        Topic.COMMANDS: 1,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityOptions:
    """Encryption and authentication. Files are PEM and read anew for every connection, as secrets are."""

    protocol: Protocol = "PLAINTEXT"
    mechanism: Mechanism = "SCRAM-SHA-512"
    username: str | None = None
    password: Secret | None = field(default=None, repr=False)
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    key_password: Secret | None = field(default=None, repr=False)
    check_hostname: bool = True

    def __post_init__(self) -> None:
        if self.authenticates and (self.username is None or self.password is None):
            raise ConfigurationError(f"kafka.security: {self.protocol} needs a username and a password")

    @property
    def encrypts(self) -> bool:
        """True when the connection is TLS."""
        return self.protocol in {"SSL", "SASL_SSL"}

    @property
    def authenticates(self) -> bool:
        """True when the connection logs in with SASL."""
        return self.protocol in {"SASL_PLAINTEXT", "SASL_SSL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The kind of record that the conversations topic holds. `known` are all kinds, by what their values begin with."""

    kind: str = ONLY_KIND
    known: Mapping[bytes, str] = field(default_factory=dict)

    def kind_of(self, value: bytes) -> str | None:
        """The kind of a value; None when this version does not know it."""
        return next((kind for beginning, kind in self.known.items() if value.startswith(beginning)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaOptions:
    """One cluster, our topics on it and our identity there. Real time throughout.

    `lanes` is the number of partitions of the state topic, `partitions` that of the others. `start_timeout` bounds
    every start of a client, `restore_patience` the time a restore may go without progress, and `commit_timeout`, which
    must be shorter than `transaction_timeout`, the time from begin to commit-returned. `state_path` keeps the working
    copies of the state over restarts (None: they live in private temporary files).
    """

    bootstrap_servers: str
    application_id: str = ""
    security: SecurityOptions = SecurityOptions()
    topics: Mapping[Topic, str] = field(default_factory=lambda: DEFAULT_NAMES)
    partitions: Mapping[Topic, int] = field(default_factory=lambda: DEFAULT_PARTITIONS)
    records: Records = Records()
    lanes: int = 8
    replication_factor: int = 3
    min_insync_replicas: int = 2
    compression: Compression = "zstd"
    request_timeout: timedelta = timedelta(seconds=15)
    transaction_timeout: timedelta = timedelta(seconds=60)
    commit_timeout: timedelta = timedelta(seconds=45)
    start_timeout: timedelta = timedelta(seconds=10)
    restore_patience: timedelta = timedelta(seconds=30)
    state_path: Path | None = None

    def __post_init__(self) -> None:
        if not self.bootstrap_servers.strip():
            raise ConfigurationError("kafka.bootstrap_servers must name at least one broker, as host:port")
        if missing := [topic.value for topic in Topic if topic not in self.topics]:
            raise ConfigurationError(f"kafka.topics: no name for {', '.join(missing)}")
        if len(set(self.topics.values())) < len(self.topics):
            raise ConfigurationError("kafka.topics: two purposes share one topic")
        if missing := [topic.value for topic in DEFAULT_PARTITIONS if topic not in self.partitions]:
            raise ConfigurationError(f"kafka.partitions: no number for {', '.join(missing)}")
        if min(self.lanes, *self.partitions.values()) < 1:
            raise ConfigurationError("kafka: every topic needs at least one partition")
        if self.commit_timeout >= self.transaction_timeout:
            raise ConfigurationError("kafka.commit_timeout must be shorter than kafka.transaction_timeout")

    @property
    def identity(self) -> str:
        """What the transactional ids begin with; two installations on one cluster need two."""
        return self.application_id or f"genesys-producer.{self.topics[Topic.STATE]}"

    def transactional_id(self, lane: int) -> str:
        """The identity of a lane, the same in every process: who takes it over fences who had it."""
        return f"{self.identity}-{lane}"

    def partitions_of(self, topic: Topic) -> int:
        """How many partitions a topic is declared to have."""
        return self.lanes if topic is Topic.STATE else self.partitions[topic]
