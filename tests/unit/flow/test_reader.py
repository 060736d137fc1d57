from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from producer import errors, events
from producer.assembly.batch import Assembly
from producer.flow.reader import Reader, ReadPolicy, first_head
from producer.flow.reading import Readings
from producer.model import steps
from producer.model.batch import Receipt
from producer.model.checkpoint import Checkpoint
from producer.model.coverage import Hole
from producer.model.reads import Read, Split
from producer.model.windows import Direction, Ended, Slice
from producer.planning.head import MOST_HOLES, HeadPolicy
from tests.support.build import at, in_the_middle, page, raw, read_end, told, window
from tests.support.lane import SOURCE, assembly, checkpoint, counted
from tests.support.scripted_source import Item, ScriptedSource
from tests.support.virtual_time import LoopClock, in_virtual_time

POLICY = ReadPolicy(
    head=HeadPolicy(head_lag=timedelta(seconds=30), overlap=timedelta(minutes=5), catch_up_slice=timedelta(hours=1)),
    poll_interval=timedelta(seconds=15),
    budget=125.0,
    head_share=0.8,
)


def of(part: Slice) -> str:
    cuts = [cut.value for cut in (part.ended, part.direction) if cut]
    return " ".join([told(part.window), *cuts])


def telling(step: steps.Step) -> str:
    """A step in a few words."""
    match step:
        case steps.Started(read=read):
            story = f"started {of(read.slice)}" if read.slice else "started"
        case steps.Arrived(page=arrived):
            story = f"page {arrived.number}: {' '.join(each.id or '?' for each in arrived.conversations)}"
        case steps.Parted(split=split):
            story = f"parted into {len(split.parts)}"
        case steps.Ended(covers=covers):
            story = f"ended, covers {told(covers)}" if covers else "ended"
        case steps.Failed(error=error, misses=misses):
            story = f"failed {type(error).__name__}" + (f", misses {told(misses)}" if misses else "")
        case steps.Settled(window=whole, reason=reason):
            story = f"settled {told(whole)}" + (f", {reason}" if reason else "")
        case steps.Identified(organisation_id=organisation):
            story = f"identified {organisation}"
        case _:
            raise AssertionError(step)
    return story


@dataclass(slots=True, kw_only=True)
class Desk:
    """A reader at work: its steps are taken by an assembly and committed whenever it waits for that."""

    answer: Callable[[Read], Iterable[Item]]
    stands: Checkpoint = field(default_factory=lambda: checkpoint("09:59"))
    expected: str | None = None
    organisations: deque[str | Exception | None] = field(default_factory=lambda: deque([None]))
    clock: LoopClock = field(default_factory=LoopClock)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    story: list[str] = field(default_factory=list)
    events: list[events.Event] = field(default_factory=list)
    commits: int = 0
    source: ScriptedSource = field(init=False)
    made: Assembly = field(init=False)

    def __post_init__(self) -> None:
        self.source = ScriptedSource(clock=self.clock, answer=self.answer, organisations=self.organisations)
        self.made = assembly(self.stands)

    async def put(self, step: steps.Step) -> None:
        self.story.append(telling(step))
        self.made.take(step, self.clock.now())

    async def settled(self) -> None:
        batch = self.made.build(self.clock.now())
        receipt = Receipt(offsets=(), committed_at=self.clock.now(), took=timedelta(0), records=0)
        self.made.committed(batch, receipt, self.clock.now())
        self.commits += 1

    async def run(self, seconds: float) -> list[str]:
        """Let it read for so long, then stop it; returns the story."""
        asyncio.get_running_loop().call_later(seconds, self.stop.set)
        reader = Reader(
            name=SOURCE,
            source=self.source,
            clock=self.clock,
            observe=self.events.append,
            policy=POLICY,
            readings=Readings(
                name=SOURCE,
                source=self.source,
                clock=self.clock,
                observe=self.events.append,
                new_id=counted("r"),
                put=self.put,
            ),
            chores=(),
            checkpoint=lambda: self.made.checkpoint,
            put=self.put,
            settled=self.settled,
            expected_organisation=self.expected,
        )
        await reader.run(self.stop)
        assert self.source.closed == len(self.source.reads)
        return self.story


def empty(read: Read) -> Iterable[Item]:
    return [read_end(pages=0)]


def started_at(desk: Desk) -> list[str]:
    return [told(read.slice.window) for read in desk.source.reads if read.slice]


