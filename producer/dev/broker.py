"""A real single-node Apache Kafka for the demo and the tests: no Docker, no root, loopback only.

    with Broker.started() as broker:
        use(broker.bootstrap_servers)

Ready in about two seconds once its jars are in the cache; it dies with the process that started it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from producer.dev.cache import cache_directory, made_once
from producer.dev.child import Child
from producer.dev.jars import KAFKA_VERSION, kafka_class_path
from producer.dev.java import Java, find_java
from producer.dev.properties import Listeners, as_text, properties_of
from producer.dev.readiness import is_ready
from producer.errors import ProducerError

CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qg"  # any 16 bytes in URL-safe base64; it is part of the formatted folder
START_SECONDS = 60.0
STOP_SECONDS = 30.0
ATTEMPTS = 5

# Below the ports that systems hand out by themselves: a client that keeps connecting to a stopped broker's port of
# that range ends up connected to itself, and the broker can't have its port back.
PORTS = range(15_000, 32_000)

# A broker that lives for minutes gains more from starting soon than from the best compiler.
JVM_OPTIONS = (
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Xshare:auto",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
)


class BrokerFailed(ProducerError):
    """The local Kafka does not run, though all it needs is there."""

    what_to_do = "read the end of its log in the message; a full disk and too little memory are the usual causes"
    exit_code = 69


class Broker:
    """One broker with its own data, started and stopped at will. Blocking; use from one thread at a time."""

    def __init__(
        self, directory: Path | None = None, *, heap: str = "256m", properties: Mapping[str, str] | None = None
    ) -> None:
        """Prepare a broker; nothing runs yet.

        `directory` keeps data and log (None: a temporary one, removed by `close`), `heap` is Java's -Xmx, `properties`
        are added to the server's. Raises PrerequisiteMissing when Java or the jars can't be had.
        """
        cache = cache_directory()
        self._java = find_java()
        self._class_path = kafka_class_path(cache)
        self._template = cache / f"formatted-{KAFKA_VERSION}"
        self._archive = cache / f"classes-{_archive_key(self._java, self._class_path)}.jsa"
        self._heap = heap
        self._extra = dict(properties or {})
        self._temporary = directory is None
        self.directory = directory or Path(tempfile.mkdtemp(prefix="genesys-producer-kafka-"))
        self._listeners = Listeners(broker=0, controller=0)
        self._child: Child | None = None

    @classmethod
    def started(
        cls, directory: Path | None = None, *, heap: str = "256m", properties: Mapping[str, str] | None = None
    ) -> Self:
        """Return a broker that is ready; leaving it as a context manager closes it.

        Raises PrerequisiteMissing as the constructor does, BrokerFailed as `start` does.
        """
        broker = cls(directory, heap=heap, properties=properties)
        try:
            broker.start()
        except BaseException:
            broker.close()
            raise
        return broker

    @property
    def bootstrap_servers(self) -> str:
        """The address clients connect to; it stays the same over restarts."""
        return f"127.0.0.1:{self._listeners.broker}"

    @property
    def pid(self) -> int | None:
        """The process id of the running broker, None while it is stopped."""
        return self._child.pid if self._child else None

    @property
    def log(self) -> Path:
        """The file that holds what the broker says."""
        return self.directory / "broker.log"

    def start(self) -> None:
        """Start it and wait until it serves. Raises BrokerFailed, with the end of its log, when it does not."""
        if self._child:
            return
        first = not self._listeners.broker
        for attempt in range(1, ATTEMPTS + 1):
            if first:
                self._listeners = _free_listeners()
            if self._try_start(last=attempt == ATTEMPTS):
                return

    def stop(self) -> None:
        """Stop it in order and keep its data."""
        if self._child:
            self._child.stop(grace=STOP_SECONDS)
            self._child = None
            self._keep_archive()

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL) and keep its data."""
        if self._child:
            self._child.kill()
            self._child = None
            self._unfinished_archive.unlink(missing_ok=True)

    def restart(self) -> None:
        """Stop it, if it runs, and start it again on the same data and address."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it (SIGSTOP): its connections stay open and nothing answers."""
        if self._child:
            self._child.pause()

    def resume(self) -> None:
        """Let it go on after `pause`."""
        if self._child:
            self._child.resume()

    def close(self) -> None:
        """Stop it and remove its data, unless the caller gave the directory."""
        self.stop()
        if self._temporary:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _unfinished_archive(self) -> Path:
        return self._archive.with_name(f"{self._archive.name}.{os.getpid()}.{id(self)}")

    def _try_start(self, *, last: bool) -> bool:
        """Start once; False when a stranger was faster to take a port, and there is another attempt."""
        rack = f"dev-{secrets.token_hex(8)}"
        configuration = self.directory / "server.properties"
        self.directory.mkdir(parents=True, exist_ok=True)
        configuration.write_text(
            as_text(properties_of(self._listeners, data=self.directory / "data", rack=rack) | self._extra)
        )
        self._format(configuration)
        said_before = self.log.stat().st_size if self.log.exists() else 0
        child = Child(self._command("kafka.Kafka", configuration, archived=True), log=self.log)
        try:
            problem = self._wait(child, rack)
        except BaseException:
            child.kill()
            raise
        if problem is None:
            self._child = child
            return True
        child.kill()
        said = self.log.read_bytes()[said_before:].decode(errors="replace")
        if last or ("BindException" not in said and "Address already in use" not in said):
            raise BrokerFailed(f"the local Kafka {problem}; it said (in {self.log}):\n{said[-4_000:]}")
        return False

    def _wait(self, child: Child, rack: str) -> str | None:
        """Wait until the broker serves; else return what it did instead."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if (code := child.exit_code()) is not None:
                return f"ended with exit code {code} while starting"
            if is_ready(self._listeners.broker, rack):
                return None
            time.sleep(0.03)  # nothing tells when a broker begins to serve: it has to be asked
        return f"was not ready after {START_SECONDS:.0f} s"

    def _format(self, configuration: Path) -> None:
        """Give it a formatted data folder: formatting takes a second, copying one that was formatted before nothing.

        The copy fits any broker, since the controller's address is in the properties and not in the folder.
        """
        data = self.directory / "data"
        if data.exists():
            return
        made_once(self._template, lambda empty: self._format_template(empty, configuration))
        shutil.copytree(self._template, data)

    def _format_template(self, directory: Path, configuration: Path) -> None:
        properties = configuration.read_text().replace(str(self.directory / "data"), str(directory))
        with tempfile.NamedTemporaryFile("w", suffix=".properties", dir=self.directory) as file:
            file.write(properties)
            file.flush()
            command = self._command("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", file.name)
            done = subprocess.run(  # noqa: S603 - the command is ours
                command, capture_output=True, text=True, timeout=START_SECONDS, check=False, stdin=subprocess.DEVNULL
            )
        if done.returncode:
            raise BrokerFailed(f"the local Kafka's data folder can't be formatted: {done.stdout}{done.stderr}")

    def _command(self, *arguments: str | Path, archived: bool = False) -> list[str | Path]:
        return [
            self._java.executable,
            f"-Xmx{self._heap}",
            *JVM_OPTIONS,
            *(self._archive_options() if archived else ()),
            "-cp",
            self._class_path,
            *arguments,
        ]

    def _archive_options(self) -> tuple[str, ...]:
        """Use the archive of loaded classes (faster start, less memory); where there is none yet, leave one behind."""
        if self._archive.exists():
            return (f"-XX:SharedArchiveFile={self._archive}",)
        return (f"-XX:ArchiveClassesAtExit={self._unfinished_archive}", "-Xlog:cds*=off")

    def _keep_archive(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._unfinished_archive.replace(self._archive)


def _archive_key(java: Java, class_path: str) -> str:
    """An archive fits one Java and one class path, both to the letter."""
    return hashlib.sha256(f"{java.executable}\n{java.version}\n{class_path}".encode()).hexdigest()[:16]


def _free_listeners() -> Listeners:
    with contextlib.ExitStack() as open_sockets:
        return Listeners(broker=_free_port(open_sockets), controller=_free_port(open_sockets))


def _free_port(open_sockets: contextlib.ExitStack) -> int:
    """Return a port that nobody uses; it stays taken until `open_sockets` is closed."""
    for port in random.sample(PORTS, 100):
        candidate = open_sockets.enter_context(socket.socket())
        with contextlib.suppress(OSError):
            candidate.bind(("127.0.0.1", port))
            return port
    raise BrokerFailed(f"no free port between {PORTS.start} and {PORTS.stop} on 127.0.0.1 for the local Kafka")
