from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from producer.errors import SinkUnavailable
from producer.kafka import working_copy
from producer.kafka.state import StateKey, encode_checkpoint, encode_conversation, encode_delivery
from producer.kafka.working_copy import Change, Position, WorkingCopy
from producer.model.conversation import ConversationState
from producer.model.instants import Millis
from tests.support.sinks import checkpoint, state
from tests.support.webhook import delivery

TOPIC = bytes(range(16))


def position(next_offset: int) -> Position:
    return Position(topic_id=TOPIC, next_offset=next_offset, at=Millis(1_000))


def remembered(conversation_id: str, revision: int = 1, source: str = "default") -> Change:
    return StateKey(source, conversation_id), encode_conversation(state(conversation_id, revision))


@pytest.fixture(params=["temporary", "kept"])
def copy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WorkingCopy]:
    made = WorkingCopy(None if request.param == "temporary" else tmp_path / "lane-0.sqlite")
    yield made
    made.close()


def test_an_empty_copy_knows_nothing(copy: WorkingCopy) -> None:
    assert (copy.position(), copy.checkpoints(), copy.conversations()) == (None, {}, 0)
    assert copy.known("default", ["a"]) == {}


def test_what_was_applied_is_known_by_source(copy: WorkingCopy) -> None:
    copy.apply([remembered("a"), remembered("a", 2), remembered("b"), remembered("a", 9, "emea")], position(4))
    copy.apply([(StateKey("default"), encode_checkpoint(checkpoint(3)))], position(6))
    assert copy.known("default", ["a", "b", "c", "a"]) == {"a": state("a", 2), "b": state("b")}
    assert copy.known("emea", ["a", "b"]) == {"a": state("a", 9)}
    assert (copy.position(), copy.conversations()) == (position(6), 3)
    assert copy.checkpoints() == {"default": checkpoint(3)}


def test_what_was_asked_for_before_is_known_as_it_is_now(copy: WorkingCopy) -> None:
    copy.apply([remembered("a"), remembered("b"), remembered("c")], position(3))
    assert copy.known("default", ["a", "b", "c"]) == {each: state(each) for each in "abc"}
    copy.apply([remembered("a", 2), (StateKey("default", "b"), None)], position(5))
    assert copy.known("default", ["a", "b", "c"]) == {"a": state("a", 2), "c": state("c")}
    copy.clear(position(6))
    assert copy.known("default", ["a", "b", "c"]) == {}


def test_it_holds_only_so_many_states_ready(copy: WorkingCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working_copy, "_RECENT", 2)
    copy.apply([remembered(each) for each in "abc"], position(3))
    for _ in range(2):
        assert copy.known("default", "abc") == {each: state(each) for each in "abc"}
        assert len(copy._recent["default"]) == 2


def test_a_null_value_forgets(copy: WorkingCopy) -> None:
    copy.apply([remembered("a"), remembered("b"), (StateKey("default"), encode_checkpoint(checkpoint(1)))], position(3))
    copy.apply([(StateKey("default", "a"), None), (StateKey("default"), None)], position(5))
    copy.apply([(StateKey("default", "b"), None), remembered("b", 2)], position(7))
    assert copy.known("default", ["a", "b"]) == {"b": state("b", 2)}
    assert (copy.checkpoints(), copy.conversations()) == ({}, 1)


def test_pending_deliveries_are_beside_conversations_of_the_same_id_until_they_are_settled(copy: WorkingCopy) -> None:
    younger, older = delivery("a", "10:01"), delivery("b", "10:00", source="emea")
    kept = [(StateKey(each.source, each.id, delivery=True), encode_delivery(each)) for each in (younger, older)]
    copy.apply([remembered("a"), *kept], position(3))
    assert copy.deliveries() == ((older, younger), ())
    assert (copy.known("default", ["a"]), copy.conversations()) == ({"a": state("a")}, 1)
    copy.apply([(StateKey("default", "a", delivery=True), None)], position(5))
    assert copy.deliveries() == ((older,), ())
    assert copy.known("default", ["a"]) == {"a": state("a")}
    copy.clear(position(6))
    assert copy.deliveries() == ((), ())


