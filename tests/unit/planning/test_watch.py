from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace as replace_state

from producer.model.conversation import ConversationState, PendingRegression
from producer.model.coverage import Coverage, Hole
from producer.model.instants import DAY, Millis, from_millis, to_millis
from producer.model.reads import ReadKind
from producer.model.windows import Ended
from producer.planning.watch import WatchPolicy, adoption, agenda_of, forgettable_before, may_forget, open_every
from tests.support.build import at, told

POLICY = WatchPolicy()
TODAY = to_millis(at("00:00")) // DAY
MINUTE = timedelta(minutes=1)


def state(
    watch: str | None = "open", *, born: int = 0, seen: datetime | None = None, **facts: Any
) -> ConversationState:
    """A conversation that began `born` days before the tests' day and was last emitted at `seen`."""
    return ConversationState(
        id=facts.pop("id", "c-1"),
        watch=watch,
        start_day=TODAY - born,
        last_day=facts.pop("last_day", TODAY - born),
        ended=watch is None or not watch.startswith("open"),
        as_of=to_millis(seen or at("10:00")),
        **facts,
    )


def due(known: ConversationState, now: datetime, *, restoring: bool = False) -> datetime | None:
    turn = agenda_of(known, now, POLICY, restoring=restoring).due
    return None if turn is None else from_millis(turn)


def test_where_nothing_can_be_asked_for_by_id_nothing_is_ever_due() -> None:
    windows_alone = WatchPolicy(by_id=False)
    doubted = PendingRegression(fingerprint=b"x", seen_at=Millis(0))
    states = [state(), state("wrapup,email"), state("message"), state(None, regression=doubted)]
    assert {agenda_of(each, at("10:00"), windows_alone).due for each in states} == {None}
    assert [agenda_of(each, at("10:00"), windows_alone).open for each in states] == [True, False, False, False]


@pytest.mark.parametrize(("born", "forgotten"), [(399, False), (400, False), (401, True)])
def test_there_an_open_one_is_forgotten_when_no_source_keeps_it_any_more(born: int, forgotten: bool) -> None:  # noqa: FBT001
    known, now = state(born=born), at("10:00")
    passed = Coverage.beginning(since=now - timedelta(days=900), head=now, ages=(timedelta(hours=1),), at=now)
    passed = replace(passed, watermarks=(now, now), holes=())
    assert may_forget(known, passed, now, WatchPolicy(by_id=False)) is forgotten
    assert may_forget(known, passed, now, POLICY) is False
    doubted = replace_state(known, regression=PendingRegression(fingerprint=b"x", seen_at=Millis(0)))
    assert may_forget(doubted, passed, now, WatchPolicy(by_id=False)) is forgotten


def test_an_open_one_of_today_is_due_within_a_minute_after_midnight() -> None:
    turns = [due(state(id=f"c-{number}"), at("10:00")) for number in range(200)]
    midnight = at("00:00", day=1)
    assert all(turn is not None and midnight <= turn <= midnight + MINUTE for turn in turns)
    assert len(set(turns)) > 190  # spread, so that they don't all come at once


@pytest.mark.parametrize(
    ("born", "wait"),
    [
        (1, timedelta(minutes=1)),
        (2, timedelta(minutes=15)),
        (7, timedelta(minutes=15)),
        (8, timedelta(hours=1)),
        (90, timedelta(hours=1)),
        (91, timedelta(days=7)),
    ],
)
def test_the_older_an_open_one_is_the_less_often_it_is_asked_for(born: int, wait: timedelta) -> None:
    assert open_every(born) == wait
    assert due(state(born=born), at("10:00")) == at("10:00") + wait


def test_what_was_absent_is_asked_for_once_an_hour_at_most() -> None:
    assert due(state(born=1, absent_reads=1), at("10:00")) == at("11:00")
    assert due(state(born=100, absent_reads=1), at("10:00")) == at("10:00") + timedelta(days=7)


def test_after_a_restore_the_turns_are_spread() -> None:
    turns = [due(state(id=f"c-{number}", born=3), at("10:00"), restoring=True) for number in range(200)]
    assert all(turn is not None and at("10:00") <= turn <= at("10:15") for turn in turns)
    assert len(set(turns)) > 190


def test_restarts_do_not_put_a_turn_off() -> None:
    for number in range(50):
        known = state("email", seen=at("10:00"), id=f"c-{number}")
        restarts = [at("10:00") + timedelta(hours=5) * each for each in range(10)]
        turns = [due(known, restart, restoring=True) for restart in restarts]
        went_by = [turn for turn, following in zip(turns, restarts[1:], strict=False) if turn and turn < following]
        assert len(went_by) in (1, 2)  # in 45 hours, a turn every 24


