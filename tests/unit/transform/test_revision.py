"""What comes of a conversation that is seen again and again: news, older answers, attributes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from producer.model.conversation import Attributes, ConversationState, Hints
from producer.model.outcome import Change, Stale, Unchanged
from producer.model.reads import Origin
from producer.transform import revision
from producer.transform.fingerprint import raw_hash
from tests.support.conversations import (
    DAY,
    MINUTE,
    NOON,
    conversation,
    guessed,
    millis,
    participant,
    seen,
    segment,
    session,
)
from tests.support.sightings import ENDED, Memory, with_attributes

# --- new, changed, unchanged ------------------------------------------------------------------------------------------


def test_a_new_conversation_is_emitted_and_remembered_whole() -> None:
    raw = seen(ENDED)
    outcome = Memory().emit(raw)
    assert outcome.change is Change.NEW
    assert outcome.newest == millis("2025-03-10T11:00:00Z")
    assert outcome.state == ConversationState(
        id="c-1",
        fingerprint=bytes.fromhex(outcome.record["contentHash"]),
        fingerprint_version=1,
        raw_hash=raw_hash(bytes(raw.raw)),
        revision=1,
        version=NOON,
        as_of=NOON,
        start_day=NOON // DAY,
        last_day=NOON // DAY,
        ended=True,
        hints=Hints(
            ended=True, participants=1, sessions=1, segments=1, metrics=0, latest=millis("2025-03-10T11:00:00Z")
        ),
    )
    numbered = ("source", "version", "revision", "resumed", "origin", "requestId", "asOf", "observedAt", "normalizedAt")
    assert {name: outcome.record[name] for name in numbered} == {
        "source": "default",
        "version": NOON,
        "revision": 1,
        "resumed": False,
        "origin": "QUERY",
        "requestId": "9d2f7c1e-0000-4000-8000-000000000001",
        "asOf": NOON,
        "observedAt": NOON + 120,
        "normalizedAt": NOON + 150,
    }
    assert (outcome.record["attributes"], outcome.record["attributesAsOf"]) == (None, None)


def test_the_same_bytes_are_unchanged_and_nothing_is_to_be_remembered() -> None:
    memory = Memory()
    memory.emit(ENDED)
    assert memory.see(ENDED, NOON + MINUTE) == Unchanged()


def test_the_same_bytes_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()
    memory.emit(ENDED)
    monkeypatch.setattr(revision, "parse", pytest.fail)
    assert memory.see(ENDED) == Unchanged()


def test_the_same_content_in_other_bytes_is_unchanged_and_its_bytes_are_remembered() -> None:
    memory = Memory()
    first = memory.emit(ENDED).state
    other = json.dumps(dict(reversed(ENDED.items())), indent=2).encode()
    assert memory.see(other) == Unchanged(state=replace(first, raw_hash=raw_hash(other)))
    assert memory.see(other) == Unchanged()


def test_changed_content_is_the_next_revision_of_a_higher_version() -> None:
    memory = Memory()
    memory.emit(conversation())
    changed = memory.emit(ENDED, NOON + 5)
    assert (changed.change, changed.state.revision, changed.state.version) == (Change.CHANGED, 2, NOON + 5)
    again = memory.emit(ENDED | {"externalTag": "x"}, NOON + 5)
    assert (again.state.revision, again.state.version, again.state.as_of) == (3, NOON + 6, NOON + 5)


def test_an_id_that_only_parsing_can_tell_is_known_all_the_same() -> None:
    memory = Memory()
    memory.emit(ENDED)
    escaped = json.dumps(ENDED).replace('"c-1"', '"\\u0063-1"').encode()
    assert isinstance(memory.see(escaped), Unchanged)
    assert memory.see(guessed(None, escaped)) == Unchanged()


def test_a_wrong_guess_of_the_id_is_put_right_by_parsing() -> None:
    memory = Memory()
    memory.emit(ENDED)
    outcome = memory.emit(guessed("c-1", seen(conversation(conversationId="c-2")).raw))
    assert (outcome.state.id, outcome.change) == ("c-2", Change.NEW)


def test_tracking_that_begins_behind_the_horizon_is_said_to_be_resumed() -> None:
    today = NOON // DAY
    assert Memory().emit(ENDED, horizon_day=today).record["resumed"] is False
    memory = Memory()
    assert memory.emit(conversation(), horizon_day=today + 1).record["resumed"] is True
    assert memory.emit(ENDED, horizon_day=today + 1).record["resumed"] is False


@pytest.mark.parametrize(
    ("content", "remembered"),
    [
        (conversation(), ("open", False, NOON // DAY, NOON // DAY + 3)),
        (ENDED, (None, True, NOON // DAY, NOON // DAY)),
        (
            conversation(
                participant("customer", session(segment("10:00:00.000"), media="email")),
                conversationEnd="2025-03-12T00:00:00Z",
            ),
            ("email", True, NOON // DAY, NOON // DAY + 2),
        ),
        (
            conversation(
                participant("customer", session(segment("10:00:00.000"), media="message")),
                conversationEnd="2025-03-12T00:00:00Z",
            ),
            ("message", True, NOON // DAY, NOON // DAY + 2),
        ),
        ({"conversationId": "c-1"}, ("open", False, NOON // DAY + 3, NOON // DAY + 3)),
    ],
)
def test_the_days_it_lived_on_and_why_to_look_after_it(content: Any, remembered: tuple[Any, ...]) -> None:
    state = Memory().emit(content, NOON + 3 * DAY).state
    assert (state.watch, state.ended, state.start_day, state.last_day) == remembered


# --- as-of ------------------------------------------------------------------------------------------------------------


def test_an_older_answer_never_replaces_content() -> None:
    memory = Memory()
    memory.emit(ENDED)
    assert memory.see(ENDED | {"externalTag": "old"}, NOON - 1) == Stale()
    assert memory.emit(ENDED | {"externalTag": "as old"}, NOON).state.revision == 2


def test_an_older_answer_of_known_content_is_unchanged() -> None:
    memory = Memory()
    memory.emit(ENDED)
    assert isinstance(memory.see(json.dumps(ENDED, indent=1).encode(), NOON - 1), Unchanged)


# --- attributes -------------------------------------------------------------------------------------------------------


def test_attributes_of_a_job_are_a_change_and_later_revisions_repeat_them() -> None:
    memory = Memory()
    first = memory.emit(ENDED)
    told = memory.emit(with_attributes(ENDED, a="1"), NOON + DAY, Origin.JOB)
    assert (told.record["attributes"], told.record["attributesAsOf"]) == ({"a": "1"}, NOON + DAY)
    assert told.record["participants"][0]["attributes"] == {"a": "1"}
    assert told.record["contentHash"] == first.record["contentHash"]
    assert isinstance(memory.see(ENDED, NOON + DAY + 1), Unchanged)
    later = memory.emit(ENDED | {"externalTag": "x"}, NOON + 2 * DAY)
    assert (later.record["attributes"], later.record["attributesAsOf"]) == ({"a": "1"}, NOON + DAY)


def test_attributes_of_a_job_older_than_the_content_are_told_with_the_content_as_it_is() -> None:
    memory = Memory()
    memory.emit(ENDED)
    told = memory.emit(with_attributes(ENDED, a="1"), NOON - MINUTE, Origin.JOB)
    assert (told.record["asOf"], told.record["version"]) == (NOON, NOON + 1)
    assert (told.record["attributes"], told.record["attributesAsOf"]) == ({"a": "1"}, NOON - MINUTE)


def test_attributes_that_come_with_older_content_wait() -> None:
    memory = Memory()
    memory.emit(ENDED)
    assert memory.see(with_attributes(conversation(), a="1"), NOON - MINUTE, Origin.JOB) == Stale()


def test_known_and_older_attributes_are_no_change() -> None:
    memory = Memory()
    memory.emit(with_attributes(ENDED, a="1"), NOON, Origin.JOB)
    known = with_attributes(ENDED | {"externalTag": None}, a="1")
    assert isinstance(memory.see(known, NOON + 1, Origin.JOB), Unchanged)
    assert isinstance(memory.see(with_attributes(ENDED, a="0"), NOON - 1, Origin.JOB), Unchanged)
    assert memory.emit(with_attributes(ENDED, a="2"), NOON + 2, Origin.JOB).record["attributes"] == {"a": "2"}


def test_attributes_too_large_to_repeat_are_remembered_by_digest() -> None:
    memory = Memory()
    large = with_attributes(ENDED, a="x" * 300_000)
    told = memory.emit(large, NOON, Origin.JOB)
    assert isinstance(told.state.attributes, Attributes)
    assert (told.record["attributes"], told.record["attributesAsOf"]) == ({"a": "x" * 300_000}, NOON)
    assert isinstance(memory.see(json.dumps(large, indent=1).encode(), NOON + 1, Origin.JOB), Unchanged)
    later = memory.emit(ENDED | {"externalTag": "t"}, NOON + 2)
    assert (later.record["attributes"], later.record["attributesAsOf"]) == (None, NOON)


def test_attributes_that_were_asked_for_and_are_not_there_are_known_to_be_empty_which_alone_is_no_change() -> None:
    memory = Memory()
    told = memory.emit(with_attributes(ENDED), NOON, Origin.JOB)
    assert (told.record["attributes"], told.record["attributesAsOf"]) == ({}, NOON)
    asked_first = Memory()
    assert asked_first.emit(ENDED, NOON).record["attributes"] is None
    assert isinstance(asked_first.see(with_attributes(ENDED), NOON + 1, Origin.JOB), Unchanged)
