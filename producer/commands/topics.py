"""`topics create`: makes the topics that are missing, as declared; those that exist are left as they are."""

from __future__ import annotations

import argparse
import asyncio

from producer.app import kafka_options
from producer.commands.config import add_config_option
from producer.kafka.topics import create
from producer.settings import load


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    making = actions.add_parser("create", help="make the topics that are missing")
    add_config_option(making)


def run(arguments: argparse.Namespace) -> int:
    """Make the topics and name them. Raises ConfigurationError, SinkUnavailable, SinkRefused."""
    options = kafka_options(load(arguments.config, needs=("kafka",)))
    made = asyncio.run(create(options))
    for name in options.topics.values():
        print(f"{'created' if name in made else 'exists '}  {name}")
    return 0
