"""What a batch makes of reads behind the head: ages, holes that are tried again, absences, forgetting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

import msgspec

from producer import errors
from producer.assembly.batch import Assembly
from producer.model import steps
from producer.model.batch import Batch, Receipt, Topic
from producer.model.conversation import ConversationState
from producer.model.coverage import Coverage, Hole
from producer.model.instants import to_millis
from producer.model.reads import Read, ReadKind
from producer.model.windows import Slice
from tests.support.build import at, page, raw, read_end, told, window
from tests.support.lane import BOUNDS, assembly, checkpoint, tools, values

NOW = at("12:00")
WHOLE = window("09:00", "10:00")
REFUSED = errors.WindowRefused("400: no", code="bad.request")
COVERAGE = Coverage(
    since=at("09:00"),
    watermarks=(at("11:59"), at("09:00"), at("09:00")),
    ages=(timedelta(hours=1), timedelta(hours=2)),
)
AGAIN = Read(request_id="r1", kind=ReadKind.REREAD, slice=Slice(window=WHOLE), tier=1, satisfies=2)
BY_ID = Read(request_id="r2", kind=ReadKind.WATCH, ids=("a", "b", "c"))


def standing(coverage: Coverage = COVERAGE, *, known: Iterable[ConversationState] = ()) -> Assembly:
    states = {state.id: state for state in known}

    def remembered(_source: str, ids: Iterable[str]) -> Mapping[str, ConversationState]:
        return {each: states[each] for each in ids if each in states}

    return assembly(replace(checkpoint(), coverage=coverage), known=remembered)


def taken(made: Assembly, *taken_steps: steps.Step) -> Batch:
    for step in taken_steps:
        made.take(step, NOW)
    return made.build(NOW)


def started(read: Read) -> steps.Started:
    return steps.Started(read=read, at=NOW)


def ended(read: Read) -> steps.Ended:
    return steps.Ended(read=read, end=read_end(), at=NOW, covers=read.slice.window if read.slice else None)


def settled(made: Assembly, batch: Batch) -> None:
    made.committed(batch, Receipt(offsets=(), committed_at=NOW, took=timedelta(0), records=0), NOW)


def test_a_re_read_covers_every_tier_that_it_is_old_enough_for() -> None:
    batch = taken(standing(), started(AGAIN), ended(AGAIN))
    assert batch.checkpoint.coverage.watermarks == (at("11:59"), at("10:00"), at("10:00"))


def test_one_that_fails_is_missed_by_the_tier_that_it_was_due_for_and_by_no_other() -> None:
    failed = steps.Failed(read=AGAIN, error=REFUSED, at=NOW, misses=WHOLE)
    coverage = taken(standing(), started(AGAIN), failed).checkpoint.coverage
    assert coverage.watermarks == (at("11:59"), at("10:00"), at("09:00"))
    assert [(told(hole.interval), hole.tier, hole.attempts) for hole in coverage.holes] == [("09:00:00-10:00:00", 1, 1)]


HOLE = Hole(start=at("09:00"), end=at("10:00"), tier=0, reason="bad.request", attempts=1, opened_at=at("10:00"))
RETRY = Read(request_id="r3", kind=ReadKind.REREAD, slice=Slice(window=WHOLE), tier=0, satisfies=2)


def test_a_hole_that_is_read_is_closed_and_that_is_told() -> None:
    batch = taken(standing(replace(COVERAGE, holes=(HOLE,))), started(RETRY), ended(RETRY))
    assert batch.checkpoint.coverage.holes == ()
    assert [each["action"] for each in values(batch.records, Topic.AUDIT)][-1] == "HOLE_CLOSED"


def test_a_hole_that_fails_again_is_no_new_one() -> None:
    failed = steps.Failed(read=RETRY, error=REFUSED, at=NOW, misses=WHOLE)
    batch = taken(standing(replace(COVERAGE, holes=(HOLE,))), started(RETRY), failed)
    assert batch.checkpoint.coverage.holes == (replace(HOLE, attempts=2),)
    assert [each["action"] for each in values(batch.records, Topic.AUDIT)] == [
        "EXTRACTION_STARTED",
        "EXTRACTION_FAILED",
    ]


# --- by id ----------------------------------------------------------------------------------------------------------

A, B = (ConversationState(id=each, watch="open", start_day=20_000) for each in "ab")


def test_what_was_asked_for_and_is_not_there_is_remembered_as_absent() -> None:
    found = steps.Arrived(read=BY_ID, page=page(raw(id="a", v=1)))
    batch = taken(standing(known=[A, B]), started(BY_ID), found, ended(BY_ID))
    states = {state.id: state for state in batch.states}
    assert (states["a"].absent_reads, states["b"].absent_reads) == (0, 1)
    assert states["b"].absent_since == to_millis(NOW)
    assert "c" not in states  # nothing is known of it: nothing to remember
    details = values(batch.records, Topic.AUDIT)[-1]["details"]
    assert (details["absent"], details["gone"]) == ("2", "0")


def test_what_is_gone_is_told() -> None:
    long_absent = msgspec.structs.replace(B, absent_reads=9, absent_since=to_millis(at("10:00", day=-8)))
    read = replace(BY_ID, ids=("b",))
    batch = taken(standing(known=[long_absent]), started(read), ended(read))
    assert [state.watch for state in batch.states] == [None]
    assert values(batch.records, Topic.AUDIT)[-1]["details"]["gone"] == "1"


def test_what_nobody_looked_after_is_absent_and_not_given_up() -> None:
    read = replace(BY_ID, ids=("b",))
    batch = taken(standing(known=[msgspec.structs.replace(B, watch=None)]), started(read), ended(read))
    details = values(batch.records, Topic.AUDIT)[-1]["details"]
    assert (details["absent"], details["gone"]) == ("1", "0")


def test_adoption_is_remembered() -> None:
    made = standing()
    assert not taken(made).checkpoint.adoption_done
    assert taken(made, steps.Adopted(at=NOW)).checkpoint.adoption_done


# --- forgetting -----------------------------------------------------------------------------------------------------


def test_what_may_be_forgotten_goes_from_the_state_and_is_no_longer_tracked() -> None:
    made = standing(known=[A, B])
    batch = taken(made, steps.Forgotten(ids=("a", "b", "c")))
    assert batch.forgotten == ("a", "b")
    assert batch.checkpoint.horizon_day == checkpoint().horizon_day  # they began long before it
    settled(made, batch)
    assert made.tracked == -2
    assert taken(made).forgotten == ()


def test_what_began_when_something_forgotten_did_may_have_had_earlier_states() -> None:
    day = checkpoint().horizon_day
    younger = msgspec.structs.replace(A, start_day=day + 3)
    batch = taken(standing(known=[younger, B]), steps.Forgotten(ids=("a", "b")))
    assert batch.checkpoint.horizon_day == day + 4


def test_what_changed_in_the_meantime_is_kept() -> None:
    changed = steps.Arrived(read=BY_ID, page=page(raw(id="a", v=2)))
    batch = taken(standing(known=[A, B]), started(BY_ID), changed, steps.Forgotten(ids=("a", "b")))
    assert batch.forgotten == ("b",)


def test_what_is_returned_in_the_same_batch_is_kept() -> None:
    returned = steps.Arrived(read=BY_ID, page=page(raw(id="a", v=2), raw(id="b", stale=1)))
    batch = taken(standing(known=[A, B]), started(BY_ID), steps.Forgotten(ids=("a", "b")), returned)
    assert batch.forgotten == ()


def test_what_coverage_does_not_allow_is_kept() -> None:
    asked: list[Coverage] = []

    def never(_state: ConversationState, coverage: Coverage) -> bool:
        asked.append(coverage)
        return False

    known = {"a": A}
    made = Assembly(
        replace(tools(lambda _source, ids: {each: known[each] for each in ids if each in known}), may_forget=never),
        BOUNDS,
        replace(checkpoint(), coverage=COVERAGE),
    )
    batch = taken(made, started(AGAIN), ended(AGAIN), steps.Forgotten(ids=("a",)))
    assert batch.forgotten == ()
    assert asked == [batch.checkpoint.coverage]  # as it will be with this very batch