def test_a_delivery_that_cannot_be_read_keeps_none_of_the_others_from_being_delivered(copy: WorkingCopy) -> None:
    sound = delivery("a")
    broken = (StateKey("emea", "b", delivery=True), encode_delivery(sound)[:1] + b"{")
    copy.apply([broken, (StateKey("default", "a", delivery=True), encode_delivery(sound))], position(3))
    readable, (unreadable,) = copy.deliveries()
    assert readable == (sound,)
    assert (unreadable.source, unreadable.id) == ("emea", "b")
    assert unreadable.why.startswith("a pending delivery in the state topic can't be read: ")


def test_many_ids_of_any_spelling_are_found(copy: WorkingCopy) -> None:
    ids = [f"id {number} \"'|ключ\u0000" for number in range(1_201)]
    copy.apply([remembered(each) for each in ids], position(1))
    assert copy.known("default", ids) == {each: state(each) for each in ids}


def test_clear_begins_anew(copy: WorkingCopy) -> None:
    copy.apply([remembered("a"), (StateKey("default"), encode_checkpoint(checkpoint(1)))], position(2))
    copy.clear(position(0))
    assert (copy.known("default", ["a"]), copy.checkpoints(), copy.position()) == ({}, {}, position(0))


def test_a_closed_copy_says_so(copy: WorkingCopy) -> None:
    copy.close()
    assert copy.closed
    with pytest.raises(SinkUnavailable, match="the working copy of the state is closed"):
        copy.known("default", ["a"])


def test_a_kept_copy_survives(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "lane-0.sqlite"
    first = WorkingCopy(path)
    first.apply([remembered("a")], position(2))
    first.close()
    second = WorkingCopy(path)
    assert (second.position(), second.known("default", ["a"])) == (position(2), {"a": state("a")})
    second.close()


def test_a_kept_copy_belongs_to_one_process_at_a_time(tmp_path: Path) -> None:
    owner = WorkingCopy(tmp_path / "lane-0.sqlite")
    owner.apply([remembered("a")], position(2))
    with pytest.raises(SinkUnavailable, match=r"lane-0\.sqlite\) failed: database is locked"):
        WorkingCopy(tmp_path / "lane-0.sqlite")
    assert owner.known("default", ["a"]) == {"a": state("a")}
    owner.close()


def _garbage(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1_000)


def _damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4_096:] = bytes(len(content) - 4_096)
    path.write_bytes(content)


def _of_another_layout(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize("spoil", [_garbage, _damaged, _of_another_layout])
def test_a_copy_that_is_not_sound_is_made_anew(tmp_path: Path, spoil: object) -> None:
    path = tmp_path / "lane-0.sqlite"
    first = WorkingCopy(path)
    first.apply([remembered(f"id{number}") for number in range(500)], position(2))
    first.close()
    assert callable(spoil)
    spoil(path)
    second = WorkingCopy(path)
    assert (second.position(), second.conversations()) == (None, 0)
    second.apply([remembered("a")], position(1))
    second.close()


def test_a_folder_that_can_not_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SinkUnavailable, match=r"working copy of the state \(.*lane-0\.sqlite\) failed"):
        WorkingCopy(tmp_path / "file" / "lane-0.sqlite")


def test_a_failure_of_the_database_closes_the_copy(tmp_path: Path) -> None:
    copy = WorkingCopy(tmp_path / "lane-0.sqlite")
    copy.apply([remembered("a")], position(1))
    impossible: Change = (StateKey("default"), object())  # type: ignore[assignment] # what SQLite can't take
    with pytest.raises(SinkUnavailable, match="working copy"):
        copy.apply([impossible], position(2))
    assert copy.closed


def nameless(conversation_id: str, source: str = "default") -> Change:
    without = replace(state(conversation_id, 1), names_missing=("queue:q",))
    return StateKey(source, conversation_id), encode_conversation(without)


def ids(states: Iterable[ConversationState]) -> list[str]:
    return [each.id for each in states]


def test_those_without_a_name_are_found_in_order_until_they_have_it(copy: WorkingCopy) -> None:
    named = (StateKey("default", "e"), encode_conversation(replace(state("e", 1), names_missing=())))
    copy.apply([nameless(each) for each in "dbac"] + [named, nameless("b", "emea")], position(1))
    assert ids(copy.nameless("default", "", 3)) == ["a", "b", "c"]
    assert ids(copy.nameless("default", "b", 3)) == ["c", "d"]
    assert ids(copy.nameless("emea", "", 3)) == ["b"]
    copy.apply([(StateKey("default", "c"), named[1]), (StateKey("default", "d"), None)], position(3))
    assert ids(copy.nameless("default", "", 9)) == ["a", "b"]
