"""What the working copy tells of the future: who is to be asked for, what may be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from producer.kafka.state import StateKey, encode_conversation
from producer.kafka.working_copy import Change, Position, WorkingCopy
from producer.model.batch import Mark, Watched
from producer.model.conversation import Agenda, ConversationState
from producer.model.instants import Millis
from tests.support.sinks import state

POSITION = Position(topic_id=bytes(range(16)), next_offset=1, at=Millis(1_000))


class Planner:
    """An agenda from the facts of a state: due at `start_day`, forgettable from `last_day`, open while not ended."""

    def __init__(self) -> None:
        self.later = 0
        self.restored = 0

    def __call__(self, known: ConversationState, /, *, restoring: bool) -> Agenda:
        self.restored += restoring
        due = Millis(known.start_day + self.later) if known.start_day else None
        return Agenda(due, known.last_day or None, open=not known.ended)


def remembered(name: str, due: int = 0, forget: int = 0, *, ended: bool = True, source: str = "default") -> Change:
    known = replace(state(name), start_day=due, last_day=forget, ended=ended)
    return StateKey(source, name), encode_conversation(known)


@pytest.fixture
def planner() -> Planner:
    return Planner()


@pytest.fixture
def copy(planner: Planner, tmp_path: Path) -> Iterator[WorkingCopy]:
    made = WorkingCopy(tmp_path / "lane-0.sqlite", planner)
    yield made
    made.close()


def test_the_oldest_due_come_first_and_no_more_than_are_wanted(copy: WorkingCopy) -> None:
    copy.apply(
        [
            remembered("a", 30),
            remembered("b", 10),
            remembered("c", 20),
            remembered("d"),
            remembered("e", 5, source="x"),
        ],
        POSITION,
    )
    assert copy.due("default", Millis(9), 10) == []
    assert copy.due("default", Millis(20), 10) == ["b", "c"]
    assert copy.due("default", Millis(99), 2) == ["b", "c"]
    assert copy.due("x", Millis(99), 2) == ["e"]


def test_who_was_asked_for_is_due_again_later(copy: WorkingCopy, planner: Planner) -> None:
    copy.apply([remembered("a", 10), remembered("b", 20)], POSITION)
    planner.later = 100
    copy.asked("default", ["a", "gone"])
    assert copy.due("default", Millis(109), 10) == ["b"]
    assert copy.due("default", Millis(110), 10) == ["b", "a"]


def test_a_change_brings_an_agenda_of_its_own(copy: WorkingCopy) -> None:
    copy.apply([remembered("a", 10, ended=False), remembered("b", 11)], POSITION)
    assert copy.watched("default") == Watched(watched=2, open=1, due_since=Millis(10))
    copy.apply([remembered("a"), (StateKey("default", "b"), None)], POSITION)
    assert copy.due("default", Millis(99), 10) == []
    assert copy.watched("default") == Watched(watched=0, open=0, due_since=None)


def test_what_may_be_forgotten_comes_in_order_and_behind_a_mark(copy: WorkingCopy) -> None:
    copy.apply(
        [remembered("b", forget=3), remembered("a", forget=3), remembered("c", forget=2), remembered("d")], POSITION
    )
    assert copy.forgettable("default", 4, None, 10) == [Mark(2, "c"), Mark(3, "a"), Mark(3, "b")]
    assert copy.forgettable("default", 3, None, 10) == [Mark(2, "c")]
    assert copy.forgettable("default", 4, Mark(3, "a"), 10) == [Mark(3, "b")]
    assert copy.forgettable("default", 4, None, 1) == [Mark(2, "c")]
    assert copy.forgettable("other", 4, None, 1) == []


def test_a_kept_copy_still_knows_who_is_due(copy: WorkingCopy, planner: Planner, tmp_path: Path) -> None:
    copy.apply([remembered("a", 10)], POSITION)
    planner.later = 50
    copy.asked("default", ["a"])
    copy.close()
    again = WorkingCopy(tmp_path / "lane-0.sqlite", planner)
    assert again.due("default", Millis(59), 10) == []
    assert again.due("default", Millis(60), 10) == ["a"]
    again.close()


def test_the_plan_is_told_when_states_are_restored(copy: WorkingCopy, planner: Planner) -> None:
    copy.apply([remembered("a", 10)], POSITION)
    assert planner.restored == 0
    copy.apply([remembered("b", 10)], POSITION, restoring=True)
    assert planner.restored == 1


def test_without_a_plan_nothing_is_due_and_nothing_forgotten(tmp_path: Path) -> None:
    copy = WorkingCopy(tmp_path / "plain.sqlite")
    copy.apply([remembered("a", 10, 10)], POSITION)
    assert copy.due("default", Millis(99), 10) == []
    assert copy.forgettable("default", 99, None, 10) == []
    copy.close()
