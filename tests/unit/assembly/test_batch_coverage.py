"""Coverage in the batch: holes, reads that never ended, watermarks."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from producer import errors, events
from producer.assembly.batch import reason_of
from producer.model import steps
from producer.model.actions import Action
from producer.model.batch import Topic
from producer.model.checkpoint import OpenRead, Published
from producer.model.coverage import Coverage, Hole
from producer.model.instants import to_millis
from producer.model.windows import Interval
from tests.support.assembling import NOW, READ, REFUSED, SPAN, WHOLE, arrived, commit, ended, started, taken, trail
from tests.support.build import at
from tests.support.lane import SOURCE, assembly, checkpoint, values

# --- holes ----------------------------------------------------------------------------------------------------------


def hole(start: str = "10:00", end: str = "10:05", *, reason: str = "bad.request") -> Hole:
    return Hole(start=at(start), end=at(end), tier=0, reason=reason, attempts=1, opened_at=NOW)


def test_a_refused_window_is_a_hole_and_the_head_goes_on() -> None:
    made = taken(started(), steps.Failed(read=READ, error=REFUSED, at=NOW, misses=WHOLE))
    batch, told = commit(made)
    assert trail(batch) == ["r1: EXTRACTION_STARTED", "r1: EXTRACTION_FAILED", "run: HOLE_OPENED"]
    assert batch.checkpoint.coverage == Coverage(since=at("09:00"), watermarks=(at("10:05"),), holes=(hole(),))
    failed, opened = values(batch.records, Topic.AUDIT)[1:]
    assert failed["details"] == {
        "error": '{"code":"bad.request","message":"400: no"}',
        "hole": "true",
        "correlationId": '"c-1"',
    }
    assert opened["details"] == {"window": f'"{SPAN}"', "tier": "0", "reason": '"bad.request"'}
    assert told == [
        events.ReadFailed(
            source=SOURCE,
            read=READ,
            error="WindowRefused",
            message="400: no",
            what_to_do=errors.WindowRefused.what_to_do,
            correlation_id="c-1",
            hole=True,
        ),
        events.HoleOpened(source=SOURCE, hole=hole()),
    ]


def test_a_refused_overlap_was_covered_before_and_opens_no_hole() -> None:
    made = taken(
        started(), steps.Failed(read=READ, error=REFUSED, at=NOW, misses=WHOLE), by=assembly(checkpoint("10:30"))
    )
    batch, told = commit(made)
    assert trail(batch) == ["r1: EXTRACTION_STARTED", "r1: EXTRACTION_FAILED"]
    assert json.loads(values(batch.records, Topic.AUDIT)[1]["details"]["hole"]) is False
    assert [event.hole for event in told if isinstance(event, events.ReadFailed)] == [False]
    assert batch.checkpoint.coverage.holes == ()


def test_what_a_read_left_unread_is_a_hole() -> None:
    batch, told = commit(taken(started(), arrived("a"), ended(unread="too.many")))
    assert trail(batch)[-2:] == ["r1: EXTRACTION_COMPLETED", "run: HOLE_OPENED"]
    assert batch.checkpoint.coverage.holes == (hole(reason="too.many"),)
    assert events.HoleOpened(source=SOURCE, hole=hole(reason="too.many")) in told


def test_a_window_of_parts_with_a_refused_one_is_a_hole() -> None:
    batch, told = commit(taken(steps.Settled(window=WHOLE, read=READ, at=NOW, reason="bad.request")))
    assert trail(batch) == ["run: HOLE_OPENED"]
    assert batch.checkpoint.coverage.holes == (hole(),)
    assert told == [events.HoleOpened(source=SOURCE, hole=hole())]


def test_a_hole_that_the_overlap_reads_after_all_is_closed_as_far_as_it_was_read() -> None:
    before = checkpoint("10:10")
    ledger = replace(before.coverage, holes=(hole("09:58", "10:02"), hole("10:04", "10:05"), hole("10:06", "10:07")))
    made = assembly(replace(before, coverage=ledger))
    batch, told = commit(taken(started(), arrived("a"), ended(), by=made))
    assert trail(batch)[-2:] == ["run: HOLE_CLOSED", "run: HOLE_CLOSED"]
    assert batch.checkpoint.coverage.holes == (hole("09:58", "10:00"), hole("10:06", "10:07"))
    assert [event for event in told if isinstance(event, events.HoleClosed)] == [
        events.HoleClosed(source=SOURCE, hole=hole("09:58", "10:02"), closed=Interval(at("10:00"), at("10:02"))),
        events.HoleClosed(source=SOURCE, hole=hole("10:04", "10:05"), closed=Interval(at("10:04"), at("10:05"))),
    ]


def test_the_reason_of_a_hole_is_bounded() -> None:
    assert reason_of(errors.WindowRefused("no", code="x" * 10_000)) == "x" * 100


def test_a_read_that_is_to_be_made_again_moves_nothing() -> None:
    failed = steps.Failed(read=READ, error=errors.SourceUnavailable("no route"), at=NOW)
    batch, told = commit(taken(started(), arrived("a"), failed))
    assert batch.checkpoint.coverage == checkpoint().coverage
    event = values(batch.records, Topic.AUDIT)[-1]
    assert (event["action"], event["durationMs"], event["totalPagesFetched"], event["totalRecordsExtracted"]) == (
        "EXTRACTION_FAILED",
        60_000,
        1,
        1,
    )
    assert told[-1] == events.ReadFailed(
        source=SOURCE,
        read=READ,
        error="SourceUnavailable",
        message="no route",
        what_to_do=errors.SourceUnavailable.what_to_do,
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (errors.WindowRefused("no", code="bad.request"), "bad.request"),
        (errors.WindowRefused("no"), "WindowRefused"),
        (errors.Malformed("reason", "$", "no"), "Malformed"),
    ],
)
def test_the_reason_of_a_hole_is_the_code_of_the_answer_or_the_class(error: errors.ProducerError, reason: str) -> None:
    assert reason_of(error) == reason


# --- reads that never ended -----------------------------------------------------------------------------------------


def test_a_stop_interrupts_what_is_open() -> None:
    made = taken(started(), arrived("a"), steps.Abandoned(at=NOW))
    assert not made.reading
    batch, told = commit(made)
    assert trail(batch)[-1] == "r1: EXTRACTION_FAILED"
    assert batch.checkpoint.open_reads == ()
    assert batch.checkpoint.coverage == checkpoint().coverage
    assert told[-1] == events.ReadFailed(
        source=SOURCE,
        read=READ,
        error="interrupted",
        message="the read was interrupted",
        what_to_do="nothing: the window is read again",
    )


def test_a_stop_with_nothing_open_says_nothing() -> None:
    assert taken(steps.Abandoned(at=NOW)).empty


def test_reads_that_a_predecessor_left_open_are_told_and_forgotten() -> None:
    left = (OpenRead(request_id="r0", kind="head", subject=SPAN, started_at=at("09:59")),)
    made = assembly(replace(checkpoint(written_at=1), open_reads=left))
    made.interrupted(left, NOW)
    batch, _ = commit(made)
    assert trail(batch) == ["r0: EXTRACTION_FAILED"]
    assert values(batch.records, Topic.AUDIT)[0]["details"] == {
        "error": '{"code":"interrupted","message":"the read was interrupted and is made again"}',
        "hole": "false",
        "subject": f'"{SPAN}"',
        "kind": '"head"',
    }
    assert (batch.checkpoint.open_reads, made.checkpoint.open_reads) == ((), ())


# --- watermarks -----------------------------------------------------------------------------------------------------


def test_nothing_is_promised_before_anything_was_committed() -> None:
    batch, _ = commit(taken(started()))
    assert values(batch.records, Topic.WATERMARKS) == []


def test_a_watermark_rides_in_the_transaction_after_the_one_it_tells_of() -> None:
    made = taken(started(), arrived("a"), ended())
    commit(made, offsets=(4, 5, 6))
    taken(steps.Noted(action=Action.STOPPED, at=NOW), by=made)
    batch, _ = commit(made)
    assert values(batch.records, Topic.WATERMARKS) == [
        {
            "source": "default",
            "headThrough": to_millis(at("10:05")),
            "finalThrough": to_millis(at("10:05")),
            "committedAt": to_millis(NOW),
            "offsets": [4, 5, 6],
            "holes": [],
            "acceptedLosses": [],
        }
    ]
    assert batch.checkpoint.published == Published(head=at("10:05"), final=at("10:05"))


def test_a_successor_tells_what_its_predecessor_committed_last() -> None:
    made = assembly(checkpoint("10:30", written_at=to_millis(at("10:31")), offsets=(7, 8, 9)))
    batch, _ = commit(taken(steps.Noted(action=Action.STARTED, at=NOW), by=made))
    (told,) = values(batch.records, Topic.WATERMARKS)
    assert (told["headThrough"], told["committedAt"], told["offsets"]) == (
        to_millis(at("10:30")),
        to_millis(at("10:31")),
        [7, 8, 9],
    )


def test_a_promise_never_decreases() -> None:
    stands = checkpoint("10:30", written_at=1)
    opened = replace(stands.coverage, holes=(hole("09:10", "09:20"),))
    made = assembly(replace(stands, coverage=opened, published=Published(head=at("10:20"), final=at("10:10"))))
    batch, _ = commit(taken(started(), by=made))
    assert batch.checkpoint.published == Published(head=at("10:20"), final=at("10:10"))


def test_the_final_watermark_is_that_of_the_last_tier() -> None:
    tiers = Coverage(since=at("09:00"), watermarks=(at("10:30"), at("10:00"), at("09:30")))
    made = assembly(replace(checkpoint(written_at=1), coverage=tiers))
    batch, _ = commit(taken(started(), by=made))
    assert batch.checkpoint.published == Published(head=at("10:30"), final=at("09:30"))
