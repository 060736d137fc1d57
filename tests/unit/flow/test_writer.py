from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from producer import errors, events
from producer.assembly.batch import Assembly, BatchBounds
from producer.flow.writer import Writer
from producer.model import steps
from producer.model.actions import Action
from producer.model.batch import Topic
from producer.model.checkpoint import OpenRead
from producer.model.conversation import Agenda
from producer.model.coverage import Coverage
from producer.model.instants import to_millis
from producer.model.reads import Read
from producer.planning.head import HeadPolicy
from tests.support.build import at, head_read, page, raw, read_end, window
from tests.support.lane import BOUNDS, SOURCE, assembly, audit_of, checkpoint, values
from tests.support.memory_sink import Failing, Hanging, MemorySink
from tests.support.virtual_time import LoopClock, in_virtual_time

HEAD = HeadPolicy(head_lag=timedelta(seconds=30), overlap=timedelta(minutes=5), catch_up_slice=timedelta(hours=1))
READ = head_read("09:54", "09:59:30")


@dataclass(slots=True, kw_only=True)
class Bench:
    """A writer over a sink in memory."""

    bounds: BatchBounds = BOUNDS
    clock: LoopClock = field(default_factory=LoopClock)
    events: list[events.Event] = field(default_factory=list)
    commits: list[float] = field(default_factory=list)
    sink: MemorySink = field(init=False)
    made: Assembly = field(init=False)
    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        self.sink = MemorySink(clock=self.clock)
        self.made = assembly(checkpoint("09:59"), bounds=self.bounds, known=self.sink.known)
        self.writer = Writer(
            name=SOURCE,
            sink=self.sink,
            assembly=self.made,
            clock=self.clock,
            observe=self.events.append,
            head=HEAD,
            linger=timedelta(seconds=1),
            committed=lambda _: self.commits.append(asyncio.get_running_loop().time()),
        )

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """The writer at work for as long as the block runs."""
        await self.sink.open()
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(self.writer.run())
            yield
            writing.cancel()

    async def put(self, *told: steps.Step) -> None:
        for step in told:
            await self.writer.put(step)

    @property
    def trails(self) -> list[list[str]]:
        """The audit trail of every transaction."""
        return [audit_of(batch.records) for batch in self.sink.batches]


def started(read: Read = READ) -> steps.Started:
    return steps.Started(read=read, at=at("10:00"))


def arrived(number: int = 1, read: Read = READ) -> steps.Arrived:
    return steps.Arrived(read=read, page=page(raw(id=f"c{number}", v=1), number=number, asked=at("10:00")))


def ended(read: Read = READ) -> steps.Ended:
    assert read.slice is not None
    return steps.Ended(read=read, end=read_end(), at=at("10:00"), covers=read.slice.window)


STARTED, PROCESSED, COMPLETED = "r1: EXTRACTION_STARTED", "r1: PAGE_PROCESSED", "r1: EXTRACTION_COMPLETED"


@in_virtual_time
async def test_a_read_that_came_whole_is_one_transaction_at_once() -> None:
    bench = Bench()
    async with bench.running():
        await bench.put(started(), arrived(), ended())
        await bench.writer.settled()
    assert bench.trails == [[STARTED, PROCESSED, COMPLETED]]
    assert bench.commits == [0]


@in_virtual_time
async def test_reads_that_follow_one_another_closely_share_a_transaction() -> None:
    other = head_read("09:59:30", "10:00", request_id="r2")
    bench = Bench()
    async with bench.running():
        await bench.put(started(), arrived(), ended(), started(other), ended(other))
        await bench.writer.settled()
    assert bench.trails == [[STARTED, PROCESSED, COMPLETED, "r2: EXTRACTION_STARTED", "r2: EXTRACTION_COMPLETED"]]


@in_virtual_time
async def test_a_record_waits_for_company_no_longer_than_the_linger() -> None:
    bench = Bench()
    async with bench.running():
        await bench.put(started(), arrived(1))
        await asyncio.sleep(0.7)
        await bench.put(arrived(2))
        await asyncio.sleep(0.7)
        await bench.put(arrived(3))
        await asyncio.sleep(60)
        await bench.put(ended())
        await bench.writer.settled()
    assert bench.trails == [[STARTED, PROCESSED, PROCESSED], [PROCESSED], [COMPLETED]]
    assert bench.commits == [1.0, 2.4, 61.4]


