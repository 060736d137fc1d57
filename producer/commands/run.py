"""`run`: the daemon. It ends when it is told to, never because credentials, broker or permissions are wrong."""

from __future__ import annotations

import argparse
import asyncio
import gc
from collections.abc import Callable

from producer.app import Daemon
from producer.commands.config import add_config_option
from producer.settings import load

_QUIET_COLLECTOR = 50_000  # allocations between collections: records make no cycles, and each collection looks at all


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the daemon until it is told to stop; returns its exit code. Raises ConfigurationError."""
    settings = load(arguments.config)
    gc.freeze()
    gc.set_threshold(_QUIET_COLLECTOR, 50, 100)
    with asyncio.Runner(loop_factory=fastest_loop()) as runner:
        return runner.run(Daemon(settings=settings).run())


def fastest_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    """The event loop of uvloop where that extra is installed, else asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415 - an extra
    except ImportError:
        return asyncio.new_event_loop
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