@pytest.mark.parametrize(
    ("watch", "every", "span"),
    [
        ("wrapup", timedelta(minutes=5), POLICY.wrap_up),
        ("message", timedelta(days=1), POLICY.message),
        ("email", timedelta(days=1), POLICY.email),
        ("wrapup,email", timedelta(minutes=5), POLICY.wrap_up),
    ],
)
def test_what_has_ended_is_asked_for_as_long_as_it_may_change(watch: str, every: timedelta, span: timedelta) -> None:
    seen = at("10:00")
    known = state(watch, seen=seen)
    assert due(known, seen) == seen + every
    assert due(known, seen + span - every) == seen + span


def test_after_that_it_is_asked_for_no_more() -> None:
    assert due(state("message", seen=at("10:00")), at("10:01", day=2)) is None
    assert due(state("wrapup,email", seen=at("10:00")), at("14:00")) == at("14:00", day=1)
    assert due(state(None), at("10:00")) is None


def test_a_state_that_looked_older_is_asked_for_again_after_a_minute() -> None:
    doubted = state(None, regression=PendingRegression(fingerprint=b"", seen_at=to_millis(at("10:00"))))
    assert due(doubted, at("10:00")) == at("10:01")
    assert due(doubted, at("12:00")) == at("12:01")  # it was not there the last time


def test_nothing_is_asked_of_what_was_redacted() -> None:
    assert agenda_of(state(born=3, redacted=True), at("10:00"), POLICY) == (None, None, True)


# --- forgetting -----------------------------------------------------------------------------------------------------


def ledger(*marks: datetime, holes: tuple[Hole, ...] = ()) -> Coverage:
    return Coverage(since=at("00:00", day=-60), watermarks=marks, ages=(MINUTE,) * (len(marks) - 1), holes=holes)


READ = ledger(at("10:00"), at("09:00"))


@pytest.mark.parametrize(
    ("known", "forgotten"),
    [
        (state(None, born=1, seen=at("23:00", day=-1)), True),
        (state(None, born=0), False),
        (state(None, born=3, last_day=TODAY), False),
        (state("open", born=40), False),
        (state("message", born=9, seen=at("10:00", day=-4)), True),
        (state("message", born=9, seen=at("10:00", day=-3)), False),
        (state("email", born=40, seen=at("10:00", day=-31)), True),
        (state(None, born=40, seen=at("10:00", day=-31), redacted=True), False),
        (
            state(
                None,
                born=9,
                seen=at("10:00", day=-9),
                regression=PendingRegression(fingerprint=b"", seen_at=to_millis(at("09:59"))),
            ),
            False,
        ),
    ],
)
def test_what_nothing_is_expected_of_may_be_forgotten(known: ConversationState, *, forgotten: bool) -> None:
    assert may_forget(known, READ, at("10:00"), POLICY) is forgotten


def test_it_is_kept_until_every_tier_has_passed_its_days() -> None:
    known = state(None, born=2, seen=at("23:00", day=-2))
    assert may_forget(known, ledger(at("10:00"), at("00:00", day=-1)), at("10:00"), POLICY)
    assert not may_forget(known, ledger(at("10:00"), at("23:59", day=-2)), at("10:00"), POLICY)


@pytest.mark.parametrize(("start", "kept"), [(-3, False), (-2, True), (-1, False)])
def test_it_is_kept_while_a_hole_lies_in_its_days(start: int, *, kept: bool) -> None:
    hole = Hole(
        start=at("10:00", day=start), end=at("11:00", day=start), tier=0, reason="", attempts=1, opened_at=at("09:00")
    )
    known = state(None, born=2, seen=at("23:00", day=-2))
    assert may_forget(known, replace(READ, holes=(hole,)), at("10:00"), POLICY) is not kept


def test_only_days_that_every_tier_has_passed_are_looked_through() -> None:
    assert forgettable_before(READ, at("10:00")) == TODAY
    assert forgettable_before(ledger(at("10:00"), at("09:00", day=-8)), at("10:00")) == TODAY - 8
    assert forgettable_before(READ, at("10:00", day=-1)) == TODAY - 1


# --- adoption -------------------------------------------------------------------------------------------------------


def test_adoption_asks_for_what_is_open_day_by_day_the_youngest_first() -> None:
    dues = adoption(at("10:00:00.250"), WatchPolicy(adopt=timedelta(days=2)))
    assert [told(due.slice.window) for due in dues if due.slice] == [
        "00:00:00-10:00:00",
        "-1 00:00:00-00:00:00",
        "-2 00:00:00--1 00:00:00",
    ]
    assert {(due.kind, due.slice.ended, due.covers) for due in dues if due.slice} == {
        (ReadKind.WATCH, Ended.OPEN, False)
    }
