"""Puts telemetry together: one observer that tells metrics, health, history and log, and one server that shows them."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TextIO

from producer import events
from producer.ports import Clock, Observer
from producer.telemetry import loop_lag
from producer.telemetry.feeds import feed
from producer.telemetry.health import Health
from producer.telemetry.history import History
from producer.telemetry.lines.form import Line
from producer.telemetry.logs import Format, Logs
from producer.telemetry.metrics import Metrics
from producer.telemetry.redaction import Redactor
from producer.telemetry.server import Shown, serving
from producer.telemetry.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Where the admin server listens and how the log is written. `log_level` is one of the logging module's."""

    host: str = "0.0.0.0"  # noqa: S104  # Kubernetes and Prometheus come from outside the pod
    port: int = 9464
    log_level: int = logging.INFO
    log_format: Format = "auto"
    stream: TextIO = field(default_factory=lambda: sys.stderr)


class Telemetry:
    """All telemetry of one process. `observe` is the Observer to inject; it never raises."""

    def __init__(
        self,
        *,
        options: Options,
        clock: Clock,
        sources: Collection[str],
        version: str,
        config: Callable[[], Mapping[str, Any]] = dict,
        secrets: Iterable[str] = (),
    ) -> None:
        """`config` gives the settings with secrets masked; `secrets` are the values that must never be shown."""
        self._options = options
        self._clock = clock
        self._config = config
        self._redactor = Redactor(secrets)
        self._metrics = Metrics(sources=sources, version=version, redactor=self._redactor)
        self._health = Health(now=clock.now)
        self._history = History(now=clock.now, version=version, sources=sources)
        self._logs = Logs(options.stream, level=options.log_level, style=options.log_format, redactor=self._redactor)
        self._listeners: Mapping[str, Observer] = {
            "metrics": partial(feed, self._metrics),
            "health": self._health.observe,
            "history": self._history.observe,
            "logs": self._logs.observe,
        }
        self._failed: set[str] = set()

    def observe(self, event: events.Event) -> None:
        """Tell every listener. One that fails is counted, and logged once; the others are told all the same."""
        for name, listener in self._listeners.items():
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001  # telemetry must never stop the flow
                self._note_failure(name, event, error)

    def learn_secret(self, secret: str) -> None:
        """Keep a value out of all output from now on: a secret that was rotated on disk."""
        self._redactor.learn(secret)

    def snapshot(self) -> Snapshot:
        """What the status page shows, as a frozen value without secrets."""
        snapshot: Snapshot = self._redactor.value(self._history.snapshot(self._health.reasons()))
        return snapshot

    async def run(self) -> None:
        """The heartbeat of the event loop, until cancelled; without it the process counts as stuck."""
        await loop_lag.heartbeat(self.observe)

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[tuple[str, int]]:
        """Serve the admin pages and take in the logs of libraries while entered; yields (host, port).

        Raises ConfigurationError when the address can't be had.
        """
        shown = Shown(
            health=self._health,
            snapshot=self.snapshot,
            metrics=self._scrape,
            config=lambda: self._redactor.value(self._config()),
        )
        with self._logs.library_logs():
            async with serving(shown, host=self._options.host, port=self._options.port) as address:
                yield address

    def _scrape(self, accept: str) -> tuple[bytes, str]:
        not_ready = {reason.reason for reason in self._health.reasons()}
        return self._metrics.render(accept, now=self._clock.now(), not_ready=not_ready)

    def _note_failure(self, listener: str, event: events.Event, error: Exception) -> None:
        self._metrics.listener_failed(listener)
        if listener in self._failed:
            return
        self._failed.add(listener)
        line = Line(
            level=logging.ERROR,
            message=f"telemetry: {listener} failed on {type(event).__name__}: {error!r}; said once, then only counted",
            what_to_do="report it with the log lines around it; the flow itself is not affected",
        )
        with contextlib.suppress(Exception):  # the log itself may be what fails
            self._logs.write("observer_failed", line)
