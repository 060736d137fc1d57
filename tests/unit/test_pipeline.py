from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from producer import errors, events
from producer.model.batch import Topic
from producer.model.checkpoint import Published, Usage
from producer.model.coverage import Coverage
from producer.model.instants import to_millis
from producer.model.reads import Read
from tests.support.build import at, page, raw, read_end, told
from tests.support.lane import SOURCE, announced, delivered, values
from tests.support.memory_sink import Failing, Hanging
from tests.support.scripted_source import Item
from tests.support.virtual_time import in_virtual_time
from tests.support.whole_lane import Life, World, organisation

DOWN = errors.SinkUnavailable("no broker")
ONE = Life(name="a", start=timedelta(seconds=5), changes=(timedelta(seconds=50),))
"""The head reads for the first time 45 seconds after a start: it is due up to half a minute ago, every 15 seconds."""


def world(*lives: Life) -> World:
    """A world whose organisation has these conversations."""
    made = World()
    made.source.answer = organisation(lives, made.clock)
    return made


def now() -> float:
    return asyncio.get_running_loop().time()


# --- the way of a conversation --------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_conversation_is_on_the_topic_in_every_state_it_was_seen_in() -> None:
    lane = world(ONE, Life(name="b", start=timedelta(seconds=50)))
    await lane.run(120)
    assert lane.contents() == {"a": [1, 2], "b": [1]}
    records = lane.sink.records(Topic.CONVERSATIONS) + lane.sink.records(Topic.AUDIT)
    assert announced(records) == delivered(records)
    assert announced(records).total() == 3


@in_virtual_time
async def test_the_first_transaction_tells_the_start_and_the_last_one_the_stop() -> None:
    lane = World()
    await lane.run(1)
    assert lane.trail == ["run: STARTED", "run: STOPPED"]
    assert (lane.sink.opened, lane.sink.closed) == (1, 1)


@in_virtual_time
async def test_the_last_transaction_carries_the_watermark_of_all_that_was_committed() -> None:
    lane = world(ONE)
    await lane.run(100)
    last, before = lane.sink.batches[-1], lane.sink.batches[-2]
    (mark,) = values(last.records, Topic.WATERMARKS)
    assert mark["headThrough"] == to_millis(before.checkpoint.coverage.watermarks[0])
    assert last.checkpoint.coverage == before.checkpoint.coverage
    assert last.checkpoint.published.head == last.checkpoint.coverage.complete_to(0)


# --- where a source begins ------------------------------------------------------------------------------------------


@in_virtual_time
async def test_capture_begins_now_unless_told_otherwise() -> None:
    lane = World()
    await lane.run(1)
    checkpoint = lane.sink.checkpoints[SOURCE]
    assert checkpoint == replace(
        checkpoint,
        source=SOURCE,
        capture_start=at("10:00"),
        coverage=Coverage(since=at("10:00"), watermarks=(at("10:00"),)),
        published=Published(head=at("10:00"), final=at("10:00")),
        horizon_day=20_158,
        config_digest="digest-1",
        open_reads=(),
    )


@in_virtual_time
async def test_capture_from_an_instant_reads_from_there() -> None:
    lane = World()
    lane.configured(capture_start=at("08:15"))
    await lane.run(1)
    windows = [told(read.slice.window) for read in lane.source.reads if read.slice]
    assert windows == ["08:15:00-09:15:00", "09:10:00-09:59:30"]


@in_virtual_time
async def test_what_lies_more_than_a_day_back_is_a_hole_named_history() -> None:
    lane = World()
    lane.configured(capture_start=at("04:00", day=-1), ages=(timedelta(hours=1), timedelta(days=1)))
    await lane.run(0.001)
    coverage = lane.sink.batches[0].checkpoint.coverage
    assert [(told(hole.interval), hole.reason) for hole in coverage.holes] == [("-1 04:00:00--1 10:00:00", "history")]
    assert coverage.watermarks == (at("10:00", day=-1),) * 3


