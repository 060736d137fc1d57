"""`run`: the daemon. It ends when it is told to, never because credentials, broker or permissions are wrong."""

from __future__ import annotations

import argparse
import asyncio
import gc
from collections.abc import Callable

from producer.app import Daemon
from producer.commands.config import add_config_option
from producer.errors import ConfigurationError
from producer.settings import load

_QUIET_COLLECTOR = 50_000  # objects made between two collections


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the daemon until it is told to stop; returns its exit code. Raises ConfigurationError."""
    refuse_without_asserts()
    settings = load(arguments.config)
    quiet_collector()
    with asyncio.Runner(loop_factory=fastest_loop()) as runner:
        return runner.run(Daemon(settings=settings).run())


def refuse_without_asserts() -> None:
    """Never run with `-O`: aiokafka checks the state of a transaction by assert. Raises ConfigurationError."""
    if not __debug__:
        raise ConfigurationError(
            "Python runs with -O or PYTHONOPTIMIZE, which removes checks that exactly-once rests on; start it without"
        )


def quiet_collector() -> None:
    """Keep the garbage collector from looking at everything again and again: records make no cycles."""
    gc.freeze()
    gc.set_threshold(_QUIET_COLLECTOR, 50, 100)


def fastest_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    """The event loop of uvloop where that extra is installed, else asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415 - an extra
    except ImportError:
        return asyncio.new_event_loop
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
