"""The whole product on a stage: a simulated organisation, a real broker, and the daemon as a process of its own.

    with Stage(broker, tmp_path) as stage:
        stage.make_topics()
        daemon = stage.start()
        stage.organisation.inject("truncated", times=1)
        line = daemon.wait_for_line("request_retried")
        assert daemon.stop() == 0
        assert stage.verdict().zeros

Product time runs `speed` times as fast as real time, so that waits of a minute cost a test three seconds.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import secrets
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from producer.clock import VirtualClock
from producer.dev import rehearsal
from producer.dev.broker import Broker
from producer.dev.child import Child
from producer.dev.judge.decoding import Decoder
from producer.dev.judge.horizon import Horizon
from producer.dev.judge.judging import judge
from producer.dev.judge.verdict import Verdict
from producer.dev.rehearsal import free_port
from producer.kafka.options import KafkaOptions
from producer.kafka.topics import create
from producer.model.batch import Topic
from producer.options import kafka_options
from producer.settings import load
from producer.simulator import SimulatorOptions
from producer.verify.progress import Progress
from producer.verify.verification import Report, Task, verify
from tests.support.simulated import SimulatedOrganisation
from tests.support.sinks import Found, read_committed

ORIGIN = datetime(2026, 3, 10, 10, 0, tzinfo=UTC)
"""A Tuesday morning, when much is going on."""
HISTORY = timedelta(minutes=5)
PATIENCE = 20.0
"""Seconds that a test waits for what must come, unless it says otherwise."""
GRACE = 20.0
HEAD_ALONE: Mapping[str, str] = {"CAPTURE__REREADS": "8d", "CAPTURE__WATCH__ADOPT": "0s"}
"""Settings with which nothing is read behind the head, for tests that follow what one read does."""

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is different in this play. `settings` go to the daemon, by their names in the environment; None: not set.

    `organisation` are further options of the simulator; `allowance` is how late a read may be, on product time.
    """

    origin: datetime = ORIGIN
    speed: float = 20.0
    rate: int = 8_000
    seed: int = 1
    poison: float = 0.0
    cassette: Path | None = None
    bootstrap_servers: str | None = None
    settings: Mapping[str, str | None] = field(default_factory=dict)
    organisation: Mapping[str, Any] = field(default_factory=dict)
    allowance: timedelta = timedelta(minutes=10)
    dialect: str = "platform"


