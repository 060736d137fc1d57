"""What a daemon is told that is run for show or for test: by the demo, the tests of the whole product, the benchmarks.

It meets a simulated organisation, makes topics of its own with one copy each, and is asked over loopback.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from producer.clock import VirtualClock
from producer.settings.catalogue import PREFIX

CLIENT = "simulator"
SECRET = "simulator-secret"  # noqa: S105 - of the simulated organisation, known to everybody


def environ_of(settings: Mapping[str, str | None]) -> dict[str, str]:
    """The environment of a child: the caller's, but of settings, and of credentials of Genesys Cloud, these alone.

    They are named as in the environment, without the prefix; None is not set.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GENESYS", PREFIX))}
    return inherited | {f"{PREFIX}{name}": value for name, value in settings.items() if value is not None}


def settings_for(*, organisation: str, bootstrap_servers: str, prefix: str, admin_port: int | str) -> dict[str, str]:
    """The settings that all rehearsals share."""
    return {
        "GENESYS__API_URL": organisation,
        "GENESYS__LOGIN_URL": organisation,
        "GENESYS__CLIENT_ID": CLIENT,
        "GENESYS__CLIENT_SECRET": SECRET,
        "KAFKA__BOOTSTRAP_SERVERS": bootstrap_servers,
        "KAFKA__TOPICS__PREFIX": prefix,
        "KAFKA__REPLICATION_FACTOR": "1",
        "KAFKA__MIN_INSYNC_REPLICAS": "1",
        "ADMIN__HOST": "127.0.0.1",
        "ADMIN__PORT": str(admin_port),
        "LOG__FORMAT": "json",
    }


def clock_settings(clock: VirtualClock) -> dict[str, str]:
    """The settings that put a daemon onto a virtual clock."""
    return {
        "DEV__CLOCK_ORIGIN": clock.origin.isoformat(),
        "DEV__CLOCK_EPOCH": str(clock.epoch),
        "DEV__CLOCK_SPEED": str(clock.speed),
    }


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
