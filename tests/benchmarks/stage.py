"""The real daemon between the page server and a real Kafka, each a process of its own, and what it costs."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from producer.dev import rehearsal
from producer.dev.broker import Broker
from producer.dev.child import Child

ROOT = Path(__file__).parents[2]
_HISTORY = timedelta(hours=23)
"""How far back capture begins: a window a minute, so more of them than are ever asked for."""
_PATIENCE = 280.0  # seconds, for one span of work; the daemon itself waits for an answer for 300
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the page server offers: windows of so many pages, of new conversations or of the `same` again."""

    windows: int
    pages: int
    same: bool = False
    detail: str = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What a span of work took, in seconds of CPU and of wall clock."""

    cpu: float
    wall: float


class Stage:
    """The daemon at work on demand. Entering it starts everything and waits for the daemon's first question."""

    def __init__(self, plan: Plan, broker: Broker) -> None:
        self._plan = plan
        self._broker = broker
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        try:
            folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="genesys-producer-bench-")))
            self._url = self._start_server()
            environ = self._environ()
            subprocess.run(_producer("topics", "create"), cwd=ROOT, env=environ, check=True, capture_output=True)
            self._log = folder / "daemon.log"
            self._daemon = Child(_producer("run"), log=self._log, environ=environ)
            self._stack.callback(self._daemon.stop, grace=30.0)
            self.work(0)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def work(self, windows: int) -> Span:
        """Let the daemon read and commit that many windows."""
        began, used = time.monotonic(), self._cpu_seconds()
        done = self._released(windows)
        while not done and self._daemon.exit_code() is None and time.monotonic() < began + _PATIENCE:
            done = self._released(0)
        if not done:
            raise SystemExit(f"the daemon does not go on; it said:\n{self._log.read_text()[-4_000:]}")
        return Span(cpu=self._cpu_seconds() - used, wall=time.monotonic() - began)

    def _released(self, windows: int) -> bool:
        """Let windows through; true when all that were let through are committed."""
        request = urllib.request.Request(f"{self._url}/release?windows={windows}", method="POST")
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            done: bool = json.load(answer)
        return done

    def resident(self) -> float:
        """Memory of the daemon, in MB."""
        lines = Path(f"/proc/{self._daemon.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    def _cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self._daemon.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def _start_server(self) -> str:
        plan = self._plan
        command = [sys.executable, "-m", "tests.benchmarks.page_server"]
        command += ["--pages", str(plan.pages), "--windows", str(plan.windows), *(["--same"] if plan.same else [])]
        server = self._stack.enter_context(
            subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        if server.stdout is None or not (line := server.stdout.readline()):
            raise SystemExit("the page server did not start")
        return line.strip()

    def _environ(self) -> dict[str, str]:
        shared = rehearsal.settings_for(
            organisation=self._url,
            bootstrap_servers=self._broker.bootstrap_servers,
            prefix=f"bench-{secrets.token_hex(4)}",
            admin_port=0,
        )
        own = {
            "GENESYS__TIMEOUT": "5m",
            "LIMITS__REQUESTS_PER_MINUTE": "100000",
            "LIMITS__HEADROOM": "0",
            "CAPTURE__START": (datetime.now(UTC) - _HISTORY).isoformat(),
            "CAPTURE__CATCH_UP_SLICE": "1m",
            "CAPTURE__OVERLAP": "0s",
            "CAPTURE__REREADS": "8d",  # the head alone: each window that is asked for is one of its own
            "CAPTURE__WATCH__ADOPT": "0s",
            "RECORD__DETAIL": self._plan.detail,
        }
        return rehearsal.environ_of(shared | own)


class Baseline:
    """A process that makes a round of fixed work on demand."""

    def __init__(self, name: str) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.baselines", name]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._hear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.communicate()

    def round(self) -> float:
        """CPU-seconds of one conversation."""
        if self._process.stdin is None:
            raise RuntimeError("the baseline has no input")
        self._process.stdin.write("\n")
        return float(self._hear())

    def _hear(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise SystemExit("the baseline ended early")
        return line


def _producer(*words: str) -> list[str]:
    return [sys.executable, "-m", "producer", *words]