@in_virtual_time
async def test_a_successor_goes_on_where_its_predecessor_stopped() -> None:
    lane = world(ONE, Life(name="b", start=timedelta(seconds=200)))
    await lane.run(100)
    await asyncio.sleep(300)
    await lane.run(60)
    assert lane.contents() == {"a": [1, 2], "b": [1]}
    (mark, *_) = [told(read.slice.window) for read in lane.source.reads[4:] if read.slice]
    assert mark == "10:00:00-10:06:10"  # since capture began: the overlap of five minutes would go further back


@in_virtual_time
async def test_a_successor_knows_what_its_predecessor_used_of_the_limit_and_asks_once() -> None:
    lane = World()
    await lane.run(1)
    lane.sink.commits.extend([None, Failing(error=DOWN)])
    await lane.run(30)
    assert lane.source.resumed == [lane.sink.batches[1].checkpoint.usage]
    assert isinstance(lane.source.resumed[0], Usage)


@in_virtual_time
async def test_a_change_of_settings_is_told_once() -> None:
    lane = World()
    await lane.run(1)
    lane.configured(config_digest="digest-2")
    await lane.run(1)
    await lane.run(1)
    (changed,) = [
        event for event in values(lane.sink.records(Topic.AUDIT), Topic.AUDIT) if event["action"] == "CONFIG_CHANGED"
    ]
    assert changed["details"] == {"before": '"digest-1"', "after": '"digest-2"'}


@in_virtual_time
async def test_a_read_that_a_killed_process_left_open_is_told_and_made_again() -> None:
    lane = World(answer=lambda read: [page(raw(id="a", v=1)), asyncio.Event()])
    async with asyncio.TaskGroup() as group:
        killed = group.create_task(lane.process().run(asyncio.Event()))
        await asyncio.sleep(50)
        killed.cancel()
    lane.source.answer = lambda read: [page(raw(id="a", v=1)), read_end()]
    await lane.run(1)
    assert lane.trail == [
        "run: STARTED",
        "r1: EXTRACTION_STARTED",
        "r1: PAGE_PROCESSED",
        "run: STARTED",
        "r1: EXTRACTION_FAILED",
        "r2: EXTRACTION_STARTED",
        "r2: PAGE_PROCESSED",
        "r2: EXTRACTION_COMPLETED",
        "run: STOPPED",
    ]
    assert lane.contents() == {"a": [1]}


# --- failures of the sink -------------------------------------------------------------------------------------------


# 0 is the transaction of the start, 1 to 5 are polls
@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("failing", range(6))
@in_virtual_time
async def test_a_commit_that_fails_loses_and_doubles_nothing_whatever_its_outcome(
    failing: int,
    applied: bool,  # noqa: FBT001
) -> None:
    lane = world(ONE, Life(name="b", start=timedelta(seconds=35)))
    lane.sink.commits.extend([*[None] * failing, Failing(error=DOWN, applied=applied)])
    await lane.run(120)
    assert lane.contents() == {"a": [1, 2], "b": [1]}
    records = lane.sink.records(Topic.CONVERSATIONS) + lane.sink.records(Topic.AUDIT)
    assert announced(records) == delivered(records)
    assert lane.sink.opened == 2
    assert [event.reason for event in lane.observed if isinstance(event, events.BatchDiscarded)] == ["SinkUnavailable"]


@in_virtual_time
async def test_a_start_whose_transaction_failed_is_told_in_the_next_one() -> None:
    lane = World()
    lane.sink.commits.append(Failing(error=DOWN))
    await lane.run(5)
    assert lane.trail == ["run: STARTED", "run: STOPPED"]


@in_virtual_time
async def test_a_capture_that_starts_now_does_so_although_its_first_commits_fail() -> None:
    lane = world(ONE)
    lane.sink.commits.extend([Failing(error=DOWN)] * 10)
    await lane.run(60)
    assert lane.sink.checkpoints[SOURCE].capture_start == at("10:00")
    assert list(lane.contents()) == ["a"]


