"""The names that a record carries, what it lacks, and when it goes out again for one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace

from producer.model.conversation import ConversationState
from producer.model.names import NameKind
from producer.model.outcome import Change, Emitted, Outcome, Stale, Unchanged
from producer.transform.names import Names, belong, names_of
from producer.transform.normalize import Normalizer
from producer.transform.revision import Comparison
from tests.support.conversations import (
    MINUTE,
    NOON,
    SCHEMA,
    conversation,
    participant,
    seen,
    segment,
    session,
    sighting,
)
from tests.support.name_book import Book

QUEUE = "11111111-0000-4000-8000-000000000001"
CODE = "22222222-0000-4000-8000-000000000002"
MISSING = (f"queue:{QUEUE}", f"wrapup:{CODE}")
ANA, ZOE = "33333333-0000-4000-8000-000000000003", "44444444-0000-4000-8000-000000000004"
HOME = "55555555-0000-4000-8000-000000000005"
IDS: dict[str, Any] = {"queueId": QUEUE, "wrapUpCode": CODE, "userIds": [], "divisionIds": []}
NOBODY: dict[str, Any] = {"userNames": {}, "divisionNames": {}}


def handled(code: str = CODE, **fields: Any) -> dict[str, Any]:
    """A conversation that a queue offered and an agent wrapped up."""
    return conversation(
        participant("acd", session(segment("10:00:01", queueId=QUEUE))),
        participant("agent", session(segment("10:01:00", "10:02:00", segmentType="wrapup", wrapUpCode=code))),
        conversationEnd="2025-03-10T11:00:00.000Z",
        **fields,
    )


@dataclass
class World:
    """What is remembered, and a directory that learns when the test says so."""

    known: dict[str, str] = field(default_factory=dict)
    states: dict[str, ConversationState] = field(default_factory=dict)
    waits: Collection[str] = ()

    @property
    def comparison(self) -> Comparison:
        return Comparison(Normalizer(SCHEMA.text), Book(self.known, self.waits))

    def see(self, content: Any, at: int = NOON) -> Outcome:
        outcome = self.comparison(seen(content), self.states.get, sighting(at))
        state = getattr(outcome, "state", None)
        if state is not None:
            self.states[state.id] = state
        return outcome

    def emit(self, content: Any, at: int = NOON) -> Emitted:
        outcome = self.see(content, at)
        assert isinstance(outcome, Emitted), outcome
        return outcome


def named(outcome: Emitted) -> tuple[str | None, str | None, tuple[str, ...]]:
    return outcome.record["queueName"], outcome.record["wrapUpCodeName"], outcome.state.names_missing


def test_names_that_are_known_are_told_and_the_others_are_missing() -> None:
    assert names_of(IDS, Book({MISSING[0]: "Support"})) == Names(
        fields={"queueName": "Support", "wrapUpCodeName": None, **NOBODY}, missing=MISSING[1:], told=MISSING[:1]
    )


def test_of_users_and_divisions_each_name_stands_by_its_id() -> None:
    record = {**IDS, "queueId": None, "wrapUpCode": None, "userIds": [ANA, ZOE], "divisionIds": [HOME]}
    found = names_of(record, Book({f"user:{ZOE}": "Zoë", f"division:{HOME}": "Home"}))
    assert found == Names(
        fields={"userNames": {ZOE: "Zoë"}, "divisionNames": {HOME: "Home"}},
        missing=(f"user:{ANA}",),
        told=(f"user:{ZOE}", f"division:{HOME}"),
    )


def test_of_kinds_that_are_not_looked_up_nothing_is_told_and_nothing_missing() -> None:
    record = {**IDS, "userIds": [ANA], "divisionIds": [HOME]}
    found = names_of(record, Book({f"user:{ANA}": "Ana"}, kinds=[NameKind.DIVISION, NameKind.WRAP_UP]))
    assert found == Names(fields={"wrapUpCodeName": None, **NOBODY}, missing=(MISSING[1], f"division:{HOME}"))


def test_without_a_directory_nothing_is_told_and_nothing_missing() -> None:
    assert names_of(IDS, None) == Names(fields={})


def test_a_name_that_content_tells_stays_as_it_is() -> None:
    record = {**IDS, "queueName": "told", "wrapUpCode": None, "wrapUpCodeName": None}
    assert names_of(record, Book({MISSING[0]: "never"})) == Names(fields=NOBODY)


def test_what_is_no_id_has_no_name_and_lacks_none() -> None:
    record = {**IDS, "queueId": None, "wrapUpCode": "ININ-WRAP-UP-TIMEOUT", "userIds": ["nobody"]}
    assert names_of(record, Book()) == Names(fields=NOBODY)


@pytest.mark.parametrize(
    ("field", "names", "expected"),
    [
        ("queueName", None, True),
        ("queueName", "Support", True),
        ("wrapUpCodeName", "Resolved", False),
        ("userNames", {}, True),
        ("userNames", {ANA: "Ana"}, True),
        ("userNames", {ZOE: "Zoë"}, False),
        ("divisionNames", {HOME: "Home"}, False),
    ],
)
def test_names_belong_to_the_ids_of_their_record(field: str, names: Any, expected: object) -> None:
    assert belong(field, names, {**IDS, "wrapUpCode": None, "userIds": [ANA]}) is expected


def test_a_record_goes_out_at_once_and_again_with_its_names_once_they_are_known() -> None:
    world = World()
    first = world.emit(handled())
    assert (first.change, named(first)) == (Change.NEW, (None, None, MISSING))
    assert world.see(handled(), NOON + MINUTE) == Unchanged()
    world.known = dict(zip(MISSING, ("Support", "Resolved"), strict=True))
    again = world.emit(handled(), NOON + 2 * MINUTE)
    assert (again.change, named(again)) == (Change.NAMED, ("Support", "Resolved", ()))
    assert (again.state.revision, again.state.version, again.state.as_of) == (2, NOON + 2 * MINUTE, NOON + 2 * MINUTE)
    assert again.record["contentHash"] == first.record["contentHash"]
    assert world.see(handled(), NOON + 3 * MINUTE) == Unchanged()


def test_a_name_that_is_known_at_first_makes_one_record() -> None:
    world = World(known=dict(zip(MISSING, ("Support", "Resolved"), strict=True)))
    first = world.emit(handled())
    assert (named(first), first.state.names_told) == (("Support", "Resolved", ()), ())
    assert world.see(handled(), NOON + MINUTE) == Unchanged()


def test_a_renamed_queue_alone_makes_no_record_and_the_next_one_carries_the_new_name() -> None:
    world = World(known=dict(zip(MISSING, ("Support", "Resolved"), strict=True)))
    world.emit(handled())
    world.known[MISSING[0]] = "Service"
    assert world.see(handled(), NOON + MINUTE) == Unchanged()
    assert named(world.emit(handled(externalTag="t"), NOON + 2 * MINUTE)) == ("Service", "Resolved", ())


def test_one_name_at_a_time_when_that_is_how_they_become_known() -> None:
    world = World()
    world.emit(handled())
    world.known[MISSING[1]] = "Resolved"
    assert named(world.emit(handled(), NOON + MINUTE)) == (None, "Resolved", MISSING[:1])
    assert world.see(handled(), NOON + 2 * MINUTE) == Unchanged()
    world.known[MISSING[0]] = "Support"
    assert named(world.emit(handled(), NOON + 3 * MINUTE)) == ("Support", "Resolved", ())


def test_while_another_name_is_looked_up_none_is_sent() -> None:
    world = World(waits=MISSING)
    world.emit(handled())
    world.known[MISSING[1]] = "Resolved"
    assert world.see(handled(), NOON + MINUTE) == Unchanged()
    world.waits = ()  # the organisation does not know the queue
    assert named(world.emit(handled(), NOON + 2 * MINUTE)) == (None, "Resolved", MISSING[:1])


def test_no_name_is_taken_away_for_another() -> None:
    world = World(known={MISSING[0]: "Support"})
    world.emit(handled())
    world.known = {MISSING[1]: "Resolved"}  # after a restart the queue is not looked up yet
    assert world.see(handled(), NOON + MINUTE) == Unchanged()
    assert world.states["c-1"].names_told == MISSING[:1]
    assert not world.comparison.named_since(world.states["c-1"])
    world.known[MISSING[0]] = "Support"
    assert named(world.emit(handled(), NOON + 2 * MINUTE)) == ("Support", "Resolved", ())


def test_changed_content_goes_out_with_what_is_known_then_and_counts_as_a_change() -> None:
    world = World()
    world.emit(handled())
    world.known[MISSING[0]] = "Support"
    changed = world.emit(handled(externalTag="t"), NOON + MINUTE)
    assert (changed.change, named(changed)) == (Change.CHANGED, ("Support", None, MISSING[1:]))


def test_the_same_content_in_other_bytes_is_named_as_well() -> None:
    world = World()
    world.emit(handled())
    other = handled(externalTag=None)
    assert isinstance(world.see(other, NOON + MINUTE), Unchanged)
    world.known[MISSING[0]] = "Support"
    assert world.emit(handled(), NOON + 2 * MINUTE).change is Change.NAMED


def test_an_older_answer_names_but_does_not_go_back_in_time() -> None:
    world = World()
    world.emit(handled())
    world.known[MISSING[0]] = "Support"
    again = world.emit(handled(), NOON - MINUTE)
    assert (again.change, again.record["asOf"], again.record["version"]) == (Change.NAMED, NOON, NOON + 1)
    assert world.see(handled(externalTag="t"), NOON - MINUTE) == Stale()


def test_what_was_redacted_is_never_named() -> None:
    world = World()
    state = world.emit(handled()).state
    world.states[state.id] = replace(state, redacted=True)
    world.known[MISSING[0]] = "Support"
    assert world.see(handled(), NOON + MINUTE) == Unchanged()


def test_attributes_and_their_instant_are_repeated_beside_a_name() -> None:
    world = World()
    content = handled()
    content["participants"][0]["attributes"] = {"k": "v"}
    first = world.emit(content)
    world.known[MISSING[0]] = "Support"
    again = world.emit(handled(), NOON + MINUTE)
    told = [(each.record["attributes"], each.record["attributesAsOf"]) for each in (first, again)]
    assert (again.change, told) == (Change.NAMED, [({"k": "v"}, NOON)] * 2)
