"""The server properties of the local broker: a single node, small, quick to start and to come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """The two loopback ports: clients talk to `broker`, the node talks to itself on `controller`."""

    broker: int
    controller: int


SINGLE_NODE: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "num.partitions": "1",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # A mistyped topic must be an error here, as on a production cluster.
    "auto.create.topics.enable": "false",
}

SMALL: Mapping[str, str] = {
    "num.network.threads": "2",
    "num.io.threads": "2",
    "background.threads": "2",
    "num.recovery.threads.per.data.dir": "1",
    "log.cleaner.threads": "1",
    "log.cleaner.dedupe.buffer.size": "4194304",
    "log.segment.bytes": "67108864",
    "log.index.size.max.bytes": "1048576",
}

QUICK: Mapping[str, str] = {
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.cleaner.backoff.ms": "2000",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    # Without these two a restart after a kill waits 10 s for the old registration to expire.
    "broker.session.timeout.ms": "1000",
    "broker.heartbeat.interval.ms": "200",
}


def properties_of(listeners: Listeners, *, data: Path, rack: str) -> dict[str, str]:
    """Return all properties of one broker. `rack` is how it is told from a stranger on its port."""
    broker = f"PLAINTEXT://127.0.0.1:{listeners.broker}"
    controller = f"127.0.0.1:{listeners.controller}"
    return {
        **SINGLE_NODE,
        **SMALL,
        **QUICK,
        "listeners": f"{broker},CONTROLLER://{controller}",
        "advertised.listeners": broker,
        # Static voters: the formatted folder then holds no port and can be copied.
        "controller.quorum.voters": f"1@{controller}",
        "log.dirs": str(data),
        "broker.rack": rack,
    }


def as_text(properties: Mapping[str, str]) -> str:
    """Return the properties as the file that the server reads."""
    return "".join(f"{name}={value}\n" for name, value in properties.items())
