from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
    assert options_of(parsed("--port", "0"), {}) == SimulatorOptions()


FLAGS: Mapping[str, tuple[tuple[str, ...], Any]] = {
    "host": (("--host", "localhost"), "localhost"),
    "port": (("--port", "9"), 9),
    "client_id": (("--client-id", "me"), "me"),
    "client_secret": (("--client-secret-file", "SECRET"), "hush"),
    "token_lifetime": (("--token-lifetime", "10m"), timedelta(minutes=10)),
    "realm": (("--realm", "here"), "here"),
    "cursor_lifetime": (("--cursor-lifetime", "90s"), timedelta(seconds=90)),
    "seed": (("--seed", "9"), 9),
    "origin": (("--origin", "2026-03-10T23:50:00Z"), datetime(2026, 3, 10, 23, 50, tzinfo=UTC)),
    "epoch": (("--epoch", "1.5"), 1.5),
    "speed": (("--speed", "60"), 60.0),
    "rate_per_day": (("--rate", "2000"), 2000),
    "lifetimes": (("--lifetimes", "0.125"), 0.125),
    "births_until": (("--births-until", "2026-03-13T10:00:00Z"), datetime(2026, 3, 13, 10, tzinfo=UTC)),
    "retention": (("--retention", "90d"), timedelta(days=90)),
    "visibility_median": (("--visibility-median", "5s"), timedelta(seconds=5)),
    "visibility_tail": (("--visibility-tail", "5m"), timedelta(minutes=5)),
    "visibility_tail_probability": (("--visibility-tail-probability", "0.5"), 0.5),
    "poison_probability": (("--poison", "0.5"), 0.5),
    "oddity_probability": (("--oddities", "0.5"), 0.5),
    "huge_probability": (("--huge", "0.5"), 0.5),
    "total_hits_error_probability": (("--total-hits-error", "0.5"), 0.5),
    "queues": (("--queues", "10000"), 10_000),
    "unlisted": (("--unlisted", "0.05"), 0.05),
    "limit_per_minute": (("--limit", "100"), 100),
    "limit_window": (("--limit-window", "sliding"), "sliding"),
    "other_client_share": (("--other-client-share", "0.5"), 0.5),
    "rate_headers": (("--rate-headers",), True),
    "max_page_size": (("--max-page-size", "200"), 200),
    "permission": (("--no-permission",), False),
    "latency": (("--latency", "100ms"), timedelta(milliseconds=100)),
    "latency_jitter": (("--latency-jitter", "100ms"), timedelta(milliseconds=100)),
    "gzip": (("--gzip",), True),
    "faults": (("--fault", "kind=reset,times=1"), (Fault(kind=Trouble.RESET, times=1),)),
    "cassette": (("--cassette", "folder"), Path("folder")),
    "content_cache_bytes": (("--cache-mib", "1"), 1_048_576),
    "answer_log_bytes": (("--answer-log-mib", "1"), 1_048_576),
}


@pytest.mark.parametrize("option", [field.name for field in fields(SimulatorOptions)])
def test_every_option_has_a_flag(option: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    arguments, value = FLAGS[option]
    words = [str(tmp_path / "secret") if word == "SECRET" else word for word in arguments]
    expected: Any = replace(SimulatorOptions(), **{option: value})
    assert options_of(parsed("--port", "0", *words), {}) == expected


CLOCK = {
    "PRODUCER_DEV__CLOCK_ORIGIN": "2026-03-10T10:00:00Z",
    "PRODUCER_DEV__CLOCK_EPOCH": "1773136800.5",
    "PRODUCER_DEV__CLOCK_SPEED": "60",
}


def test_the_clock_is_the_one_of_the_daemons_environment() -> None:
    origin = datetime(2026, 3, 10, 10, tzinfo=UTC)
    assert options_of(parsed("--port", "0"), CLOCK) == SimulatorOptions(origin=origin, epoch=1773136800.5, speed=60)


def test_a_flag_beats_the_environment() -> None:
    arguments = parsed("--port", "0", "--origin", "2026-03-11T10:00:00Z", "--epoch", "7", "--speed", "1")
    expected = SimulatorOptions(origin=datetime(2026, 3, 11, 10, tzinfo=UTC), epoch=7, speed=1)
    assert options_of(arguments, CLOCK) == expected
    assert options_of(arguments, {"PRODUCER_DEV__CLOCK_SPEED": "nonsense"}) == expected


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PRODUCER_DEV__CLOCK_ORIGIN", "tomorrow"),
        ("PRODUCER_DEV__CLOCK_ORIGIN", "2026-03-10T10:00:00"),
        ("PRODUCER_DEV__CLOCK_EPOCH", "soon"),
        ("PRODUCER_DEV__CLOCK_EPOCH", "inf"),
        ("PRODUCER_DEV__CLOCK_SPEED", "fast"),
        ("PRODUCER_DEV__CLOCK_SPEED", "-1"),
        ("PRODUCER_DEV__CLOCK_SPEED", "nan"),
        ("PRODUCER_DEV__CLOCK_SPEED", ""),
    ],
)
def test_nonsense_in_the_environment_is_a_usage_error_that_names_the_variable(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, value)
    assert run(parsed("--port", "0")) == 64
    assert f"{variable} is not possible: " in capsys.readouterr().err


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