@in_virtual_time
async def test_nothing_is_committed_while_nothing_comes() -> None:
    bench = Bench()
    async with bench.running():
        await asyncio.sleep(3_600)
    assert bench.sink.batches == []


@in_virtual_time
async def test_a_full_batch_goes_out_at_once_over_its_bound_by_one_page_at_most() -> None:
    bench = Bench(bounds=BatchBounds(records=4, size=1_000_000))
    async with bench.running():
        await bench.put(started(), *(arrived(number) for number in range(1, 6)))
        await asyncio.sleep(0.5)
        assert [len(batch.records) for batch in bench.sink.batches] == [5, 5]  # the second has the watermark
        await bench.put(ended())
        await bench.writer.settled()
    assert bench.trails == [[STARTED, PROCESSED, PROCESSED], [PROCESSED, PROCESSED], [PROCESSED, COMPLETED]]


@in_virtual_time
async def test_what_is_pending_at_the_start_is_committed_first() -> None:
    bench = Bench()
    bench.made.take(steps.Noted(action=Action.STARTED, at=at("10:00")), at("10:00"))
    async with bench.running():
        await asyncio.sleep(0.5)
    assert (bench.trails, bench.commits) == ([["run: STARTED"]], [0])


@in_virtual_time
async def test_a_step_that_makes_no_record_is_committed_all_the_same() -> None:
    bench = Bench()
    async with bench.running():
        await bench.put(steps.Identified(organisation_id="org-1"))
        await bench.writer.settled()
    assert [(batch.records, batch.checkpoint.organisation_id) for batch in bench.sink.batches] == [((), "org-1")]


@in_virtual_time
async def test_nothing_is_built_on_a_transaction_that_has_not_returned() -> None:
    bench, gate = Bench(), asyncio.Event()
    bench.sink.commits.append(Hanging(gate=gate))
    before = bench.writer.checkpoint()
    async with bench.running():
        await bench.put(started(), arrived(1), ended())
        await asyncio.sleep(5)
        other = head_read("09:59:30", "10:00", request_id="r2")
        await bench.put(started(other), steps.Arrived(read=other, page=page(raw(id="c1", v=1))), ended(other))
        await asyncio.sleep(5)
        assert (bench.trails, bench.writer.checkpoint()) == ([], before)
        gate.set()
        await bench.writer.settled()
    assert bench.trails == [
        [STARTED, PROCESSED, COMPLETED],
        ["r2: EXTRACTION_STARTED", "r2: PAGE_PROCESSED", "r2: EXTRACTION_COMPLETED"],
    ]
    assert values(bench.sink.records(Topic.AUDIT), Topic.AUDIT)[4]["unchanged"] == 1  # compared with what was committed


@pytest.mark.parametrize(("seconds", "told"), [(4.9, []), (30, [timedelta(seconds=5)])])
@in_virtual_time
async def test_a_commit_that_takes_long_is_told_once_while_it_is_waited_for(seconds: float, told: list[object]) -> None:
    bench, gate = Bench(), asyncio.Event()
    bench.sink.commits.append(Hanging(gate=gate))
    async with bench.running():
        await bench.put(started(), arrived(), ended())
        await asyncio.sleep(seconds)
        assert [event.waited for event in bench.events if isinstance(event, events.CommitDelayed)] == told
        gate.set()
        await bench.writer.settled()
        await asyncio.sleep(30)
    assert [event.waited for event in bench.events if isinstance(event, events.CommitDelayed)] == told


@in_virtual_time
async def test_settled_waits_until_all_that_was_put_is_committed() -> None:
    bench, gate = Bench(), asyncio.Event()
    bench.sink.commits.append(Hanging(gate=gate))
    async with bench.running():
        await bench.put(started(), arrived(), ended())
        asyncio.get_running_loop().call_later(9, gate.set)
        await bench.writer.settled()
        assert asyncio.get_running_loop().time() == 9
        assert bench.writer.checkpoint().coverage.watermarks == (at("09:59:30"),)


