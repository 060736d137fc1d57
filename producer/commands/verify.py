"""`verify`: whether the topics hold what they announce. It changes nothing, also beside a daemon that goes on."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from dataclasses import replace
from datetime import UTC, datetime

from producer import errors
from producer.app import source_of
from producer.commands.config import add_config_option
from producer.genesys.limiter import LimiterPolicy
from producer.genesys.source import GenesysSource
from producer.genesys.token_source import TokenSource
from producer.model.windows import Interval
from producer.options import SOURCE, client_options, clock_of, kafka_options
from producer.settings import Settings, load
from producer.verify.again import Question
from producer.verify.progress import Progress
from producer.verify.report import as_json, as_text
from producer.verify.verification import Task, verify

FOUND_A_PROBLEM = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config_option(parser)
    parser.add_argument("--output", choices=("text", "json"), default="text", help="json for programs")
    parser.add_argument(
        "--contents",
        choices=("all", "none"),
        default="all",
        help="none: do not put contents together again, which is most of the work (default %(default)s)",
    )
    again = parser.add_argument_group("asking the API again", "with a client of its own, beside the daemon's")
    again.add_argument("--source", action="store_true", help="compare with what Genesys Cloud says now, by a sample")
    again.add_argument("--sample", type=int, default=100, metavar="N", help="how many ids (default %(default)s)")
    again.add_argument("--seed", type=int, default=0, metavar="N", help="which ones (default %(default)s)")
    again.add_argument("--from", dest="since", type=instant, metavar="INSTANT", help="a window in place of a sample")
    again.add_argument("--to", dest="until", type=instant, metavar="INSTANT", help="where the window ends")
    again.add_argument(
        "--requests-per-minute",
        type=int,
        default=30,
        metavar="N",
        help="a part of the limit that the daemon spends too, and knows nothing of: keep it below limits.headroom"
        " (default %(default)s, which is 10 %% of 300)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the report; returns 1 when something is wrong.

    Raises ConfigurationError, UsageError, SinkError, SourceError, PrerequisiteMissing.
    """
    logging.getLogger().addHandler(logging.NullHandler())  # what libraries log is in the errors, where it matters
    question = question_of(arguments)
    settings = load(arguments.config, needs=("kafka",) if question is None else ("genesys", "kafka"))
    refuse_sample(question, settings.genesys.dialect)
    task = Task(
        dialect=settings.genesys.dialect,
        kafka=kafka_options(settings),
        whole=arguments.contents == "all",
        question=question,
        source=sparing_source(settings, arguments.requests_per_minute) if question is not None else None,
        source_name=SOURCE,
    )
    report = asyncio.run(verify(task, Progress(sys.stderr)))
    print(as_json(report) if arguments.output == "json" else as_text(report))
    return 0 if report.ok else FOUND_A_PROBLEM


def instant(text: str) -> datetime:
    """An instant of the command line, whole milliseconds; without an offset it is UTC. Raises ValueError."""
    read = datetime.fromisoformat(text)
    aware = read if read.tzinfo else read.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(microsecond=aware.microsecond // 1_000 * 1_000)


def question_of(arguments: argparse.Namespace) -> Question | None:
    """What to ask the API again. Raises UsageError."""
    window = (arguments.since, arguments.until)
    if not arguments.source:
        if any(window):
            raise errors.UsageError("--from and --to are of --source")
        return None
    if arguments.sample < 1 or arguments.requests_per_minute < 1:
        raise errors.UsageError("--sample and --requests-per-minute must be at least 1")
    if not any(window):
        return Question(size=arguments.sample, seed=arguments.seed)
    if None in window or arguments.since >= arguments.until:
        raise errors.UsageError("--from and --to belong together, the earlier first")
    return Question(window=Interval(*window))


def refuse_sample(question: Question | None, dialect: str) -> None:
    """A gateway of the token dialect is asked by interaction ids, records have ids of their own. Raises UsageError."""
    if question is not None and question.window is None and dialect == "token":
        raise errors.UsageError("a gateway of the token dialect can't be asked for a sample: give --from and --to")


def sparing_source(settings: Settings, requests_per_minute: int) -> GenesysSource | TokenSource:
    """The organisation, asked one request at a time and no more than so often. Raises ConfigurationError."""
    options = replace(
        client_options(settings),
        concurrency=1,
        limiter=LimiterPolicy(requests_per_minute=requests_per_minute, headroom=0),
    )
    return source_of(settings, clock_of(settings), options=options)