class Stage:
    """Enter it: the organisation serves. Topics are made and daemons started by the test."""

    def __init__(self, broker: Broker, directory: Path, script: Script | None = None) -> None:
        self.broker = broker
        self.prefix = f"test-{secrets.token_hex(4)}"
        self.directory = directory
        self.script = script or Script()
        self.clock = VirtualClock(origin=self.script.origin, epoch=time.time(), speed=self.script.speed)
        self.admin_url = f"http://127.0.0.1:{free_port()}"
        self.daemons: list[Daemon] = []
        self.organisation = SimulatedOrganisation(
            SimulatorOptions(
                origin=self.script.origin,
                epoch=self.clock.epoch,
                speed=self.script.speed,
                rate_per_day=self.script.rate,
                seed=self.script.seed,
                poison_probability=self.script.poison,
                cassette=self.script.cassette,
                **self.script.organisation,
            )
        )
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self.organisation)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def now(self) -> datetime:
        """Product time."""
        return self.clock.now()

    def make_topics(self) -> None:
        """What `topics create` does."""
        settings = load(environ=rehearsal.environ_of(self._settings()), needs=("kafka",))
        asyncio.run(create(kafka_options(settings)))

    def start(self, *program: str, **settings: str) -> Daemon:
        """Start a daemon, with settings of its own on top; `program` is run in its place, by the same interpreter."""
        log = self.directory / f"daemon-{len(self.daemons)}.log"
        environ = rehearsal.environ_of(self._settings() | settings)
        command = [sys.executable, *(program or ("-m", "producer", "run"))]
        admin_url = f"http://127.0.0.1:{environ['PRODUCER_ADMIN__PORT']}"
        daemon = Daemon(Child(command, log=log, environ=environ), log, admin_url, environ)
        self.daemons.append(daemon)
        self._stack.callback(daemon.end)
        return daemon

    def wait_until_covered(self, daemon: Daemon, instant: datetime | None = None, seconds: float = PATIENCE) -> None:
        """Wait until the head has read past an instant of product time (None: past this moment)."""
        goal = instant or self.now()
        daemon.wait_until(
            lambda status: _instant(status["sources"][0]["covered_to"]) > goal, f"covered to {goal}", seconds
        )

    def topic(self, topic: Topic) -> str:
        """The name of one of this stage's topics."""
        flat = "-flat" if topic is Topic.CONVERSATIONS and self._detail == "flat" else ""
        return f"{self.prefix}.{topic.value.replace('_', '-')}{flat}.v1"

    @property
    def kafka(self) -> KafkaOptions:
        """Where the topics are; by the broker's open door, whichever one the daemons take."""
        names = {topic: self.topic(topic) for topic in Topic}
        return KafkaOptions(bootstrap_servers=self.broker.bootstrap_servers, topics=names)

    def found(self, topic: Topic) -> list[Found]:
        """What is committed on a topic."""
        return read_committed(self.broker, self.topic(topic))

    def decoded(self, topic: Topic) -> list[dict[str, Any]]:
        """The same, decoded by the judge's means."""
        decoder = Decoder.shipped()
        return [decoder.read(found.value) for found in self.found(topic) if found.value is not None]

    def wait_for_topic(
        self, topic: Topic, met: Callable[[list[dict[str, Any]]], bool], what: str, seconds: float = PATIENCE
    ) -> None:
        """Wait until what is committed on a topic is as it should be."""
        deadline = time.monotonic() + seconds
        while not met(self.decoded(topic)):
            assert time.monotonic() < deadline, f"{topic.value}: not {what} within {seconds:g} s"

    def verdict(self) -> Verdict:
        """What the judge finds; all daemons must have ended."""
        sight = rehearsal.sight_of(load(environ=rehearsal.environ_of(self._settings())))
        return judge(self.kafka, self.organisation.url, self.clock, self.horizon(), sight)

    def horizon(self) -> Horizon:
        """How long the daemons of this stage look."""
        settings = load(environ=rehearsal.environ_of(self._settings()))
        return replace(rehearsal.horizon_of(settings), allowance=self.script.allowance)

    def verified(self) -> Report:
        """What `verify` finds."""
        settings = load(environ=rehearsal.environ_of(self._settings()), needs=("kafka",))
        return asyncio.run(
            verify(Task(kafka=kafka_options(settings), dialect=settings.genesys.dialect), Progress(io.StringIO()))
        )

    @property
    def _detail(self) -> str:
        return self.script.settings.get("RECORD__DETAIL") or "full"

    def _settings(self) -> dict[str, str | None]:
        shared = rehearsal.settings_for(
            organisation=self.organisation.url,
            bootstrap_servers=self.script.bootstrap_servers or self.broker.bootstrap_servers,
            prefix=self.prefix,
            admin_port=self.admin_url.rpartition(":")[2],
        )
        return {
            **shared,
            **rehearsal.dialect_settings(self.organisation.url, self.script.dialect),
            **rehearsal.clock_settings(self.clock),
            "GENESYS__TIMEOUT": "10s",
            "CAPTURE__START": (self.script.origin - HISTORY).isoformat(),
            "CAPTURE__POLL_INTERVAL": "5s",
            "CAPTURE__HEAD_LAG": "10s",
            "KAFKA__PARTITIONS__CONVERSATIONS": "3",
            "KAFKA__PARTITIONS__AUDIT": "2",
            "KAFKA__PARTITIONS__DEAD_LETTERS": "1",
            "KAFKA__LANES": "2",
            **self.script.settings,
        }


