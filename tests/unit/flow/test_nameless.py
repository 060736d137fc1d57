"""Asking again for what was sent without a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from producer.flow.behind import Chore
from producer.flow.nameless import Nameless
from producer.flow.naming import Naming
from producer.model.conversation import ConversationState
from producer.model.names import NameKey, NameKind
from producer.model.reads import Due, ReadKind
from producer.planning.names import Directory, DirectoryPolicy
from tests.support.memory_sink import MemorySink
from tests.support.virtual_time import LOOP_BEGAN

MINUTE = timedelta(minutes=1)
QUEUE = NameKind.QUEUE


def state(number: int, **fields: object) -> ConversationState:
    known = {"id": f"c-{number:04d}", "names_missing": (f"queue:q{number % 2}",)} | fields
    return ConversationState(**known)  # type: ignore[arg-type] # fields of any type


@dataclass
class Asking:
    """The chore of a lane whose sink remembers these; time moves when the test says so."""

    states: list[ConversationState]
    now_is: datetime = LOOP_BEGAN

    def __post_init__(self) -> None:
        self.sink = MemorySink(clock=self)
        self.sink.states["default"] = {each.id: each for each in self.states}
        self.directory = Directory(DirectoryPolicy())
        naming = Naming(name="default", source=self, clock=self, observe=print, directory=self.directory)
        self.chore = Nameless(name="default", sink=self.sink, clock=self, naming=naming)

    def now(self) -> datetime:
        return self.now_is

    async def sleep(self, duration: timedelta) -> None:
        raise AssertionError("nothing sleeps here")

    async def names(self, kind: NameKind, ids: Sequence[str]) -> Mapping[str, str]:
        raise AssertionError("nothing is looked up here")

    def pass_by(self, minutes: int) -> None:
        self.now_is += minutes * MINUTE

    def learn(self, *ids: str) -> None:
        for each in ids:
            self.directory.find(NameKey(QUEUE, each).text, self.now_is)
        self.directory.answered(QUEUE, ids, {each: each.upper() for each in ids}, self.now_is)

    def next(self) -> Chore | None:
        chore = self.chore.next()
        if chore is not None and chore.after is not None:
            chore.after()
        return chore

    def asked(self) -> list[tuple[str, ...]]:
        """The ids of the whole look, call by call."""
        calls = []
        while (chore := self.next()) is not None:
            calls += [due.ids for due in chore.reads]
            assert all(due == Due(kind=ReadKind.WATCH, ids=due.ids, covers=False) for due in chore.reads)
        return calls


def test_those_whose_name_is_known_by_now_are_asked_for_a_hundred_at_a_time() -> None:
    world = Asking([state(number) for number in range(500)])
    assert world.next() is None
    world.learn("q0")
    world.pass_by(5)
    calls = world.asked()
    assert [len(ids) for ids in calls] == [100, 100, 50]
    assert [each for ids in calls for each in ids] == [f"c-{number:04d}" for number in range(0, 500, 2)]


def test_many_that_stay_without_a_name_are_looked_through_page_by_page() -> None:
    world = Asking([state(2 * number) for number in range(2_500)] + [state(9_999)])
    world.next()
    world.learn("q1")
    world.pass_by(5)
    first = world.next()
    assert first is not None
    assert (first.reads, first.more) == ((), False)
    assert world.asked() == [("c-9999",)]


def test_nothing_is_looked_through_before_something_is_learned_or_too_often() -> None:
    world = Asking([state(0)])
    world.next()
    world.pass_by(5)
    assert world.asked() == []  # the first look: it makes what is missing wanted
    assert world.directory.next(QUEUE, world.now_is) == ("q0",)
    world.pass_by(60)
    assert world.next() is None
    world.learn("q0")
    assert world.asked() == [("c-0000",)]
    world.learn("q7")
    world.pass_by(4)
    assert world.next() is None
    world.pass_by(1)
    assert world.asked() == [("c-0000",)]  # still without: what was read did not come through


def test_what_was_asked_for_and_was_not_there_is_not_asked_for_its_name() -> None:
    world = Asking([state(0, absent_reads=1), state(2)])
    world.next()
    world.learn("q0")
    world.pass_by(5)
    assert world.asked() == [("c-0002",)]


def test_a_name_is_not_asked_for_while_another_would_be_lost_for_it() -> None:
    world = Asking([state(0, names_told=("queue:q1",))])
    world.next()
    world.learn("q0")
    world.pass_by(5)
    assert world.asked() == []
    assert world.directory.next(QUEUE, world.now_is) == ("q1",)
    world.learn("q1")
    world.pass_by(5)
    assert world.asked() == [("c-0000",)]


def test_once_it_is_clear_that_the_other_name_is_not_to_be_had_the_one_is_asked_for() -> None:
    world = Asking([state(0, names_missing=("queue:q0", "queue:q1"))])
    world.next()
    world.learn("q0")
    world.pass_by(5)
    assert world.asked() == []  # the other one is awaited
    world.directory.answered(QUEUE, ["q1"], {}, world.now_is)
    world.pass_by(5)
    assert world.asked() == [("c-0000",)]


def test_a_call_that_fails_is_made_again() -> None:
    world = Asking([state(number) for number in range(0, 400, 2)])
    world.next()
    world.learn("q0")
    world.pass_by(5)
    failed = world.chore.next()
    assert failed is not None
    assert [due.ids for due in failed.reads] == [world.asked()[0]]
