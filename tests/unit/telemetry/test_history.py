from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from producer import events
from producer.model.windows import Slice
from producer.telemetry.history import MOST_ERRORS, MOST_HOLES, MOST_SOURCES, History
from producer.telemetry.read_rows import MOST_OPEN_READS, MOST_READS
from producer.telemetry.snapshot import BudgetRow, ErrorRow, LaneRow, ReadRow, ReceiptRow, Snapshot, SourceStatus
from tests.support import happenings
from tests.support.happenings import NOON, SECOND, checkpoint, hole, one_of_each, read, read_end

SOURCE = "default"
WINDOW = "2025-03-10T11:45:00.000Z/2025-03-10T12:00:00.000Z"
OPEN = ReadRow(source=SOURCE, request_id="r-1", kind="head", window=WINDOW, began_at=NOON)


def after(*told: events.Event, sources: tuple[str, ...] = (SOURCE,)) -> Snapshot:
    history = History(now=lambda: NOON, version="1.2.3", sources=sources)
    for event in told:
        history.observe(event)
    return history.snapshot(())


def status_after(*told: events.Event) -> SourceStatus:
    (status,) = after(*told).sources
    return status


def test_at_the_start_it_knows_the_sources_and_nothing_else() -> None:
    assert after() == Snapshot(
        at=NOON,
        version="1.2.3",
        run_id="",
        started_at=None,
        ready=True,
        reasons=(),
        sources=(SourceStatus(source=SOURCE),),
        reads=(),
        errors=(),
    )


def test_it_knows_the_run() -> None:
    snapshot = after(events.ServiceStarted(run_id="run-1", version="1.2.3", settings={}))
    assert (snapshot.run_id, snapshot.started_at) == ("run-1", NOON)


def test_where_a_source_stands() -> None:
    told = [event for event in one_of_each("x") if not isinstance(event, events.LaneRestored)]
    point = checkpoint("x")
    assert status_after(*told) == SourceStatus(
        source=SOURCE,
        since=point.coverage.since,
        covered_to=NOON,
        head=NOON - timedelta(hours=2),
        final=NOON - timedelta(hours=2),
        uncovered=timedelta(hours=1),
        holes=(hole("x"),),
        holes_in_all=1,
        losses=point.coverage.losses,
        cap=270,
        learned=200,
        used=30,
        rate_limited=1,
        breaker="open",
        token_expires_at=NOON,
        budget=(BudgetRow(read="head", asked=1, share=0.8),),
        tracked=999,
        open=340,
        watched=120,
        watch_lateness=90 * SECOND,
        new=60,
        changed=30,
        unchanged=20,
        stale=4,
        regressed=3,
        dead_letters=3,
        deliveries_taken=1,
        deliveries_given_up=1,
        receipt=ReceiptRow(at=NOON, records=150, took=SECOND),
        lane=LaneRow(owned_since=None),
    )


def test_a_page_of_names_that_came_counts_for_the_directory() -> None:
    def answered(endpoint: str, status: int | None) -> events.RequestFinished:
        return events.RequestFinished(source=SOURCE, endpoint=endpoint, status=status, took=SECOND, request_id="r")

    asked = [
        answered("directory", 200),
        answered("directory", 503),
        answered("directory", None),
        answered("query", 200),
    ]
    assert status_after(*asked).budget == (BudgetRow(read="directory", asked=1, share=0.0),)


def test_uncovered_time_grows_with_the_clock_although_nothing_measures_it() -> None:
    history = History(now=lambda: NOON + timedelta(minutes=1), version="1", sources=("default",))
    history.observe(
        events.CoverageMeasured(source="default", head=NOON, final=NOON, uncovered=SECOND, holes=(), clock=NOON)
    )
    assert history.snapshot(()).sources[0].uncovered == timedelta(seconds=61)


def test_a_restored_lane_tells_where_it_stood() -> None:
    point = checkpoint()
    restored = events.LaneRestored(source=SOURCE, took=SECOND, conversations=7, checkpoint=point)
    assert status_after(restored) == SourceStatus(
        source=SOURCE,
        since=point.coverage.since,
        covered_to=NOON,
        head=point.published.head,
        final=point.published.final,
        losses=point.coverage.losses,
        tracked=7,
        lane=LaneRow(owned_since=NOON, conversations=7, took=SECOND),
    )


def test_a_lane_restored_for_the_first_time_tells_only_that() -> None:
    restored = events.LaneRestored(took=SECOND, conversations=0, checkpoint=None)
    lane = LaneRow(owned_since=NOON, conversations=0, took=SECOND)
    assert status_after(restored) == SourceStatus(source=SOURCE, lane=lane)


def test_a_lane_that_another_instance_took_is_not_ours() -> None:
    restored = events.LaneRestored(took=SECOND, conversations=0, checkpoint=None)
    assert status_after(restored, events.LaneFenced(message="x")).lane == LaneRow(owned_since=None)


def test_a_read_from_its_beginning_to_its_end() -> None:
    began = events.ReadStarted(source=SOURCE, read=read())
    page = events.PageFetched(source=SOURCE, read=read(), number=1, conversations=100, size=9)
    ended = events.ReadCompleted(source=SOURCE, read=read(), end=read_end(), took=3 * SECOND, records=118)
    assert after(began).reads == (OPEN,)
    assert after(began, page).reads == (replace(OPEN, pages=1),)
    assert after(began, page, ended).reads == (
        replace(OPEN, verdict="complete", took=3 * SECOND, hits=120, unique=120, pages=2, records=118),
    )


