"""What the demo sets up: a local Kafka (or the user's own), the simulator and the daemon, each a process of its own.

Everything is put away when the stage is left, also after an error; the children die with this process, however it ends.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
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
from producer.dev.broker import Broker
from producer.dev.child import Child
from producer.dev.judge.judging import Topics, VirtualTime, judge
from producer.dev.judge.verdict import Verdict

BOOTSTRAP_SERVERS = "PRODUCER_KAFKA__BOOTSTRAP_SERVERS"
START_SECONDS = 60.0
STOP_SECONDS = 30.0
HISTORY = timedelta(minutes=10)
"""How long before its clock starts the demo captures from, so that something is there at once."""
SECRET = "simulator-secret"  # noqa: S105 - of the simulated organisation, known to everybody


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOptions:
    """What is asked of the demo: the instant its clock starts at, its speed, and conversations a day."""

    origin: datetime
    speed: float
    rate: int
    seed: int


class Stage:
    """The running demo. Enter it to start everything; attributes are set once it is entered."""

    bootstrap_servers: str
    simulator_url: str
    admin_url: str
    topics_prefix: str

    def __init__(self, options: StageOptions) -> None:
        self.options = options
        self.directory = Path(tempfile.mkdtemp(prefix="genesys-producer-demo-"))
        self.epoch = time.time()
        self._stack = ExitStack()
        self._stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        self._daemon: Child | None = None

    def __enter__(self) -> Self:
        try:
            self.topics_prefix = f"demo-{secrets.token_hex(3)}"
            simulator = self._start_simulator()
            self.bootstrap_servers = os.environ.get(BOOTSTRAP_SERVERS) or self._start_broker()
            self.simulator_url = self._address_of(simulator, self.directory / "simulator.log")
            self.admin_url = f"http://127.0.0.1:{_free_port()}"
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
        return self.options.origin + timedelta(seconds=(time.time() - self.epoch) * self.options.speed)

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

    def start_daemon(self) -> Child:
        """Start the daemon on this stage."""
        child = Child(_command("run"), log=self.daemon_log, environ=self._environ())
        self._stack.callback(child.stop, grace=STOP_SECONDS)
        return child

    def stop_daemon(self) -> int:
        """Ask the daemon to stop in order; returns its exit code."""
        return self._daemon.stop(grace=STOP_SECONDS) if self._daemon else 0

    def judge(self) -> Verdict:
        """What the judge finds on the topics; the daemon must have stopped. Raises TruthMissing, ReadFailed."""
        prefix = self.topics_prefix
        names = Topics(
            conversations=f"{prefix}.conversations.v1",
            audit=f"{prefix}.audit.v1",
            dead_letters=f"{prefix}.dead-letters.v1",
            watermarks=f"{prefix}.watermarks.v1",
            state=f"{prefix}.state.v1",
        )
        origin = round(self.options.origin.timestamp() * 1_000)
        time_of_run = VirtualTime(origin=origin, epoch=self.epoch, speed=self.options.speed)
        return judge(self.bootstrap_servers, names, self.simulator_url, time_of_run)

    def _start_broker(self) -> str:
        return self._stack.enter_context(Broker.started()).bootstrap_servers

    def _start_simulator(self) -> Child:
        options = self.options
        arguments = ("--port", "0", "--output", "json", "--seed", options.seed, "--rate", options.rate)
        clock = ("--origin", options.origin.isoformat(), "--epoch", self.epoch, "--speed", options.speed)
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
        log = self.directory / "topics.log"
        child = Child(_command("topics", "create"), log=log, environ=self._environ())
        deadline = time.monotonic() + START_SECONDS
        while child.exit_code() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        if child.stop(grace=1):
            raise errors.PrerequisiteMissing(f"the topics could not be made; it said:\n{_end_of(log)}")

    def _environ(self) -> dict[str, str]:
        """The daemon's settings: everything of the caller's for Kafka, nothing of the caller's for Genesys Cloud."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("GENESYS", "PRODUCER_")) or name.startswith("PRODUCER_KAFKA__SECURITY__")
        }
        own = {
            "GENESYS__API_URL": self.simulator_url,
            "GENESYS__LOGIN_URL": self.simulator_url,
            "GENESYS__CLIENT_ID": "simulator",
            "GENESYS__CLIENT_SECRET": SECRET,
            "CAPTURE__START": (self.options.origin - HISTORY).isoformat(),
            "KAFKA__BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "KAFKA__TOPICS__PREFIX": self.topics_prefix,
            "KAFKA__REPLICATION_FACTOR": "1",
            "KAFKA__MIN_INSYNC_REPLICAS": "1",
            "ADMIN__HOST": "127.0.0.1",
            "ADMIN__PORT": self.admin_url.rpartition(":")[2],
            "LOG__FORMAT": "json",
            "DEV__CLOCK_ORIGIN": self.options.origin.astimezone(UTC).isoformat(),
            "DEV__CLOCK_EPOCH": str(self.epoch),
            "DEV__CLOCK_SPEED": str(self.options.speed),
        }
        return inherited | {f"PRODUCER_{name}": value for name, value in own.items()}


def _command(*words: object) -> list[str | Path]:
    return [sys.executable, "-m", "producer", *(str(word) for word in words)]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _end_of(log: Path) -> str:
    return log.read_bytes()[-3_000:].decode(errors="replace") if log.exists() else ""
