"""The command line: which command there is, and how its failures end.

Exit codes: 0 ok, 1 found a problem, 64 usage, 69 unavailable, 70 internal error, 75 temporary, 78 configuration,
130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import NoReturn

from producer import errors

USAGE = errors.UsageError.exit_code
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Command:
    """A command: the module that implements it, imported only when it is asked for, and what it is for."""

    module: str
    summary: str


COMMANDS = {
    "run": Command("producer.commands.run", "the daemon: capture conversations until told to stop"),
    "demo": Command("producer.dev.demo", "simulator, local Kafka and daemon together, live; nothing to configure"),
    "simulate": Command("producer.simulator.command", "the simulated Genesys Cloud organisation alone"),
    "doctor": Command("producer.commands.doctor", "every prerequisite of the daemon, by name, with its cure"),
    "plan": Command("producer.commands.plan", "what a day, or a range of time, costs in requests and minutes"),
    "query": Command("producer.commands.query", "extract conversations to a file, to stdout, or onto the topics"),
    "verify": Command(
        "producer.commands.verify", "whether the topics hold all that they announce, each once, in order"
    ),
    "tail": Command("producer.commands.tail", "decode the records of a topic"),
    "topics": Command("producer.commands.topics", "create the topics, or compare them with what is declared"),
    "config": Command("producer.commands.config", "check, show or describe the settings"),
    "state": Command("producer.commands.state", "show what the state topic remembers"),
    "status": Command("producer.commands.status", "what a running daemon says of itself"),
}


class _Parser(argparse.ArgumentParser):
    """Argparse with the exit code that sysexits.h gives to usage errors."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        arguments = _parser(words).parse_args(words)
        code: int = arguments.run(arguments)
    except errors.ProducerError as error:
        print(f"{type(error).__name__}: {error}\n  what to do: {error.what_to_do}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception:  # noqa: BLE001 - the last door: what nobody foresaw is shown whole and has its own exit code
        traceback.print_exc()
        return errors.ProducerError.exit_code
    return code


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser; only the command that is named gets its arguments (and its imports)."""
    parser = _Parser(
        prog="genesys-producer",
        description="Takes every conversation out of Genesys Cloud and puts it onto Kafka, exactly once.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {version('genesys-producer')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    named = next((word for word in words if not word.startswith("-")), None)
    for name, command in COMMANDS.items():
        own = commands.add_parser(name, help=command.summary, description=command.summary)
        if name == named:
            module = importlib.import_module(command.module)
            module.configure(own)
            own.set_defaults(run=module.run)
    return parser