# --- pace -----------------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_the_head_is_read_every_poll_interval_up_to_its_lag() -> None:
    desk = Desk(answer=empty)
    assert await desk.run(30) == [
        "started 09:54:00-09:59:30",
        "ended, covers 09:54:00-09:59:30",
        "started 09:54:30-09:59:45",
        "ended, covers 09:54:30-09:59:45",
    ]


@in_virtual_time
async def test_a_poll_that_costs_more_than_its_share_is_followed_by_a_longer_pause() -> None:
    desk = Desk(answer=lambda read: [read_end(pages=200)])
    await desk.run(130)
    assert started_at(desk) == ["09:54:00-09:59:30", "09:54:30-10:01:30"]


@in_virtual_time
async def test_the_interval_is_counted_from_the_beginning_of_a_poll() -> None:
    desk = Desk(answer=lambda read: [timedelta(seconds=10), read_end()])
    await desk.run(29)
    assert started_at(desk) == ["09:54:00-09:59:30", "09:54:30-09:59:45"]


@in_virtual_time
async def test_a_slow_poll_that_reached_what_was_due_still_waits_for_its_share() -> None:
    desk = Desk(answer=lambda read: [timedelta(seconds=50), read_end(pages=100)])
    await desk.run(59)
    assert started_at(desk) == ["09:54:00-09:59:30"]


@in_virtual_time
async def test_after_an_outage_it_catches_up_without_a_pause() -> None:
    desk = Desk(answer=empty, stands=checkpoint("09:05"), clock=LoopClock(origin=at("12:00")))
    await desk.run(1)
    assert started_at(desk) == ["09:00:00-10:05:00", "10:00:00-11:05:00", "11:00:00-11:59:30"]
    assert desk.commits == 3  # each slice is committed before the next one is planned


@in_virtual_time
async def test_when_nothing_is_due_it_waits() -> None:
    desk = Desk(answer=empty, stands=checkpoint("10:00"))
    await desk.run(30)
    assert desk.story == []


# --- splits ---------------------------------------------------------------------------------------------------------


def in_halves(read: Read) -> Split:
    assert read.slice is not None
    return Split(parts=tuple(Slice(window=half) for half in in_the_middle(read.slice.window)), hits=20_000)


def by_end(read: Read) -> Split:
    assert read.slice is not None
    return Split(parts=tuple(Slice(window=read.slice.window, ended=each) for each in Ended), hits=150_000)


@in_virtual_time
async def test_parts_in_time_are_reads_of_their_own_that_cover_their_windows() -> None:
    def answer(read: Read) -> Iterable[Item]:
        return (
            [in_halves(read)] if read.request_id in ("r1", "r2") else [page(raw(id=read.request_id, v=1)), read_end()]
        )

    assert await Desk(answer=answer).run(1) == [
        "started 09:54:00-09:59:30",
        "parted into 2",
        "started 09:54:00-09:56:45",
        "parted into 2",
        "started 09:54:00-09:55:22.500",
        "page 1: r3",
        "ended, covers 09:54:00-09:55:22.500",
        "started 09:55:22.500-09:56:45",
        "page 1: r4",
        "ended, covers 09:55:22.500-09:56:45",
        "started 09:56:45-09:59:30",
        "page 1: r5",
        "ended, covers 09:56:45-09:59:30",
    ]


@in_virtual_time
async def test_parts_of_one_window_cover_it_together_when_all_are_read() -> None:
    desk = Desk(answer=lambda read: [by_end(read)] if read.request_id == "r1" else [read_end()])
    assert await desk.run(1) == [
        "started 09:54:00-09:59:30",
        "parted into 2",
        "started 09:54:00-09:59:30 open",
        "ended",
        "started 09:54:00-09:59:30 ended",
        "ended",
        "settled 09:54:00-09:59:30",
    ]
    assert desk.made.checkpoint.coverage.watermarks == (at("09:59:30"),)


@in_virtual_time
async def test_a_refused_part_makes_the_whole_window_a_hole_and_the_other_parts_are_read_all_the_same() -> None:
    def answer(read: Read) -> Iterable[Item]:
        if read.request_id == "r1":
            return [by_end(read)]
        return [errors.WindowRefused("no", code="too.many")] if read.request_id == "r2" else [read_end()]

    desk = Desk(answer=answer)
    assert (await desk.run(1))[2:] == [
        "started 09:54:00-09:59:30 open",
        "failed WindowRefused",
        "started 09:54:00-09:59:30 ended",
        "ended",
        "settled 09:54:00-09:59:30, too.many",
    ]
    (hole,) = desk.made.checkpoint.coverage.holes
    assert (told(hole.interval), hole.reason) == ("09:59:00-09:59:30", "too.many")