def test_the_other_ends_of_a_read() -> None:
    began = events.ReadStarted(source=SOURCE, read=read())
    failed = events.ReadFailed(
        source=SOURCE, read=read(), error="WindowRefused", message="m", what_to_do="w", hole=True
    )
    split = events.WindowSplit(source=SOURCE, read=read(), hits=20_000, parts=(Slice(window=happenings.WINDOW),) * 2)
    dropped = events.BatchDiscarded(source=SOURCE, reason="Fenced", message="m", what_to_do="w")
    elsewhere = events.BatchDiscarded(source="us", reason="Fenced", message="m", what_to_do="w")
    part = events.ReadCompleted(source=SOURCE, read=read(), end=read_end(unread="over the cap"), took=SECOND, records=1)
    assert after(began, failed).reads == (replace(OPEN, verdict="failed", remark="WindowRefused: a hole"),)
    assert after(began, split).reads == (
        replace(OPEN, verdict="split", hits=20_000, remark="2 parts are read instead", parts=(WINDOW, WINDOW)),
    )
    assert after(began, dropped).reads == (replace(OPEN, verdict="dropped", remark="Fenced"),)
    assert after(began, elsewhere).reads == (OPEN,)
    assert after(began, part).reads[0].remark == "a part is a hole: over the cap"


def test_an_end_without_a_beginning_is_shown_too() -> None:
    failed = events.ReadFailed(source=SOURCE, read=read(), error="E", message="m", what_to_do="w")
    page = events.PageFetched(source=SOURCE, read=read(), number=1, conversations=100, size=9)
    assert after(page, failed).reads == (replace(OPEN, verdict="failed", remark="E: made again"),)


def test_an_error_keeps_what_support_asks_for() -> None:
    began = events.ReadStarted(source=SOURCE, read=read())
    failed = events.ReadFailed(
        source=SOURCE, read=read(), error="E", message="m", what_to_do="w", correlation_id="abc-123"
    )
    assert after(began, failed).errors == (
        ErrorRow(
            at=NOON,
            level="warning",
            source=SOURCE,
            action="read_failed",
            message=f"the read of {WINDOW} failed (E): m; it is made again",
            what_to_do="w",
            request_id="r-1",
            window=WINDOW,
            correlation_id="abc-123",
        ),
    )


def test_every_error_that_was_an_answer_keeps_its_correlation_id() -> None:
    answered: dict[str, Any] = {"source": SOURCE, "correlation_id": "abc-123"}
    told = (
        events.RequestRetried(endpoint="query", reason="5xx", attempt=1, wait=SECOND, request_id="r-1", **answered),
        events.RateLimitHit(wait=SECOND, learned=200, request_id="r-1", **answered),
        events.TokenRefused(reason="x", **answered),
        events.SourceBlocked(reason="x", message="m", what_to_do="w", wait=SECOND, **answered),
    )
    assert [row.correlation_id for row in after(*told).errors] == ["abc-123"] * 4
    assert [row.correlation_id for row in after(*(replace(event, correlation_id=None) for event in told)).errors] == [
        ""
    ] * 4


def test_an_error_of_the_transport_is_shown_with_the_window_of_its_read() -> None:
    began = events.ReadStarted(source=SOURCE, read=read())
    hit = events.RateLimitHit(source=SOURCE, wait=SECOND, learned=200, request_id="r-1")
    assert [row.window for row in after(began, hit).errors] == [WINDOW]


def test_the_same_error_in_a_row_is_one_row() -> None:
    refused = events.TokenRefused(source=SOURCE, reason="x")
    other = events.TokenRefused(source=SOURCE, reason="y")
    rows = after(refused, refused, other, refused).errors
    assert [(row.message[-1], row.times) for row in rows] == [("x", 1), ("y", 1), ("x", 2)]


def test_everything_it_keeps_is_bounded() -> None:
    told: list[events.Event] = []
    for number in range(200):
        told.append(events.TokenRefused(source=f"s{number}", reason=f"{number}" * 10_000))
        told.append(events.LimiterMeasured(source=f"s{number}", cap=1, learned=None, used=0))
        told.append(events.ReadStarted(source=SOURCE, read=read(f"open-{number}")))
        told.append(events.ReadCompleted(source=SOURCE, read=read(f"{number}"), end=read_end(), took=SECOND, records=1))
    holes = tuple(hole(f"{number}") for number in range(200))
    told.append(
        events.CoverageMeasured(source=SOURCE, head=NOON, final=NOON, uncovered=SECOND, holes=holes, clock=NOON)
    )
    snapshot = after(*told)
    assert (len(snapshot.sources), len(snapshot.reads), len(snapshot.errors)) == (MOST_SOURCES, MOST_READS, MOST_ERRORS)
    assert [row.request_id for row in snapshot.reads][:1] == ["open-199"]
    assert sum(row.verdict == "reading" for row in snapshot.reads) == MOST_OPEN_READS
    assert max(len(row.message) for row in snapshot.errors) == 500
    assert (len(snapshot.sources[0].holes), snapshot.sources[0].holes_in_all) == (MOST_HOLES, 200)
