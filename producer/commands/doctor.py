"""`doctor`: every prerequisite of the daemon, by name, with its cure. It changes nothing, also beside a daemon."""

from __future__ import annotations

import argparse
import asyncio
import logging

from producer.commands.config import add_config_option
from producer.doctor.examination import examine
from producer.doctor.report import as_json, as_text
from producer.doctor.results import all_well

FOUND_A_PROBLEM = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config_option(parser)
    parser.add_argument("--output", choices=("text", "json"), default="text", help="json for programs")


def run(arguments: argparse.Namespace) -> int:
    """Print the results; returns 1 when one has failed. Warnings do not fail."""
    logging.getLogger().addHandler(logging.NullHandler())  # what libraries log is in the findings, where it matters
    results = asyncio.run(examine(arguments.config))
    print(as_json(results) if arguments.output == "json" else as_text(results))
    return 0 if all_well(results) else FOUND_A_PROBLEM
