"""The command line of the simulator: options from arguments, one line when it listens, an end on SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from producer.simulator.faults import Fault, Trouble
from producer.simulator.options import SimulatorOptions
from producer.simulator.server import serve

_EXIT_UNAVAILABLE = 69
_EXIT_USAGE = 64
_LOOK_FOR_PARENT = 0.5
_SPANS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DEFAULT = SimulatorOptions()
_OPTIONS = {field.name for field in fields(SimulatorOptions)}
_CLOCK_VARIABLES = "PRODUCER_DEV__CLOCK_"
"""The daemon reads the same three, so that both show the same time."""
_FROM = f"(default: {_CLOCK_VARIABLES}{{}})"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments; docs/simulator.md explains them."""
    wire = parser.add_argument_group("where it listens")
    wire.add_argument("--host", default=_DEFAULT.host)
    wire.add_argument("--port", type=int, default=8080, help="0 picks a free one (default %(default)s)")
    wire.add_argument("--latency", type=span, default=_DEFAULT.latency, help="added to every answer, for example 100ms")
    wire.add_argument("--latency-jitter", type=span, default=_DEFAULT.latency_jitter)
    wire.add_argument("--gzip", action="store_true", help="compress answers for clients that accept it")
    wire.add_argument("--cassette", type=Path, help="a folder of recorded answers to serve in place of an organisation")
    wire.add_argument("--die-with-parent", action="store_true", help="end when the process that started it has gone")
    wire.add_argument("--output", choices=("text", "json"), default="text")

    _configure_organisation(parser.add_argument_group("the organisation"))
    _configure_client(parser.add_argument_group("the client and its limits"))


def _configure_organisation(group: argparse._ArgumentGroup) -> None:
    """Each `dest` is the name of an option."""
    group.add_argument("--seed", type=int, default=_DEFAULT.seed)
    group.add_argument("--origin", type=instant, help=f"instant its clock shows at the epoch {_FROM.format('ORIGIN')}")
    group.add_argument("--epoch", type=float, help=f"unix seconds at which it shows the origin {_FROM.format('EPOCH')}")
    group.add_argument("--speed", type=float, help=f"how many times faster than real time {_FROM.format('SPEED')}")
    group.add_argument(
        "--rate", type=int, dest="rate_per_day", default=_DEFAULT.rate_per_day, help="conversations of a working day"
    )
    group.add_argument("--lifetimes", type=float, default=_DEFAULT.lifetimes, help="how long they live, of the usual 1")
    group.add_argument("--births-until", type=instant, help="no conversation starts at this instant or later")
    group.add_argument("--retention", type=span, default=_DEFAULT.retention, help="older ones have been deleted")
    group.add_argument("--visibility-median", type=span, default=_DEFAULT.visibility_median)
    group.add_argument("--visibility-tail", type=span, default=_DEFAULT.visibility_tail)
    group.add_argument("--visibility-tail-probability", type=float, default=_DEFAULT.visibility_tail_probability)
    for flag, name, meaning in (
        ("--poison", "poison_probability", "of a record that can't be read"),
        ("--oddities", "oddity_probability", "of a conversation with odd values"),
        ("--huge", "huge_probability", "of a conference of hundreds"),
        ("--total-hits-error", "total_hits_error_probability", "of a totalHits that is off"),
    ):
        default = getattr(_DEFAULT, name)
        group.add_argument(flag, type=float, dest=name, default=default, help=f"probability {meaning}")
    group.add_argument("--queues", type=int, default=_DEFAULT.queues)
    group.add_argument("--unlisted", type=float, default=_DEFAULT.unlisted, help="the part of them that is deleted")
    group.add_argument(
        "--cache-mib",
        type=mebibytes,
        dest="content_cache_bytes",
        default=_DEFAULT.content_cache_bytes,
        help="contents kept in memory (default 256)",
    )
    group.add_argument(
        "--answer-log-mib",
        type=mebibytes,
        dest="answer_log_bytes",
        default=_DEFAULT.answer_log_bytes,
        help="log of answers kept on disk (default 2048)",
    )