@in_virtual_time
async def test_a_discarded_batch_and_the_wait_after_it_are_told() -> None:
    lane = World()
    lane.sink.commits.append(Failing(error=errors.Fenced("epoch 3 is over")))
    await lane.run(10)
    kinds = (events.LaneFenced, events.BatchDiscarded, events.SinkBlocked, events.LaneRestored)
    assert lane.happened(*kinds) == [
        events.LaneRestored(source=SOURCE, took=timedelta(milliseconds=30), conversations=0, checkpoint=None),
        events.LaneFenced(source=SOURCE, message="epoch 3 is over"),
        events.BatchDiscarded(
            source=SOURCE, reason="Fenced", message="epoch 3 is over", what_to_do=errors.Fenced.what_to_do
        ),
        events.SinkBlocked(
            source=SOURCE,
            reason="Fenced",
            message="epoch 3 is over",
            what_to_do=errors.Fenced.what_to_do,
            wait=timedelta(seconds=10),
        ),
    ]
    await lane.run(20)
    assert lane.happened(*kinds)[4:] == [
        events.LaneRestored(source=SOURCE, took=timedelta(milliseconds=30), conversations=0, checkpoint=None),
    ]


@in_virtual_time
async def test_a_broker_that_is_down_is_waited_for_ever_longer() -> None:
    lane = World()
    lane.sink.opens.extend([DOWN] * 7)
    await lane.run(30)
    waits = [event.wait.total_seconds() for event in lane.observed if isinstance(event, events.SinkBlocked)]
    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 5, 5]
    assert lane.trail == ["run: STARTED", "run: STOPPED"]


@in_virtual_time
async def test_after_a_commit_that_succeeded_waits_begin_anew() -> None:
    lane = World()
    lane.sink.commits.extend([Failing(error=DOWN), Failing(error=DOWN), None, Failing(error=DOWN)])
    await lane.run(60)
    waits = [event.wait.total_seconds() for event in lane.observed if isinstance(event, events.SinkBlocked)]
    assert waits == [0.2, 0.4, 0.2]


@in_virtual_time
async def test_credentials_that_are_refused_stop_nothing_but_the_reads() -> None:
    lane = World(answer=lambda read: [errors.CredentialsRefused("401")] if now() < 200 else [read_end()])
    await lane.run(500)
    assert [event.wait.total_seconds() for event in lane.observed if isinstance(event, events.SourceBlocked)] == [
        60,
        120,
    ]
    assert lane.happened(events.SourceRecovered) == [events.SourceRecovered(source=SOURCE)]
    assert lane.sink.opened == 1


@in_virtual_time
async def test_a_defect_ends_the_lane_with_its_error_and_lets_the_sink_go() -> None:
    lane = World(answer=lambda read: [page()])
    defect = pytest.RaisesExc(errors.ProducerError, match="read r1 ended without saying how")
    with pytest.RaisesGroup(defect, flatten_subgroups=True):
        await lane.run(100)
    assert lane.sink.closed == 1


# --- stop -----------------------------------------------------------------------------------------------------------


def slow(seconds: float) -> list[Item]:
    """A read that takes so long between its two pages."""
    return [page(raw(id="a", v=1)), timedelta(seconds=seconds), page(raw(id="b", v=1), number=2), read_end(pages=2)]


@in_virtual_time
async def test_a_soft_stop_finishes_the_window_within_the_grace() -> None:
    lane = World(answer=lambda read: slow(9))
    await lane.run(46)
    assert lane.trail[-3:] == ["r1: PAGE_PROCESSED", "r1: EXTRACTION_COMPLETED", "run: STOPPED"]
    assert (lane.contents(), now()) == ({"a": [1], "b": [1]}, 54)


@in_virtual_time
async def test_after_the_grace_the_window_is_interrupted_and_read_again_by_the_successor() -> None:
    lane = World(answer=lambda read: slow(60) if read.request_id == "r1" else slow(0))
    await lane.run(46)
    assert (lane.trail[-2:], now()) == (["r1: EXTRACTION_FAILED", "run: STOPPED"], 56)
    assert lane.sink.checkpoints[SOURCE].open_reads == ()
    assert lane.sink.checkpoints[SOURCE].coverage.watermarks == (at("10:00"),)
    await lane.run(1)
    assert lane.contents() == {"a": [1], "b": [1]}