@in_virtual_time
async def test_what_a_part_of_a_part_left_unread_makes_the_whole_window_a_hole() -> None:
    def by_direction(read: Read) -> Split:
        assert read.slice is not None
        parts = tuple(Slice(window=read.slice.window, ended=Ended.OPEN, direction=each) for each in Direction)
        return Split(parts=parts, hits=120_000)

    def answer(read: Read) -> Iterable[Item]:
        match read.request_id:
            case "r1":
                return [by_end(read)]
            case "r2":
                return [by_direction(read)]
            case "r4":
                return [read_end(unread="too.many")]
        return [read_end()]

    assert (await Desk(answer=answer).run(1))[1:] == [
        "parted into 2",
        "started 09:54:00-09:59:30 open",
        "parted into 3",
        "started 09:54:00-09:59:30 open inbound",
        "ended",
        "started 09:54:00-09:59:30 open outbound",
        "ended",
        "started 09:54:00-09:59:30 open none",
        "ended",
        "started 09:54:00-09:59:30 ended",
        "ended",
        "settled 09:54:00-09:59:30, too.many",
    ]


@in_virtual_time
async def test_a_part_cut_finer_in_time_still_covers_nothing_by_itself() -> None:
    def answer(read: Read) -> Iterable[Item]:
        return {"r1": [by_end(read)], "r2": [in_halves(read)]}.get(read.request_id, [read_end()])

    story = await Desk(answer=answer).run(1)
    assert [line for line in story if "covers" in line or "settled" in line] == ["settled 09:54:00-09:59:30"]


@in_virtual_time
async def test_an_outage_between_two_parts_covers_nothing_and_both_are_read_again() -> None:
    def answer(read: Read) -> Iterable[Item]:
        if read.request_id in ("r1", "r4"):
            return [by_end(read)]
        return [errors.SourceUnavailable("down")] if read.request_id == "r3" else [read_end()]

    assert await Desk(answer=answer).run(2) == [
        "started 09:54:00-09:59:30",
        "parted into 2",
        "started 09:54:00-09:59:30 open",
        "ended",
        "started 09:54:00-09:59:30 ended",
        "failed SourceUnavailable",
        "started 09:54:00-09:59:31",
        "parted into 2",
        "started 09:54:00-09:59:31 open",
        "ended",
        "started 09:54:00-09:59:31 ended",
        "ended",
        "settled 09:54:00-09:59:31",
    ]


# --- failures -------------------------------------------------------------------------------------------------------


def failing_first(error: errors.SourceError) -> Callable[[Read], Iterable[Item]]:
    return lambda read: [page(raw(id="a", v=1)), error] if read.request_id == "r1" else [read_end()]


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (errors.SourceUnavailable("no route"), 1),
        (errors.MalformedBody("HTML"), 1),
        (errors.RateLimited("429"), 5),
        (errors.CredentialsRefused("401"), 60),
        (errors.PermissionMissing("403"), 60),
        (errors.AddressNotAllowed("403"), 60),
        (errors.SourceError("other"), 1),
    ],
)
@in_virtual_time
async def test_a_failure_that_is_not_the_windows_waits_and_reads_the_same_again(
    error: errors.SourceError, wait: int
) -> None:
    desk = Desk(answer=failing_first(error))
    edge = told(window("09:54", f"09:59:{30 + wait}") if wait < 30 else window("09:54", "10:00:30"))
    assert await desk.run(wait + 1) == [
        "started 09:54:00-09:59:30",
        "page 1: a",
        f"failed {type(error).__name__}",
        f"started {edge}",
        f"ended, covers {edge}",
    ]
    assert [event for event in desk.events if isinstance(event, (events.SourceBlocked, events.SourceRecovered))] == [
        events.SourceBlocked(
            source=SOURCE,
            reason=type(error).__name__,
            message=str(error),
            what_to_do=error.what_to_do,
            wait=timedelta(seconds=wait),
        ),
        events.SourceRecovered(source=SOURCE),
    ]


@in_virtual_time
async def test_failures_in_a_row_wait_longer_and_a_success_begins_anew() -> None:
    failing = iter([True, True, True, False, True])
    desk = Desk(answer=lambda read: [errors.SourceUnavailable("down")] if next(failing, False) else [read_end()])
    await desk.run(40)
    waits = [event.wait.total_seconds() for event in desk.events if isinstance(event, events.SourceBlocked)]
    assert waits == [1, 2, 4, 1]


