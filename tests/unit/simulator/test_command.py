from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from producer.simulator.command import configure, instant, options_of, run, span
from producer.simulator.faults import Fault, Trouble
from producer.simulator.options import SimulatorOptions

ROOT = Path(__file__).parents[3]
PROGRAM = """
import argparse, sys
from producer.simulator.command import configure, run
parser = argparse.ArgumentParser()
configure(parser)
sys.exit(run(parser.parse_args()))
"""


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    configure(parser)
    return parser.parse_args(arguments)


def test_without_arguments_it_is_the_default_organisation() -> None:
    assert options_of(parsed("--port", "0")) == SimulatorOptions()


def test_arguments_become_options(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    options = options_of(
        parsed(
            *("--port", "0", "--seed", "9", "--rate", "2000", "--speed", "60", "--origin", "2026-03-10T23:50:00Z"),
            *("--latency", "100ms", "--limit", "100", "--limit-window", "sliding", "--no-permission", "--gzip"),
            *("--client-secret-file", str(tmp_path / "secret"), "--token-lifetime", "10m"),
            *("--fault", "kind=stall,probability=0.01", "--fault", "kind=reset,times=1"),
        )
    )
    assert options == SimulatorOptions(
        seed=9,
        rate_per_day=2000,
        speed=60,
        origin=datetime(2026, 3, 10, 23, 50, tzinfo=UTC),
        latency=timedelta(milliseconds=100),
        limit_per_minute=100,
        limit_window="sliding",
        permission=False,
        gzip=True,
        client_secret="hush",
        token_lifetime=timedelta(minutes=10),
        faults=(Fault(kind=Trouble.STALL, probability=0.01), Fault(kind=Trouble.RESET, times=1)),
    )


@pytest.mark.parametrize("text", ["5", "5 weeks", "s"])
def test_a_span_needs_a_number_and_a_unit(text: str) -> None:
    with pytest.raises(ValueError, match=r"span|float"):
        span(text)


def test_an_instant_needs_an_offset() -> None:
    with pytest.raises(ValueError, match="offset"):
        instant("2026-03-10T10:00:00")


def test_what_is_not_possible_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(parsed("--rate", "0")) == 64
    assert "rate_per_day must be between" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_when_told_to(number: signal.Signals) -> None:
    arguments = ["--port", "0", "--output", "json", "--die-with-parent"]
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = orjson.loads(process.stdout.readline())["url"]
        with urllib.request.urlopen(f"{url}/healthz") as answer:
            assert orjson.loads(answer.read())["status"] == "ok"
        process.send_signal(number)
        assert process.wait(10) == 0


def test_it_ends_with_its_parent() -> None:
    parent = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {PROGRAM!r}, "--port", "0", "--die-with-parent"], stdout=sys.stdout)
sys.stdin.readline()
"""
    with subprocess.Popen(
        [sys.executable, "-c", parent], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline().startswith("simulator listening at http://127.0.0.1:")
        process.kill()
        assert process.stdout.read() == ""  # the end of the pipe: the simulator held its other end


def test_a_taken_port_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--port", "0", "--output", "json"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = orjson.loads(process.stdout.readline())["url"].rpartition(":")[2]
        assert run(parsed("--port", port)) == 69
        process.terminate()
    assert "cannot listen on 127.0.0.1" in capsys.readouterr().err
