"""How commands end, and what is imported for them."""

from __future__ import annotations

import argparse
import subprocess
import sys
import types
from collections.abc import Callable

import pytest

from producer import cli, errors
from producer.settings import SettingsRefused

Raise = Callable[[BaseException], int]


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> Raise:
    """Runs a command that fails in a given way, and returns the exit code."""

    def run(error: BaseException) -> int:
        module = types.ModuleType("failing")

        def fail(arguments: argparse.Namespace) -> int:
            raise error

        module.__dict__.update(configure=lambda parser: None, run=fail)
        monkeypatch.setitem(sys.modules, "failing", module)
        monkeypatch.setitem(cli.COMMANDS, "fail", cli.Command("failing", "fails"))
        return cli.main(["fail"])

    return run


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError("x"), 64),
        (errors.PrerequisiteMissing("x"), 69),
        (errors.ConfigurationError("x"), 78),
        (SettingsRefused(()), 78),
        (errors.SinkRefused("x"), 69),
        (errors.SinkUnavailable("x"), 75),
        (errors.CredentialsRefused("x"), 69),
        (errors.ProducerError("x"), 70),
    ],
)
def test_an_error_ends_with_its_own_code_and_says_what_to_do(
    raising: Raise, capsys: pytest.CaptureFixture[str], error: errors.ProducerError, code: int
) -> None:
    assert raising(error) == code

    said = capsys.readouterr()
    assert said.err == f"{type(error).__name__}: {error}\n  what to do: {error.what_to_do}\n"
    assert said.out == ""


def test_what_nobody_foresaw_is_shown_whole(raising: Raise, capsys: pytest.CaptureFixture[str]) -> None:
    assert raising(RuntimeError("surprise")) == 70

    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert said.endswith("RuntimeError: surprise\n")


def test_ctrl_c_ends_with_130(raising: Raise, capsys: pytest.CaptureFixture[str]) -> None:
    assert raising(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "words",
    [(), ("unknown",), ("tail",), ("tail", "nothing"), ("state",), ("status", "--output", "xml"), ("--nothing",)],
)
def test_a_command_line_that_is_not_understood_ends_with_64(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)

    assert ended.value.code == 64
    assert capsys.readouterr().err.startswith("usage: genesys-producer")


@pytest.mark.parametrize("words", [("--help",), ("--version",), *((name, "--help") for name in cli.COMMANDS)])
def test_help_is_an_answer(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)

    assert ended.value.code == 0
    assert "genesys-producer" in capsys.readouterr().out


def _imported_by(*words: str) -> set[str]:
    """What modules a command line with `--help` brings in, in an interpreter of its own."""
    program = (
        "import sys\nfrom producer.cli import main\ntry: main(sys.argv[1:])\n"
        "except SystemExit: pass\nsys.stderr.write(' '.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=30, check=True
    )
    return set(done.stderr.split())


def test_the_command_line_itself_imports_nothing_but_the_errors() -> None:
    imported = _imported_by("--help")

    assert {name for name in imported if name.startswith("producer")} == {"producer", "producer.cli", "producer.errors"}
    assert imported.isdisjoint({"asyncio", "aiohttp", "aiokafka", "fastavro", "pydantic", "structlog"})


def test_only_the_named_command_is_imported() -> None:
    imported = _imported_by("status", "--url", "run", "--help")

    assert "producer.commands.status" in imported
    assert imported.isdisjoint({"producer.commands.run", "producer.app", "aiokafka"})