@in_virtual_time
async def test_a_stop_while_the_source_is_blocked_ends_at_once() -> None:
    lane = World(answer=lambda read: [errors.CredentialsRefused("401")])
    await lane.run(45)
    assert (now(), lane.trail[-1]) == (45, "run: STOPPED")


@in_virtual_time
async def test_a_stop_while_the_broker_is_down_ends_at_once() -> None:
    lane = World()
    lane.sink.opens.extend([DOWN] * 100)
    await lane.run(60)
    assert (now(), lane.sink.batches, lane.sink.closed) == (60, [], 1)


@in_virtual_time
async def test_a_stop_before_the_start_opens_nothing() -> None:
    lane = World()
    lane.stop.set()
    await lane.process().run(lane.stop)
    assert (lane.sink.opened, lane.sink.closed) == (0, 1)


@in_virtual_time
async def test_a_stop_waits_for_the_transaction_in_flight() -> None:
    lane, gate = world(ONE), asyncio.Event()
    lane.sink.commits.extend([None, Hanging(gate=gate)])
    asyncio.get_running_loop().call_later(65, gate.set)
    await lane.run(50)
    assert (now(), lane.trail[-1]) == (65, "run: STOPPED")
    assert lane.contents() == {"a": [1]}


@in_virtual_time
async def test_a_stop_gives_up_a_transaction_that_does_not_end() -> None:
    lane = world(ONE)
    lane.sink.commits.extend([None, Hanging(gate=asyncio.Event())])
    await lane.run(50)
    assert (now(), lane.sink.closed, lane.trail) == (70, 1, ["run: STARTED"])  # ten seconds each for read and commit
    assert lane.happened(events.BatchDiscarded) == [
        events.BatchDiscarded(
            source=SOURCE,
            reason="SinkUnavailable",
            message="the last commits did not end within the grace of a stop",
            what_to_do=errors.SinkUnavailable.what_to_do,
        )
    ]
    await lane.run(60)
    assert lane.contents() == {"a": [2]}


@in_virtual_time
async def test_a_stop_after_a_failed_commit_ends_at_once_and_leaves_the_rest_to_a_successor() -> None:
    lane = world(ONE)
    lane.sink.commits.extend([None, Failing(error=DOWN)])
    await lane.run(45.1)
    assert (now(), lane.sink.opened, lane.sink.closed, lane.trail) == (45.1, 1, 1, ["run: STARTED"])
    await lane.run(60)
    assert lane.contents() == {"a": [1, 2]}


@in_virtual_time
async def test_a_hard_stop_drops_what_is_in_flight_and_a_successor_loses_nothing() -> None:
    lane = world(ONE)
    lane.sink.commits.extend([None, Hanging(gate=asyncio.Event())])
    async with asyncio.TaskGroup() as group:
        working = group.create_task(lane.process().run(lane.stop))
        await asyncio.sleep(50)
        working.cancel()
    assert (lane.sink.closed, lane.trail) == (1, ["run: STARTED"])
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await lane.run(60)
    assert lane.contents() == {"a": [1, 2]}


# --- a window that can't be read ------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_window_that_is_refused_is_a_hole_until_the_overlap_of_a_later_one_reads_it() -> None:
    def answer(read: Read) -> Iterable[Item]:
        return [errors.WindowRefused("no", code="bad")] if read.request_id == "r2" else [read_end()]

    lane = World(answer=answer)
    await lane.run(100)
    opened = [event.hole for event in lane.observed if isinstance(event, events.HoleOpened)]
    assert [(told(hole.interval), hole.reason) for hole in opened] == [("10:00:15-10:00:30", "bad")]
    measured = [
        (len(event.holes), event.uncovered.total_seconds())
        for event in lane.observed
        if isinstance(event, events.CoverageMeasured)
    ]
    assert (1, 15) in measured
    assert measured[-1] == (0, 10)