@in_virtual_time
async def test_a_refused_window_is_missed_and_the_next_one_is_read_at_once() -> None:
    desk = Desk(
        answer=lambda read: [errors.WindowRefused("no", code="bad")] if read.request_id == "r1" else [read_end()],
        stands=checkpoint("23:58"),
        clock=LoopClock(origin=at("00:01:30", day=1)),
    )
    assert await desk.run(1) == [
        "started 23:53:00-+1 00:00:00",
        "failed WindowRefused, misses 23:53:00-+1 00:00:00",
        "started +1 00:00:00-+1 00:01:00",
        "ended, covers +1 00:00:00-+1 00:01:00",
    ]
    assert [told(hole.interval) for hole in desk.made.checkpoint.coverage.holes] == ["23:58:00-+1 00:00:00"]


@in_virtual_time
async def test_a_source_that_ends_without_an_end_is_a_defect_and_stops_the_reader() -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(errors.ProducerError, match="ended without saying how")):
        await Desk(answer=lambda read: [page()]).run(1)


@in_virtual_time
async def test_what_is_read_is_told_as_it_comes() -> None:
    one = page(raw(id="a", v=1), raw(id="b", v=1))
    desk = Desk(answer=lambda read: [one, read_end()])
    await desk.run(1)
    (read,) = desk.source.reads
    assert desk.events == [
        events.ReadStarted(source=SOURCE, read=read),
        events.PageFetched(source=SOURCE, read=read, number=1, conversations=2, size=one.size),
    ]


# --- the clock ---


@in_virtual_time
async def test_a_window_in_the_future_of_the_server_is_not_taken_for_an_empty_one() -> None:
    def answer(read: Read) -> Iterable[Item]:
        behind = at("09:59:27") if read.request_id == "r1" else at("10:00:00")
        return [page(raw(id="a", v=1), asked=at("09:59:57"), served_at=behind), read_end()]

    desk = Desk(answer=answer)
    assert await desk.run(11) == [
        "started 09:54:00-09:59:30",
        "failed ClockAhead",
        "started 09:54:00-09:59:40",
        "page 1: a",
        "ended, covers 09:54:00-09:59:40",
    ]
    assert [event for event in desk.events if isinstance(event, events.SourceBlocked)] == [
        events.SourceBlocked(
            source=SOURCE,
            reason="ClockAhead",
            message="this machine's clock is ahead of the source's: the window ends at 2025-03-10T09:59:30+00:00,"
            " the source's clock shows 2025-03-10T09:59:27+00:00, 3.0 s before",
            what_to_do="synchronise this machine's clock (NTP); until then nothing is read",
            wait=timedelta(seconds=10),
        )
    ]


@in_virtual_time
async def test_a_date_without_its_fraction_of_a_second_is_no_clock_that_is_ahead() -> None:
    desk = Desk(answer=lambda read: [page(asked=at("09:59:58"), served_at=at("09:59:28")), read_end()])
    assert (await desk.run(1))[-1] == "ended, covers 09:54:00-09:59:30"


@in_virtual_time
async def test_an_answer_about_the_past_is_refused_too_when_it_would_be_dated_in_the_future() -> None:
    far = page(raw(id="a", v=1), asked=at("10:00:00"), served_at=at("09:59:29"))
    desk = Desk(answer=lambda read: [far, read_end()])
    assert await desk.run(1) == ["started 09:54:00-09:59:30", "failed ClockAhead"]
    (blocked,) = [event for event in desk.events if isinstance(event, events.SourceBlocked)]
    assert "it shows 2025-03-10T10:00:00+00:00, the source's clock shows 2025-03-10T09:59:29+00:00" in blocked.message


# --- the organisation -----------------------------------------------------------------------------------------------


@in_virtual_time
async def test_the_organisation_is_remembered_before_anything_is_read() -> None:
    desk = Desk(answer=empty, organisations=deque(["org-1"]), expected="org-1")
    assert (await desk.run(1))[:2] == ["identified org-1", "started 09:54:00-09:59:30"]


@in_virtual_time
async def test_a_known_organisation_is_not_told_again() -> None:
    known = assembly(checkpoint("09:59"))
    known.take(steps.Identified(organisation_id="org-1"), at("10:00"))
    desk = Desk(answer=empty, organisations=deque(["org-1"]), stands=known.build(at("10:00")).checkpoint)
    assert (await desk.run(1))[0] == "started 09:54:00-09:59:30"


@in_virtual_time
async def test_an_organisation_that_can_not_be_verified_is_said_and_read_all_the_same() -> None:
    desk = Desk(answer=empty, organisations=deque([None]), expected="org-1")
    assert (await desk.run(1))[0] == "started 09:54:00-09:59:30"
    told = [event for event in desk.events if isinstance(event, events.OrganisationUnverified)]
    assert told == [events.OrganisationUnverified(source=SOURCE, expected="org-1")]