def _configure_client(group: argparse._ArgumentGroup) -> None:
    """Each `dest` is the name of an option, but for the file of the secret."""
    group.add_argument("--client-id", default=_DEFAULT.client_id)
    group.add_argument("--client-secret-file", type=Path, help="(default: the secret is simulator-secret)")
    group.add_argument("--token-lifetime", type=span, default=_DEFAULT.token_lifetime)
    group.add_argument("--realm", default=_DEFAULT.realm, help="of the token dialect (default %(default)s)")
    group.add_argument("--cursor-lifetime", type=span, default=_DEFAULT.cursor_lifetime)
    group.add_argument(
        "--limit",
        type=int,
        dest="limit_per_minute",
        default=_DEFAULT.limit_per_minute,
        help="requests per token and minute",
    )
    group.add_argument("--limit-window", choices=("fixed", "sliding"), default=_DEFAULT.limit_window)
    group.add_argument("--other-client-share", type=float, default=_DEFAULT.other_client_share)
    group.add_argument("--rate-headers", action="store_true")
    group.add_argument("--max-page-size", type=int, default=_DEFAULT.max_page_size)
    group.add_argument(
        "--no-permission",
        action="store_false",
        dest="permission",
        help="the client lacks the permission for conversations",
    )
    group.add_argument(
        "--fault",
        type=Fault.parse,
        action="append",
        dest="faults",
        default=[],
        metavar="kind=KIND[,path=PART,probability=P,times=N,skip=N,retry_after=S,seconds=S,octets=N]",
        help=f"may be given several times; kinds: {', '.join(Trouble)}",
    )


def options_of(arguments: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> SimulatorOptions:
    """The options that the arguments ask for, the clock's else from the environment. Raises ValueError or OSError."""
    given = {name: value for name, value in vars(arguments).items() if name in _OPTIONS}
    given |= {name: value for name, value in _clock(environment, given).items() if value is not None}
    if given["speed"] is None:
        given["speed"] = _DEFAULT.speed
    given["faults"] = tuple(given["faults"])
    if arguments.client_secret_file is not None:
        given["client_secret"] = arguments.client_secret_file.read_text().strip()
    return SimulatorOptions(**given)


def _clock(environment: Mapping[str, str], given: Mapping[str, object]) -> dict[str, Any]:
    """What the environment says of the clock, where no flag does. Raises ValueError with the variable's name."""
    found: dict[str, Any] = {}
    for name, read in _CLOCK.items():
        variable = f"{_CLOCK_VARIABLES}{name.upper()}"
        if given[name] is not None or variable not in environment:
            continue
        try:
            found[name] = read(environment[variable])
            SimulatorOptions(**{name: found[name]})
        except (ValueError, OverflowError) as problem:
            raise ValueError(f"{variable} is not possible: {problem}") from problem
    return found


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop. Returns the exit code."""
    parent = os.getppid() if arguments.die_with_parent else None
    try:
        options = options_of(arguments)
    except (ValueError, OSError) as problem:
        sys.stderr.write(f"genesys-producer simulate: {problem}\n")
        return _EXIT_USAGE
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(options, as_json=arguments.output == "json", parent=parent))
    except OSError as problem:
        sys.stderr.write(f"genesys-producer simulate: cannot listen on {options.host}:{options.port}: {problem}\n")
        return _EXIT_UNAVAILABLE
    return 0


async def _serve(options: SimulatorOptions, *, as_json: bool, parent: int | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serve(options) as simulator:
        line = orjson.dumps({"url": simulator.url}).decode() if as_json else f"simulator listening at {simulator.url}"
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        await (stop.wait() if parent is None else _stopped_or_orphaned(stop, parent))


async def _stopped_or_orphaned(stop: asyncio.Event, parent: int) -> None:
    """Wait for the stop, or for another process to have become the parent."""
    while not stop.is_set() and os.getppid() == parent:
        try:
            async with asyncio.timeout(_LOOK_FOR_PARENT):
                await stop.wait()
        except TimeoutError:
            continue


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415  an extra: a third faster where it is installed
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def span(text: str) -> timedelta:
    """Read `250ms`, `30s`, `15m`, `2h`, `1d`. Raises ValueError."""
    unit = text.lstrip("0123456789.")
    if unit not in _SPANS:
        raise ValueError(f"{text} is no span: a number and one of {', '.join(_SPANS)}")
    return timedelta(seconds=float(text.removesuffix(unit)) * _SPANS[unit])


def mebibytes(text: str) -> int:
    """Read a number of MiB as bytes. Raises ValueError."""
    number = int(text)
    if number < 1:
        raise ValueError(f"{text} must be at least 1")
    return number * 1024 * 1024


def instant(text: str) -> datetime:
    """Read an ISO instant with an offset or Z. Raises ValueError."""
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError(f"{text} must carry an offset, for example 2026-03-10T10:00:00Z")
    return read


_CLOCK: Mapping[str, Callable[[str], Any]] = {"origin": instant, "epoch": float, "speed": float}
"""What one variable each gives, and how it is read."""
