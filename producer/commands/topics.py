"""`topics create`: makes the topics that are missing, as declared; those that exist are left as they are.
`topics check`: says how the topics that are there differ from what is declared.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from producer.commands.config import add_config_option
from producer.kafka.options import KafkaOptions
from producer.kafka.topics import Difference, TopicReport, check, create
from producer.options import kafka_options
from producer.settings import load

DIFFERENT = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    making = actions.add_parser("create", help="make the topics that are missing")
    add_config_option(making)
    checking = actions.add_parser("check", help="compare the topics with what is declared; 1 when they differ")
    add_config_option(checking)
    checking.add_argument("--output", choices=("text", "json"), default="text", help="json for programs")


def run(arguments: argparse.Namespace) -> int:
    """Do one of the actions and return the exit code. Raises ConfigurationError, SinkUnavailable, SinkRefused."""
    options = kafka_options(load(arguments.config, needs=("kafka",)))
    if arguments.action == "create":
        return _create(options)
    report = asyncio.run(check(options))
    print(as_json(options, report) if arguments.output == "json" else "\n".join(lines_of(options, report)))
    return DIFFERENT if report.differences else 0


def _create(options: KafkaOptions) -> int:
    made = asyncio.run(create(options))
    for name in options.topics.values():
        print(f"{'created' if name in made else 'exists '}  {name}")
    return 0


def as_json(options: KafkaOptions, report: TopicReport) -> str:
    """`ok`, the topics that were looked at, and the differences with what to do about each."""
    differences = [asdict(difference) for difference in report.differences]
    topics = list(options.topics.values())
    return json.dumps({"ok": not differences, "topics": topics, "differences": differences}, indent=2)


def lines_of(options: KafkaOptions, report: TopicReport) -> Iterator[str]:
    """A line for each topic; below one that differs a table of what is declared and what was found."""
    for name in options.topics.values():
        own = [each for each in report.differences if each.topic == name]
        yield f"{'differs' if own else 'ok     '}  {name}"
        yield from _table(own)


def _table(differences: Sequence[Difference]) -> Iterator[str]:
    if not differences:
        return
    rows = [("", "declared", "found"), *((each.subject, each.declared, each.found) for each in differences)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "         " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
    for cure in dict.fromkeys(each.what_to_do for each in differences):
        yield f"         what to do: {cure}"