@in_virtual_time
async def test_what_is_not_permitted_is_said_before_anything_is_due() -> None:
    desk = Desk(answer=empty)
    desk.source.permissions.append(errors.PermissionMissing("403"))
    assert await desk.run(1) == []
    assert [event.reason for event in desk.events if isinstance(event, events.SourceBlocked)] == ["PermissionMissing"]


@pytest.mark.parametrize(
    ("expected", "remembered", "message"),
    [
        ("org-2", None, "the token belongs to organisation org-1, genesys.realm_id says org-2"),
        (None, "org-2", "the token belongs to organisation org-1, the checkpoint says org-2"),
        ("org-1", "org-2", "the token belongs to organisation org-1, the checkpoint says org-2"),
    ],
)
@in_virtual_time
async def test_nothing_is_read_of_another_organisation(
    expected: str | None, remembered: str | None, message: str
) -> None:
    known = assembly(checkpoint("09:59"))
    if remembered:
        known.take(steps.Identified(organisation_id=remembered), at("10:00"))
    stands = known.build(at("10:00")).checkpoint
    desk = Desk(answer=empty, organisations=deque(["org-1"]), stands=stands, expected=expected)
    assert await desk.run(100) == []
    blocked = [event for event in desk.events if isinstance(event, events.SourceBlocked)]
    assert [(event.reason, event.message, event.wait.total_seconds()) for event in blocked] == [
        ("WrongOrganisation", message, 60),
        ("WrongOrganisation", message, 120),
    ]


@in_virtual_time
async def test_a_head_that_has_left_too_many_holes_says_so_and_waits() -> None:
    hole = Hole(start=at("09:00"), end=at("09:01"), tier=0, reason="bad.request", attempts=1, opened_at=at("09:02"))
    before = checkpoint("09:59")
    stands = replace(before, coverage=replace(before.coverage, holes=(hole,) * MOST_HOLES))
    desk = Desk(answer=empty, stands=stands)
    assert await desk.run(100) == []
    blocked = [event for event in desk.events if isinstance(event, events.SourceBlocked)]
    assert [(event.reason, event.message, event.wait.total_seconds()) for event in blocked] == [
        ("TooManyHoles", "the head has left 1,000 holes and waits", 60),
        ("TooManyHoles", "the head has left 1,000 holes and waits", 120),
    ]


@in_virtual_time
async def test_an_organisation_that_can_not_be_asked_for_is_asked_for_again() -> None:
    desk = Desk(answer=empty, organisations=deque([errors.CredentialsRefused("401"), "org-1"]))
    assert (await desk.run(61))[:2] == ["identified org-1", "started 09:54:00-10:00:30"]


# --- stop -----------------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_stop_finishes_the_window_that_is_being_read_and_begins_no_other() -> None:
    desk = Desk(
        answer=lambda read: [timedelta(seconds=5), page(raw(id="a", v=1)), read_end()],
        stands=checkpoint("23:58"),
        clock=LoopClock(origin=at("00:01:30", day=1)),
    )
    assert await desk.run(3) == [
        "started 23:53:00-+1 00:00:00",
        "page 1: a",
        "ended, covers 23:53:00-+1 00:00:00",
    ]
    assert (desk.commits, asyncio.get_running_loop().time()) == (1, 5)


@pytest.mark.parametrize("answer", [empty, lambda read: [errors.CredentialsRefused("401")]])
@in_virtual_time
async def test_a_stop_ends_a_pause_at_once(answer: Callable[[Read], Iterable[Item]]) -> None:
    await Desk(answer=answer).run(7)
    assert asyncio.get_running_loop().time() == 7


@in_virtual_time
async def test_a_cancelled_reader_closes_the_read_that_it_was_in() -> None:
    desk = Desk(answer=lambda read: [page(raw(id="a", v=1)), asyncio.Event()])
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(desk.run(100))
        await asyncio.sleep(5)
        reading.cancel()
    assert desk.source.closed == 1
    assert desk.story == ["started 09:54:00-09:59:30", "page 1: a"]


def test_the_head_of_a_new_source_begins_at_most_a_day_back() -> None:
    now = at("10:00", day=3)
    assert first_head(at("10:00", day=3), now) == now
    assert first_head(at("11:00", day=2), now) == at("11:00", day=2)
    assert first_head(at("09:00", day=1), now) == at("10:00", day=2)
    assert first_head(at("10:00", day=9), now) == at("10:00", day=9)