class Daemon:
    """A daemon that runs, and what it says. Waits end by themselves, with what it said last in the failure."""

    def __init__(self, child: Child, log: Path, admin_url: str, environ: Mapping[str, str] | None = None) -> None:
        self._child = child
        self._ended = False
        self.log = log
        self.admin_url = admin_url
        self.environ = dict(environ or {})

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    def lines(self, action: str = "", after: int = 0, **fields: object) -> list[Line]:
        """The lines of its log from number `after` on, all or those of an action with these fields."""
        return [
            line
            for line in [json.loads(text) for text in self.log.read_text().split("\n")[:-1]][after:]
            if action in ("", line["action"]) and fields.items() <= line.items()
        ]

    def mark(self) -> int:
        """How many lines there are, to wait for those that come behind."""
        return len(self.lines())

    def wait_for_line(self, action: str, *, after: int = 0, seconds: float = PATIENCE, **fields: object) -> Line:
        """The first line of an action, with these fields, behind `after`."""
        for _ in self._patiently(f"a line {action} {fields}", seconds):
            if found := self.lines(action, after, **fields):
                return found[0]
        raise AssertionError

    def wait_until(self, met: Callable[[Any], bool], what: str, seconds: float = PATIENCE) -> Any:
        """Wait until `/status` is as it should be, and return it."""
        for _ in self._patiently(what, seconds):
            status = self.status()
            if status is not None and met(status):
                return status
        raise AssertionError

    def wait_until_ready(self, seconds: float = PATIENCE) -> None:
        """Wait until it is ready."""
        self.wait_until(lambda status: bool(status["ready"]), "readiness", seconds)

    def wait_for_reason(self, reason: str, seconds: float = PATIENCE) -> Mapping[str, str]:
        """Wait until `/readyz` refuses for this reason, and return it with its message and what to do."""
        for _ in self._patiently(f"not ready: {reason}", seconds):
            for found in self.readiness():
                if found["reason"] == reason:
                    return found
        raise AssertionError

    def readiness(self) -> list[Mapping[str, str]]:
        """The reasons against readiness; empty when it is ready, and while it does not answer yet."""
        code, body = self.get("/readyz")
        answer = json.loads(body) if code else {"ready": None, "reasons": []}
        assert (code, answer["ready"]) in ((0, None), (200, True), (503, False)), (code, answer)
        reasons: list[Mapping[str, str]] = answer["reasons"]
        return reasons

    def status(self) -> Any:
        """What it says of itself; None while it does not answer."""
        code, body = self.get("/status")
        return json.loads(body) if code == 200 else None

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Ask its admin server: status and text; 0 while nobody listens."""
        request = urllib.request.Request(self.admin_url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode()
        except OSError:
            return 0, ""

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def wait_for_end(self, seconds: float = GRACE) -> int:
        """Its exit code, once it has ended by itself."""
        deadline = time.monotonic() + seconds
        while self._child.exit_code() is None:
            assert time.monotonic() < deadline, f"it did not end within {seconds:g} s\n{self._said()}"
            time.sleep(0.02)
        self._ended = True
        return self._child.stop(grace=1)

    def stop(self) -> int:
        """Ask it to stop (SIGTERM) and return its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait_for_end()

    def end(self) -> None:
        """End it, however it is."""
        if not self._ended:
            self._child.kill()

    def _patiently(self, what: str, seconds: float) -> Iterator[None]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            yield
            assert self._child.exit_code() is None, f"it ended while {what} was waited for\n{self._said()}"
            time.sleep(0.04)
        raise AssertionError(f"{what}: not within {seconds:g} s\n{self._said()}")

    def _said(self) -> str:
        return self.log.read_text()[-6_000:]


def _instant(text: str | None) -> datetime:
    return datetime.fromisoformat(text) if text else datetime.min.replace(tzinfo=UTC)
