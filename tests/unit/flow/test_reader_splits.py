"""Windows that are read in parts: what covers them, and what makes them a hole."""

from __future__ import annotations

from collections.abc import Iterable

from producer import errors
from producer.model.reads import Read, Split
from producer.model.windows import Direction, Ended, Slice
from tests.support.build import at, in_the_middle, page, raw, read_end, told
from tests.support.desk import Desk
from tests.support.scripted_source import Item
from tests.support.virtual_time import in_virtual_time


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
