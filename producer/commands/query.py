"""`query`: one extraction to a file or to stdout, without Kafka; or with `--to-kafka` onto the configured topics.

What is said of the way goes to stderr, the records to stdout. Exit codes: 0 all of it, 64 the query is refused, 69 and
75 the source (or Kafka) did not answer it: what was written until then is right, and not all.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import sys
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO

from producer import errors
from producer.app import webhook_of
from producer.commands.config import add_config_option
from producer.commands.query_to_kafka import extract
from producer.encoding.schemas import Schemas, Subject
from producer.events import ConversationMalformed, Event, WebhookGivenUp, WebhookNotKept
from producer.extraction.formats import FORMATS, Write
from producer.extraction.query import LARGEST_SIZE, ChannelType, Query
from producer.extraction.result import Metrics
from producer.extraction.rules import FURTHEST_END, asked_for
from producer.library import ConversationRetriever
from producer.options import clock_of
from producer.settings import Settings, load
from producer.verify.progress import Progress

STDOUT = Path("-")
PARTIAL = ".partial"
"""What a file is called until the extraction is complete."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config_option(parser)
    asked = parser.add_argument_group("what to extract", "at least one of the filters; each may be repeated")
    for name, what in (
        ("interaction", "conversations by id, at any time"),
        ("participant", "with this participant (the API can't ask for it: the whole range is read)"),
        ("user", "with this user"),
        ("queue", "through this queue"),
        ("external-contact", "with this external contact"),
    ):
        asked.add_argument(f"--{name}-id", action="append", default=[], metavar="UUID", help=what)
    channels = ", ".join(ChannelType)
    asked.add_argument("--channel", action="append", default=[], metavar="TYPE", help=f"one of {channels}")
    asked.add_argument("--from", dest="start", metavar="INSTANT", help="ISO 8601 with an offset: lived at or after it")
    hours = FURTHEST_END.total_seconds() / 3_600
    asked.add_argument("--to", dest="end", metavar="INSTANT", help=f"and before it; at most {hours:.0f} h ahead")
    asked.add_argument(
        "--size", type=int, default=LARGEST_SIZE, metavar="N", help="records at once (default %(default)s)"
    )
    to = parser.add_argument_group("where to")
    to.add_argument(
        "--format", choices=tuple(FORMATS), default="ndjson", help="(default %(default)s); csv: the head only"
    )
    to.add_argument("--output", type=Path, default=STDOUT, metavar="FILE", help="- is stdout (default)")
    to.add_argument("--to-kafka", action="store_true", help="onto the topics, exactly once, while no daemon runs")
    to.add_argument("--take-over", action="store_true", help="with --to-kafka: although a daemon seems to run")


def run(arguments: argparse.Namespace) -> int:
    """Extract. Raises UsageError, ConfigurationError, SourceError, SinkError, PrerequisiteMissing."""
    logging.getLogger().addHandler(logging.NullHandler())  # what libraries log is in the errors, where it matters
    query = query_of(arguments)
    if arguments.to_kafka:
        if arguments.output != STDOUT or arguments.format != "ndjson":
            raise errors.UsageError("--to-kafka writes to the topics: it takes neither --output nor --format")
        asyncio.run(_onto_topics(load(arguments.config), query, take_over=arguments.take_over))
        return 0
    if arguments.take_over:
        raise errors.UsageError("--take-over goes with --to-kafka")
    settings = load(arguments.config, needs=("genesys",))
    asked_for(
        query,
        now=clock_of(settings).now(),
        retention_days=settings.genesys.retention_days,
        dialect=settings.genesys.dialect,
    )
    with _opened(arguments.output) as file:
        write = FORMATS[arguments.format](file, Schemas.shipped().latest(Subject.CONVERSATION))
        asyncio.run(_extract(settings, query, write, Progress(sys.stderr)))
    return 0


def query_of(arguments: argparse.Namespace) -> Query:
    """What the command line asks for; it is not checked yet."""
    return Query(
        interaction_ids=tuple(arguments.interaction_id),
        participant_ids=tuple(arguments.participant_id),
        channel_types=tuple(arguments.channel),
        user_ids=tuple(arguments.user_id),
        queue_ids=tuple(arguments.queue_id),
        external_contact_ids=tuple(arguments.external_contact_id),
        start_time=arguments.start,
        end_time=arguments.end,
        size=arguments.size,
    )


async def _onto_topics(settings: Settings, query: Query, *, take_over: bool) -> None:
    async with webhook_of(settings, clock=clock_of(settings), observe=_tell_webhook) as webhook:
        await extract(settings, query, Progress(sys.stderr), take_over=take_over, finished=webhook.finished)


async def _extract(settings: Settings, query: Query, write: Write, progress: Progress) -> None:
    def observe(event: Event) -> None:
        """Malformed conversations are told one by one: they are not in the output."""
        if isinstance(event, ConversationMalformed):
            progress.end()
            name = event.conversation_id or "without an id"
            print(f"left out: conversation {name} ({event.reason} at {event.path})", file=sys.stderr)

    progress.begin("records")
    async with webhook_of(settings, clock=clock_of(settings), observe=_tell_webhook) as webhook:
        retriever = ConversationRetriever(settings, finished=webhook.finished, observe=observe)
        try:
            async with aclosing(retriever.execute(query)) as chunks:
                async for chunk in chunks:
                    write(chunk)
                    progress.advance(len(chunk))
        finally:
            progress.end()
            _say(retriever.metrics)


def _tell_webhook(event: Event) -> None:
    """What the receiver of the webhook will not be told any more."""
    if isinstance(event, WebhookGivenUp | WebhookNotKept):
        print(f"webhook: {event.message}", file=sys.stderr)


def _say(found: Metrics | None) -> None:
    """What came of it, for people."""
    if found is None:
        return
    rate = "" if found.pagination_success_rate is None else f", {found.pagination_success_rate:.0%} of requests"
    told = f"{found.total_records_extracted:,} records of {found.total_pages_fetched:,} pages"
    print(f"{told} in {found.total_latency_ms / 1_000:,.1f} s{rate} gave conversations", file=sys.stderr)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The output; a file gets its name when all is in it, and is called FILE.partial until then."""
    if path == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = path.with_name(path.name + PARTIAL)
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(path)
    except OSError as error:
        raise errors.PrerequisiteMissing(f"--output: {path} can't be written: {error.strerror}") from error
