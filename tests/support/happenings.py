"""One event of every kind, with a text of the test's choice wherever a text from outside can stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from producer import events
from producer.model.checkpoint import Checkpoint, Published
from producer.model.coverage import Coverage, Hole, Loss
from producer.model.outcome import Drift
from producer.model.reads import Read, ReadEnd, ReadKind, Verdict
from producer.model.windows import Slice, Window

NOON = datetime(2025, 3, 10, 12, tzinfo=UTC)
WINDOW = Window(NOON - timedelta(minutes=15), NOON)
SECOND = timedelta(seconds=1)


def read(request_id: str = "r-1") -> Read:
    """The head's read of the quarter of an hour before noon."""
    return Read(request_id=request_id, kind=ReadKind.HEAD, slice=Slice(window=WINDOW))


def reread(tier: int, request_id: str = "r-1") -> Read:
    """The same window, read again by a tier."""
    return Read(request_id=request_id, kind=ReadKind.REREAD, slice=Slice(window=WINDOW), tier=tier, satisfies=tier)


def read_end(*, unread: str | None = None) -> ReadEnd:
    """Two pages with 120 conversations, as announced."""
    return ReadEnd(
        verdict=Verdict.COMPLETE,
        pages=2,
        filled=2,
        attempts=3,
        unique=120,
        repeated=0,
        first_hits=120,
        last_hits=120,
        unread=unread,
    )


def hole(reason: str = "400 bad.request") -> Hole:
    """An hour before noon that could not be read."""
    return Hole(
        start=NOON - timedelta(hours=2),
        end=NOON - timedelta(hours=1),
        tier=0,
        reason=reason,
        attempts=1,
        opened_at=NOON,
    )


def checkpoint(reason: str = "400 bad.request") -> Checkpoint:
    """A day of capture, read up to noon with one hole and one accepted loss."""
    since = NOON - timedelta(days=1)
    loss = Loss(start=since, end=since + SECOND, tier=0, reason=reason, accepted_at=NOON)
    return Checkpoint(
        source="default",
        capture_start=since,
        coverage=Coverage(since=since, watermarks=(NOON,), holes=(hole(reason),), losses=(loss,)),
        published=Published(head=hole().start, final=hole().start),
        horizon_day=20_000,
    )


def one_of_each(text: str) -> tuple[events.Event, ...]:
    """Every kind of event, in an order in which they may come."""
    source = "default"
    return (
        events.ServiceStarted(run_id=text, version=text, settings={"kafka.bootstrap_servers": text}),
        events.StopRequested(signal=text),
        events.ServiceStopped(run_id=text, exit_code=0),
        events.LoopLagMeasured(lag=2 * SECOND),
        events.RequestFinished(
            source=source,
            endpoint=text,
            status=500,
            took=SECOND,
            request_id=text,
            correlation_id=text,
            code=text,
            failure=text,
        ),
        events.RequestRetried(
            source=source, endpoint=text, reason=text, attempt=1, wait=SECOND, request_id=text, message=text
        ),
        events.RateLimitHit(source=source, wait=SECOND, learned=200, request_id=text),
        events.LimiterMeasured(source=source, cap=270, learned=200, used=30),
        events.BudgetShared(source=source, read="head", share=0.8),
        events.NamesUnavailable(
            source=source,
            kind="queue",
            reason="PermissionMissing",
            message=text,
            what_to_do="x",
            wait=60 * SECOND,
            correlation_id=text,
        ),
        events.NamesAvailable(source=source, kind="queue"),
        events.NamesMeasured(source=source, known=40, unknown=2, wanted=3),
        events.WatchMeasured(source=source, watched=120, open=340, lateness=90 * SECOND),
        events.OrganisationUnverified(source=source, expected=text),
        events.TokenRefreshed(source=source, expires_at=NOON),
        events.TokenRefused(source=source, reason=text),
        events.BreakerChanged(source=source, state="open", reason=text),
        events.ClockSkewMeasured(source=source, skew=timedelta(minutes=1)),
        events.ReadStarted(source=source, read=read(text)),
        events.PageFetched(source=source, read=read(text), number=1, conversations=100, size=900_000),
        events.WindowSplit(source=source, read=read(text), hits=20_000, parts=(Slice(window=WINDOW),)),
        events.ReadCompleted(source=source, read=read(text), end=read_end(unread=text), took=3 * SECOND, records=120),
        events.ReadFailed(
            source=source,
            read=read(text),
            error=text,
            message=text,
            what_to_do=text,
            correlation_id=text,
            hole=True,
        ),
        events.SourceBlocked(source=source, reason=text, message=text, what_to_do=text, wait=SECOND),
        events.SourceRecovered(source="elsewhere"),
        events.PageCompared(
            source=source,
            read=read(text),
            number=1,
            new=60,
            changed=30,
            unchanged=20,
            stale=4,
            regressed=3,
            dead_letters={text: 3},
            freshness=(35.0, 42.0),
            drift=(Drift(text, text),),
        ),
        events.SchemaDrifted(source=source, read=read(text), paths=(text,)),
        events.ConversationDeadLettered(
            source=source, read=read(text), conversation_id=text, reason=text, path=text, message=text
        ),
        events.ConversationMalformed(
            source=source, read=read(text), conversation_id=text, reason=text, path=text, message=text
        ),
        events.BatchCommitted(source=source, records=150, took=SECOND, checkpoint=checkpoint(text), tracked=999),
        events.CommitDelayed(source=source, waited=SECOND),
        events.BatchDiscarded(source=source, reason=text, message=text, what_to_do=text),
        events.LaneFenced(source=source, message=text),
        events.SinkBlocked(source=source, reason=text, message=text, what_to_do=text, wait=SECOND),
        events.LaneRestored(source="elsewhere", took=SECOND, conversations=999, checkpoint=checkpoint(text)),
        events.HoleOpened(source=source, hole=hole(text)),
        events.HoleClosed(source=source, hole=hole(text), closed=hole(text).interval),
        events.CoverageMeasured(
            source=source,
            head=NOON - timedelta(hours=2),
            final=NOON - timedelta(hours=2),
            uncovered=timedelta(hours=1),
            holes=(hole(text),),
            clock=NOON,
        ),
        events.WebhookDelivered(source=source, delivery_id=text, about=text, attempts=2, age=SECOND),
        events.WebhookRetried(
            source=source, delivery_id=text, about=text, reason=text, message=text, attempt=1, wait=SECOND
        ),
        events.WebhookGivenUp(source=source, delivery_id=text, about=text, reason=text, message=text),
        events.WebhookNotKept(source=source, message=text, what_to_do=text),
    )
