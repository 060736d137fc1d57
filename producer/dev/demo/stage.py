"""What the demo sets up: a local Kafka (or the user's own), the simulator and the daemon, each a process of its own.

Everything is put away when the stage is left, also after an error; the children die with this process, however it ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from producer import errors
from producer.clock import VirtualClock
from producer.dev import rehearsal
from producer.dev.broker import Broker
from producer.dev.child import Child
from producer.dev.demo import cluster
from producer.dev.judge.judging import judge
from producer.dev.judge.verdict import Verdict
from producer.kafka.options import KafkaOptions
from producer.kafka.topics import create
from producer.options import kafka_options
from producer.settings import Settings, load

START_SECONDS = 60.0
STOP_SECONDS = 30.0
HISTORY = timedelta(minutes=10)
"""How long before its clock starts the demo captures from, so that something is there at once."""
MACHINE_SECONDS = 10.0
"""Real seconds that a busy machine of two cores may take from asking for a window to its watermark on the topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOptions:
    """What is asked of the demo: the instant its clock starts at, its speed, conversations a day, and the dialect."""

    origin: datetime
    speed: float
    rate: int
    seed: int
    dialect: str = "platform"


class Stage:
    """The running demo. Enter it to start everything; attributes are set once it is entered."""

    simulator_url: str
    admin_url: str
    settings: Settings
    """Those of the daemon."""
    kafka: KafkaOptions

    def __init__(self, options: StageOptions) -> None:
        self.options = options
        self.directory = Path(tempfile.mkdtemp(prefix="genesys-producer-demo-"))
        self.clock = VirtualClock(origin=options.origin.astimezone(UTC), epoch=time.time(), speed=options.speed)
        self._stack = ExitStack()
        self._stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        self._daemon: Child | None = None

    def __enter__(self) -> Self:
        try:
            simulator = self._start_simulator()
            brokers = cluster.named_by(os.environ) or self._start_broker()
            self.simulator_url = self._address_of(simulator, self.directory / "simulator.log")
            self.admin_url = f"http://127.0.0.1:{rehearsal.free_port()}"
            self.configure(brokers)
            self._make_topics()
            self._daemon = self.start_daemon()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def daemon_log(self) -> Path:
        """What the daemon says."""
        return self.directory / "daemon.log"

    def now(self) -> datetime:
        """The demo's virtual time."""
        return self.clock.now()

    @property
    def head_may_be_behind(self) -> timedelta:
        """How far the head's watermark may be behind the end: head lag, two polls, and what the machine takes."""
        capture = self.settings.capture
        return capture.head_lag + 2 * capture.poll_interval + timedelta(seconds=MACHINE_SECONDS * self.clock.speed)

    def status(self) -> Mapping[str, Any] | None:
        """What the daemon says of itself; None while it does not answer."""
        try:
            with urllib.request.urlopen(f"{self.admin_url}/status", timeout=5) as answer:  # noqa: S310 - our own
                status: Mapping[str, Any] = json.load(answer)
        except (urllib.error.URLError, OSError, ValueError):
            return None
        return status

    def check_daemon(self) -> None:
        """Raise PrerequisiteMissing, with the end of its log, when the daemon is gone."""
        code = self._daemon.exit_code() if self._daemon else None
        if code is not None:
            raise errors.PrerequisiteMissing(f"the daemon ended with {code}; it said:\n{_end_of(self.daemon_log)}")

    def configure(self, brokers: str) -> None:
        """Decide what the daemon is told, with topics of this run on these brokers. Raises ConfigurationError."""
        self._environ = rehearsal.environ_of(self._settings(brokers))
        self.settings = load(environ=self._environ)
        self.kafka = kafka_options(self.settings)

    def start_daemon(self) -> Child:
        """Start the daemon on this stage."""
        child = Child(_command("run"), log=self.daemon_log, environ=self._environ)
        self._stack.callback(child.stop, grace=STOP_SECONDS)
        return child

    def stop_daemon(self) -> int:
        """Ask the daemon to stop in order; returns its exit code."""
        return self._daemon.stop(grace=STOP_SECONDS) if self._daemon else 0

    def judge(self) -> Verdict:
        """What the judge finds on the topics; the daemon must have stopped. Raises TruthMissing, ReadFailed."""
        horizon, sight = rehearsal.horizon_of(self.settings), rehearsal.sight_of(self.settings)
        return judge(self.kafka, self.simulator_url, self.clock, horizon, sight)

    def _start_broker(self) -> str:
        return self._stack.enter_context(Broker.started()).bootstrap_servers

    def _start_simulator(self) -> Child:
        options = self.options
        arguments = ("--port", "0", "--output", "json", "--seed", options.seed, "--rate", options.rate)
        clock = ("--origin", options.origin.isoformat(), "--epoch", self.clock.epoch, "--speed", options.speed)
        child = Child(_command("simulate", *arguments, *clock), log=self.directory / "simulator.log")
        self._stack.callback(child.stop, grace=STOP_SECONDS)
        return child

    def _address_of(self, simulator: Child, log: Path) -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and simulator.exit_code() is None:
            lines = [line for line in log.read_text().splitlines() if line.startswith("{")]
            if lines:
                url: str = json.loads(lines[0])["url"]
                return url
            time.sleep(0.05)
        raise errors.PrerequisiteMissing(f"the simulator did not start; it said:\n{_end_of(log)}")

    def _make_topics(self) -> None:
        try:
            asyncio.run(create(self.kafka))
        except errors.SinkError as failed:
            text = f"the topics can't be made: {type(failed).__name__}: {failed}; {failed.what_to_do}"
            raise errors.PrerequisiteMissing(text) from None

    def _settings(self, brokers: str) -> dict[str, str]:
        """The daemon's settings: of the caller's those that reach the cluster, none for Genesys Cloud."""
        shared = rehearsal.settings_for(
            organisation=self.simulator_url,
            bootstrap_servers=brokers,
            prefix=f"demo-{secrets.token_hex(3)}",
            admin_port=self.admin_url.rpartition(":")[2],
        )
        return {
            **shared,
            **rehearsal.dialect_settings(self.simulator_url, self.options.dialect),
            **rehearsal.clock_settings(self.clock),
            **cluster.settings_of(os.environ, self.directory / "secrets"),
            "CAPTURE__START": (self.clock.origin - HISTORY).isoformat(),
        }


def _command(*words: object) -> list[str | Path]:
    return [sys.executable, "-m", "producer", *(str(word) for word in words)]


def _end_of(log: Path) -> str:
    return log.read_bytes()[-3_000:].decode(errors="replace") if log.exists() else ""
