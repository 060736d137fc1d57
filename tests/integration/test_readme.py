"""README's first real run, walked through line by line as a shell would: the simulator is the organisation.

What README says of a rehearsal is done here: the simulator's addresses in place of the region, its client and secret,
a cluster of one broker. Two spans are shortened, so that the first record comes in seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from producer.cli import COMMANDS
from producer.dev.broker import Broker
from producer.dev.child import Child
from producer.dev.rehearsal import free_port
from producer.settings import Settings
from producer.settings.catalogue import SECRETS_DIR
from producer.simulator import command as simulate
from tests.support.stage import Daemon

pytestmark = pytest.mark.timeout(120)

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
SECONDS = 30.0
RATE = "20000"  # conversations a day: enough are open at any time, and the first read has them all


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The first real run as README tells it."""

    text: str
    exports: Mapping[str, str]
    commands: tuple[tuple[str, ...], ...]
    rehearsal: Mapping[str, str]


def first_real_run() -> Section:
    _, _, rest = README.partition("\n## A first real run\n")
    text = " ".join(rest.partition("\n## ")[0].split())
    (block,) = re.findall(r"^```sh\n(.*?)^```", rest.partition("\n## ")[0], re.MULTILINE | re.DOTALL)
    lines = [words for line in block.splitlines() if (words := shlex.split(line, comments=True))]
    exports = dict(word.split("=", 1) for words in lines if words[0] == "export" for word in words[1:])
    commands = tuple(tuple(words) for words in lines if words[0] != "export")
    return Section(
        text=text,
        exports=exports,
        commands=commands,
        rehearsal=dict(re.findall(r"`(PRODUCER_\w+)=(\w+)`", text)),
    )


SECTION = first_real_run()


@dataclass(slots=True, kw_only=True)
class Walk:
    """What came of every command, by its words."""

    ended: dict[str, tuple[int, str, str]]
    first: dict[str, Any]
    interrupted: int
    status: tuple[int, str, str]
    stopped: int


def settings(directory: Path, simulator: str, brokers: str) -> dict[str, str]:
    """README's variables with the values of this rehearsal, and the two that make it short."""
    secrets = directory / "secrets"
    secrets.mkdir()
    (file,) = re.findall(rf"`{SECTION.exports[SECRETS_DIR]}/(\w+)`", SECTION.text)
    (secrets / file).write_text("simulator-secret\n")
    values = {**SECTION.exports, **SECTION.rehearsal}
    del values["PRODUCER_GENESYS__REGION"]
    addresses = re.findall(r"`(PRODUCER_GENESYS__(?:API|LOGIN)_URL)`", SECTION.text)
    assert len(addresses) == 2
    return {
        **values,
        **dict.fromkeys(addresses, simulator),
        SECRETS_DIR: str(secrets),
        "PRODUCER_GENESYS__CLIENT_ID": "simulator",
        "PRODUCER_KAFKA__BOOTSTRAP_SERVERS": brokers,
        "PRODUCER_ADMIN__HOST": "127.0.0.1",
        "PRODUCER_ADMIN__PORT": str(free_port()),
        "PRODUCER_CAPTURE__HEAD_LAG": "5s",
        "PRODUCER_CAPTURE__POLL_INTERVAL": "2s",
        "PRODUCER_LOG__FORMAT": "json",
    }


class Shell:
    """Runs what README runs: commands that end one after the other, those that go on beside them."""

    def __init__(self, directory: Path, stack: ExitStack, environ: Mapping[str, str]) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GENESYS", "PRODUCER_"))}
        self._environ = {**inherited, **environ}
        self._directory = directory
        self._stack = stack

    def done(self, words: tuple[str, ...]) -> tuple[int, str, str]:
        """A command that ends."""
        done = subprocess.run(
            self._program(words), capture_output=True, text=True, timeout=SECONDS, check=False, env=self._environ
        )
        return done.returncode, done.stdout, done.stderr

    def daemon(self, words: tuple[str, ...]) -> Daemon:
        """The one that is left running."""
        log = self._directory / "daemon.log"
        admin_url = f"http://127.0.0.1:{self._environ['PRODUCER_ADMIN__PORT']}"
        daemon = Daemon(Child(self._program(words), log=log, environ=self._environ), log, admin_url)
        self._stack.callback(daemon.end)
        return daemon

    def terminal(self, words: tuple[str, ...]) -> subprocess.Popen[str]:
        """Another terminal, with the same settings."""
        process = self._stack.enter_context(
            subprocess.Popen(
                self._program(words),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=self._environ,
            )
        )
        self._stack.callback(process.kill)
        return process

    @staticmethod
    def _program(words: tuple[str, ...]) -> list[str]:
        assert words[0] == "genesys-producer"
        return [sys.executable, "-m", "producer", *words[1:]]


