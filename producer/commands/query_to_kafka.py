"""`query --to-kafka`: one extraction onto the configured topics, with the guarantees of the daemon, in its place."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from producer import errors
from producer.app import Daemon, form_of, new_id, source_of, the_one
from producer.clock import real_now
from producer.encoding.schemas import Schemas, Subject
from producer.events import Event, PageCompared, PageFetched, RequestFinished
from producer.extraction.choice import choice_of, chooses
from producer.extraction.onto_lane import LaneExtraction
from producer.extraction.query import Asked, Query
from producer.extraction.result import ExtractionEnded, Tally, end_of
from producer.extraction.rules import asked_for
from producer.extraction.selecting import SelectingSource
from producer.kafka.partitioner import partition_of
from producer.kafka.signs import last_written
from producer.model.instants import from_millis
from producer.options import SOURCE, clock_of, kafka_options
from producer.ports import Source
from producer.settings import Settings
from producer.transform.normalize import Detail
from producer.verify.progress import Progress

QUIET_FOR = timedelta(minutes=1)
"""How long a lane must not have been written to (real time) before it is taken, and four polls at least."""


NO_READS = ("token", "organisation")
"""Requests that bring no page and ask for none."""


class Counted:
    """What came of the pages that are committed; it is the listener of the lane."""

    def __init__(self, progress: Progress, began: datetime) -> None:
        self.of: Counter[str] = Counter()
        self.tally = Tally(began=began)
        self._progress = progress

    def observe(self, event: Event) -> None:
        """Count requests, pages, and what became of the pages that are committed."""
        match event:
            case RequestFinished(endpoint=endpoint) if endpoint not in NO_READS:
                self.tally.attempts += 1
            case PageFetched(conversations=conversations):
                self.tally.pages += 1
                self.tally.filled += bool(conversations)
            case PageCompared():
                self._compared(event)

    def _compared(self, event: PageCompared) -> None:
        sent = event.new + event.changed
        known, dead = event.unchanged + event.stale + event.regressed, sum(event.dead_letters.values())
        self.tally.records += sent
        self.of.update({"sent": sent, "known": known, "dead letters": dead})
        self._progress.advance(sent + known + dead)

    def learn_secret(self, secret: str) -> None:
        """Nothing is logged here."""


async def extract(
    settings: Settings,
    query: Query,
    progress: Progress,
    *,
    take_over: bool,
    finished: Callable[[ExtractionEnded], None] = lambda _: None,
) -> None:
    """Extract onto the topics and say what came of it. `finished` is told the end of what was begun.

    Raises QueryRefused, UsageError, LaneInUse, SinkError, SourceError.
    """
    clock = clock_of(settings)
    asked = asked_for(
        query, now=clock.now(), retention_days=settings.genesys.retention_days, dialect=settings.genesys.dialect
    )
    refuse_selection_by_id(asked)
    if not take_over:
        await refuse_beside_daemon(settings)
    run_id, counted, failure = new_id(), Counted(progress, clock.now()), None
    try:
        async with source_of(settings, clock, observe=counted.observe) as source:
            lane = Daemon(settings=settings).lane(selecting(settings, source, asked), clock, counted, run_id)
            await LaneExtraction(lane=lane, kafka=kafka_options(settings), asked=asked, progress=progress).run()
    except BaseException as error:  # noqa: BLE001 - raised again, without the group around it
        failure = the_one(error) if isinstance(error, Exception) else error
        raise failure from None
    finally:
        progress.end()
        said = ", ".join(f"{counted.of[name]:,} {name}" for name in ("sent", "known", "dead letters"))
        print(f"onto {settings.kafka.topics.prefix}: {said}", file=sys.stderr)
        finished(end_of(run_id, counted.tally, clock.now(), failure))


def refuse_selection_by_id(asked: Asked) -> None:
    """By id everything that is there is sent: what was left out would look absent to the lane. Raises UsageError."""
    if asked.interaction_ids and (asked.interval or asked.participant_ids or str(asked.selection)):
        raise errors.UsageError("--to-kafka with --interaction-id takes no other filter and no range")


def selecting(settings: Settings, source: Source, asked: Asked) -> Source:
    """The source, without what was not asked for."""
    if asked.interaction_ids or not chooses(asked):
        return source
    form = form_of(settings, Schemas.shipped().latest(Subject.CONVERSATION), Detail.FULL)
    return SelectingSource(source=source, form=form, chosen=choice_of(asked))


async def refuse_beside_daemon(settings: Settings) -> None:
    """Leave a lane alone that is written to: a daemon commits with every poll. Raises LaneInUse, SinkError."""
    options = kafka_options(settings)
    written = await last_written(options, partition_of(SOURCE.encode(), options.lanes))
    quiet = max(QUIET_FOR, 4 * settings.capture.poll_interval)
    if written is not None and (since := real_now() - from_millis(written)) < quiet:
        raise errors.LaneInUse(
            f"the state of source {SOURCE} was written to {since.total_seconds():.0f} s ago; it is taken over when that"
            f" is {quiet.total_seconds():.0f} s ago"
        )
