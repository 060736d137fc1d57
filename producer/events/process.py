"""The life of the process, as events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from producer.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStarted(Event):
    """The daemon began; `run_id` is the request id of what happens outside reads."""

    run_id: str
    version: str
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested(Event):
    """A signal asked for a stop; `hard` for the second one."""

    signal: str
    hard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStopped(Event):
    """The daemon ended."""

    run_id: str
    exit_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopLagMeasured(Event):
    """How late the event loop was at its last heartbeat."""

    lag: timedelta
