"""The command line of the simulator: options from arguments, one line when it listens, an end on SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import orjson

from producer.simulator.faults import Fault, Trouble
from producer.simulator.options import SimulatorOptions
from producer.simulator.server import serve

_EXIT_UNAVAILABLE = 69
_EXIT_USAGE = 64
_LOOK_FOR_PARENT = 0.5
_SPANS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DEFAULT = SimulatorOptions()


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

    organisation = parser.add_argument_group("the organisation")
    organisation.add_argument("--seed", type=int, default=_DEFAULT.seed)
    organisation.add_argument(
        "--origin", type=instant, help="instant its clock shows at the epoch (default: real time)"
    )
    organisation.add_argument(
        "--epoch", type=float, help="unix seconds at which it shows the origin (default: the start)"
    )
    organisation.add_argument("--speed", type=float, default=_DEFAULT.speed)
    organisation.add_argument("--rate", type=int, default=_DEFAULT.rate_per_day, help="conversations of a working day")
    organisation.add_argument("--visibility-median", type=span, default=_DEFAULT.visibility_median)
    organisation.add_argument("--visibility-tail", type=span, default=_DEFAULT.visibility_tail)
    organisation.add_argument("--visibility-tail-probability", type=float, default=_DEFAULT.visibility_tail_probability)
    organisation.add_argument(
        "--poison", type=float, default=_DEFAULT.poison_probability, help="probability of a bad record"
    )
    organisation.add_argument("--oddities", type=float, default=_DEFAULT.oddity_probability)
    organisation.add_argument("--huge", type=float, default=_DEFAULT.huge_probability)

    organisation.add_argument(
        "--cache-mib", type=int, default=256, help="contents kept in memory (default %(default)s)"
    )

    client = parser.add_argument_group("the client and its limits")
    client.add_argument("--client-id", default=_DEFAULT.client_id)
    client.add_argument("--client-secret-file", type=Path, help="(default: the secret is simulator-secret)")
    client.add_argument("--token-lifetime", type=span, default=_DEFAULT.token_lifetime)
    client.add_argument("--limit", type=int, default=_DEFAULT.limit_per_minute, help="requests per token and minute")
    client.add_argument("--limit-window", choices=("fixed", "sliding"), default=_DEFAULT.limit_window)
    client.add_argument("--other-client-share", type=float, default=_DEFAULT.other_client_share)
    client.add_argument("--rate-headers", action="store_true")
    client.add_argument("--max-page-size", type=int, default=_DEFAULT.max_page_size)
    client.add_argument(
        "--no-permission", action="store_true", help="the client lacks the permission for conversations"
    )
    client.add_argument(
        "--fault",
        type=Fault.parse,
        action="append",
        default=[],
        metavar="kind=KIND[,path=PART,probability=P,times=N,skip=N,retry_after=S,seconds=S]",
        help=f"may be given several times; kinds: {', '.join(Trouble)}",
    )


def options_of(arguments: argparse.Namespace) -> SimulatorOptions:
    """The options that the arguments ask for. Raises ValueError or OSError."""
    secret = _DEFAULT.client_secret
    if arguments.client_secret_file is not None:
        secret = arguments.client_secret_file.read_text().strip()
    return SimulatorOptions(
        host=arguments.host,
        port=arguments.port,
        client_id=arguments.client_id,
        client_secret=secret,
        token_lifetime=arguments.token_lifetime,
        seed=arguments.seed,
        origin=arguments.origin,
        epoch=arguments.epoch,
        speed=arguments.speed,
        rate_per_day=arguments.rate,
        visibility_median=arguments.visibility_median,
        visibility_tail=arguments.visibility_tail,
        visibility_tail_probability=arguments.visibility_tail_probability,
        poison_probability=arguments.poison,
        oddity_probability=arguments.oddities,
        huge_probability=arguments.huge,
        limit_per_minute=arguments.limit,
        limit_window=arguments.limit_window,
        other_client_share=arguments.other_client_share,
        rate_headers=arguments.rate_headers,
        max_page_size=arguments.max_page_size,
        permission=not arguments.no_permission,
        latency=arguments.latency,
        latency_jitter=arguments.latency_jitter,
        gzip=arguments.gzip,
        faults=tuple(arguments.fault),
        cassette=arguments.cassette,
        content_cache_bytes=arguments.cache_mib * 1024 * 1024,
    )


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


def instant(text: str) -> datetime:
    """Read an ISO instant with an offset or Z. Raises ValueError."""
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError(f"{text} must carry an offset, for example 2026-03-10T10:00:00Z")
    return read
