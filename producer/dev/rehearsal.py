"""What a daemon is told that is run for show or for test: by the demo, the tests of the whole product, the benchmarks.

It meets a simulated organisation, makes topics of its own with one copy each, and is asked over loopback.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from producer.clock import VirtualClock
from producer.dev.judge.content import HEADS, WHOLE, Sight
from producer.dev.judge.flat import TOKEN
from producer.dev.judge.horizon import Horizon
from producer.options import watch_policy
from producer.settings import Settings
from producer.settings.catalogue import PREFIX

CLIENT = "simulator"
SECRET = "simulator-secret"  # noqa: S105 - of the simulated organisation, known to everybody
REALM = "simulated-realm"
GATEWAY = "/gateway"
"""Below which the organisation speaks the token dialect."""


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


def dialect_settings(organisation: str, dialect: str) -> dict[str, str]:
    """The settings that have the organisation asked in a dialect; of the token dialect's realm, the simulator's own."""
    if dialect != "token":
        return {}
    return {
        "GENESYS__DIALECT": dialect,
        "GENESYS__API_URL": organisation + GATEWAY,
        "GENESYS__LOGIN_URL": "",
        "GENESYS__REALM_ID": REALM,
        "GENESYS__PAGE_SIZE": "2000",
    }


def horizon_of(settings: Settings) -> Horizon:
    """How long a daemon with these settings looks, for the judge."""
    capture, watch = settings.capture, watch_policy(settings)
    return Horizon(
        head=capture.head_lag + capture.overlap,
        rereads=capture.rereads,
        wrap_up=watch.wrap_up,
        message=watch.message,
        email=watch.email,
        adopt=watch.adopt,
        by_id=watch.by_id,
    )


def sight_of(settings: Settings) -> Sight:
    """How much of contents the records of a daemon with these settings hold, for the judge."""
    if settings.genesys.dialect == "token":
        return TOKEN
    return WHOLE if settings.record.detail == "full" else HEADS


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