@pytest.fixture(scope="module")
def walk(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Every command of the block, in its order."""
    directory = tmp_path_factory.mktemp("readme")
    with ExitStack() as stack:
        simulated = Shell(directory, stack, {}).terminal(
            ("genesys-producer", "simulate", "--port", "0", "--output", "json", "--rate", RATE)
        )
        assert simulated.stdout is not None
        url = json.loads(simulated.stdout.readline())["url"]
        shell = Shell(directory, stack, settings(directory, url, broker.bootstrap_servers))
        yield _walked(shell)


def _walked(shell: Shell) -> Walk:
    ended: dict[str, tuple[int, str, str]] = {}
    daemon, first, interrupted = None, {}, 0
    for words in SECTION.commands:
        if words[1] not in COMMANDS:
            continue  # told by another test
        if words[1] == "run":
            daemon = shell.daemon(words)
        elif "--follow" in words:
            with shell.terminal(words) as following:
                assert following.stdout is not None
                first = json.loads(following.stdout.readline())
                following.send_signal(signal.SIGINT)
                following.communicate(timeout=SECONDS)
                interrupted = following.returncode
        else:
            ended[" ".join(words[1:])] = shell.done(words)
    assert daemon is not None, "README starts no daemon"
    daemon.wait_until_ready()
    status = shell.done(("genesys-producer", "status", "--url", daemon.admin_url))
    return Walk(ended=ended, first=first, interrupted=interrupted, status=status, stopped=daemon.stop())


def test_every_command_of_the_walk_is_one_of_ours() -> None:
    assert [words for words in SECTION.commands if words[0] != "genesys-producer"] == []
    assert [words[1] for words in SECTION.commands if words[1] not in COMMANDS] == []


def test_commands_that_end_find_nothing_to_complain_about(walk: Walk) -> None:
    assert {words: (code, said) for words, (code, _, said) in walk.ended.items()} == dict.fromkeys(walk.ended, (0, ""))
    assert walk.ended["config check"][1] == "ok\n"
    assert len(re.findall("^created ", walk.ended["topics create"][1], re.MULTILINE)) == 6


def test_the_first_record_arrives(walk: Walk) -> None:
    assert (walk.first["topic"], walk.first["value"]["revision"]) == ("genesys.conversations.v1", 1)
    assert walk.first["value"]["participants"]
    assert walk.interrupted == 130


def test_the_daemon_is_ready_and_ends_in_order(walk: Walk) -> None:
    code, out, said = walk.status
    assert (code, said, walk.stopped) == (0, "", 0)
    assert re.search(r"^ready +True$", out, re.MULTILINE)


def test_what_readme_says_of_defaults_is_so() -> None:
    defaults = Settings()
    wait = defaults.capture.head_lag + defaults.capture.poll_interval
    assert f"admin server on port {defaults.admin.port}" in README
    assert f"after the head lag and one poll, {wait.total_seconds():.0f} seconds with the defaults" in SECTION.text

    parser = argparse.ArgumentParser()
    simulate.configure(parser)
    simulator = simulate.options_of(parser.parse_args([]))
    login = f"client `{simulator.client_id}`, secret `{simulator.client_secret}`"
    assert f"`genesys-producer simulate` (port {simulator.port}, {login})" in SECTION.text
    assert f"`http://{simulator.host}:{simulator.port}`" in SECTION.text