@in_virtual_time
async def test_steps_wait_for_room_while_a_commit_hangs() -> None:
    bench, gate, put = Bench(), asyncio.Event(), 0

    async def put_many() -> None:
        nonlocal put
        while put < 20:
            await bench.put(steps.Noted(action=Action.STARTED, at=at("10:00")))
            put += 1

    bench.sink.commits.append(Hanging(gate=gate))
    async with bench.running():
        await bench.put(started(), ended())
        await asyncio.sleep(1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(put_many(), 30)
        assert put == 8
        gate.set()
        await bench.writer.settled()


@pytest.mark.parametrize("applied", [True, False])
@in_virtual_time
async def test_a_failed_commit_ends_the_writer_and_moves_nothing(applied: bool) -> None:  # noqa: FBT001
    bench, settled = Bench(), []

    async def write() -> None:
        async with bench.running():
            await bench.put(started(), arrived(), ended())
            await bench.writer.settled()
            settled.append(True)

    before = bench.writer.checkpoint()
    bench.sink.commits.append(Failing(error=errors.SinkUnavailable("timeout"), applied=applied))
    with pytest.raises(ExceptionGroup) as raised:
        await write()
    assert [str(error) for error in raised.value.exceptions] == ["timeout"]
    assert (settled, bench.commits, bench.events, bench.writer.checkpoint()) == ([], [], [], before)


@in_virtual_time
async def test_what_was_committed_is_told_after_it_was() -> None:
    bench = Bench()
    async with bench.running():
        await bench.put(started(), arrived(), ended())
        await bench.writer.settled()
    (batch,) = bench.sink.batches
    assert bench.events[:2] == [
        events.PageCompared(source=SOURCE, read=READ, number=1, new=1, dead_letters={}, freshness=(0.0,)),
        events.ReadCompleted(source=SOURCE, read=READ, end=read_end(), took=timedelta(0), records=1),
    ]
    moved = replace(batch.checkpoint, offsets=bench.writer.checkpoint().offsets)
    assert sorted(moved.offsets) == [0, 0, 2]  # one record and the marker of its transaction
    assert bench.events[2:] == [
        events.BatchCommitted(source=SOURCE, records=4, took=timedelta(milliseconds=10), checkpoint=moved, tracked=1),
        events.CoverageMeasured(
            source=SOURCE,
            head=at("09:59"),
            final=at("09:59"),
            uncovered=timedelta(0),
            holes=(),
            clock=at("10:00"),
        ),
        events.WatchMeasured(source=SOURCE, watched=0, open=0, lateness=timedelta(0)),
    ]


@pytest.mark.parametrize(("due", "late"), [("09:58:30", 90), ("10:00", 0), ("10:05", 0)])
@in_virtual_time
async def test_what_is_looked_after_is_measured_at_every_commit_and_how_late_it_is(due: str, late: int) -> None:
    bench = Bench()
    bench.sink.plan = lambda _state, /, *, restoring: Agenda(due=to_millis(at(due)), forget_day=None, open=True)
    async with bench.running():
        await bench.put(started(), arrived(1), arrived(2), ended())
        await bench.writer.settled()
    (measured,) = [event for event in bench.events if isinstance(event, events.WatchMeasured)]
    assert measured == events.WatchMeasured(source=SOURCE, watched=2, open=2, lateness=timedelta(seconds=late))


@in_virtual_time
async def test_what_is_due_and_not_read_is_measured_at_every_commit() -> None:
    bench = Bench()
    async with bench.running():
        await asyncio.sleep(120)
        await bench.put(started(), ended())
        await bench.writer.settled()
    (measured,) = [event for event in bench.events if isinstance(event, events.CoverageMeasured)]
    assert (measured.uncovered, measured.clock) == (timedelta(minutes=2), at("10:02"))


@in_virtual_time
async def test_a_transaction_in_the_middle_of_a_read_leaves_it_open_and_covers_nothing() -> None:
    bench = Bench()
    async with bench.running():
        await bench.put(started(), arrived())
        await asyncio.sleep(2)
    (batch,) = bench.sink.batches
    assert batch.checkpoint.open_reads == (
        OpenRead(
            request_id="r1",
            kind="head",
            subject=str(window("09:54", "09:59:30")),
            started_at=at("10:00"),
        ),
    )
    assert batch.checkpoint.coverage == Coverage(since=at("09:00"), watermarks=(at("09:59"),))
