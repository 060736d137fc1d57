"""Content that looks older, is broken, redacted, or known by a fingerprint of another version."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from producer.model.conversation import ConversationState, PendingRegression
from producer.model.instants import Millis
from producer.model.outcome import Change, Emitted, Poison, Regressed, Unchanged
from producer.model.reads import Origin
from producer.transform import fingerprint as fingerprints
from producer.transform import revision
from producer.transform.fingerprint import raw_hash
from tests.support.conversations import (
    DAY,
    MINUTE,
    NOON,
    conversation,
    guessed,
    participant,
    seen,
    segment,
    session,
)
from tests.support.sightings import BROKEN, ENDED, Memory, with_attributes

# --- regression -------------------------------------------------------------------------------------------------------


def test_content_that_looks_older_is_emitted_when_a_second_sighting_agrees() -> None:
    memory = Memory()
    known = memory.emit(ENDED).state
    reopened = conversation()
    outcome = memory.see(reopened, NOON + MINUTE)
    assert isinstance(outcome, Regressed)
    pending = outcome.state.regression
    assert outcome.state == replace(known, regression=pending)
    assert pending is not None
    assert pending.seen_at == NOON + MINUTE
    assert memory.see(reopened, NOON + 2 * MINUTE - 1) == outcome
    agreed = memory.emit(reopened, NOON + 2 * MINUTE)
    assert (agreed.state.revision, agreed.state.ended, agreed.state.regression) == (2, False, None)


def test_other_content_that_looks_older_begins_a_new_wait() -> None:
    memory = Memory()
    memory.emit(ENDED)
    memory.see(conversation(), NOON + MINUTE)
    outcome = memory.see(conversation(externalTag="x"), NOON + 3 * MINUTE)
    assert isinstance(outcome, Regressed)
    assert isinstance(outcome.state.regression, PendingRegression)
    assert outcome.state.regression.seen_at == NOON + 3 * MINUTE


@pytest.mark.parametrize("content", [ENDED, dict(reversed(ENDED.items()))])
def test_known_content_seen_meanwhile_ends_the_wait(content: dict[str, Any]) -> None:
    memory = Memory()
    memory.emit(ENDED)
    memory.see(conversation(), NOON + MINUTE)
    memory.see(content, NOON + MINUTE + 1)
    assert isinstance(memory.see(conversation(), NOON + 3 * MINUTE), Regressed)


def test_content_with_less_here_and_more_there_is_no_regression() -> None:
    memory = Memory()
    memory.emit(ENDED)
    two = (participant("customer", session(segment("10:00:00.000"))), participant("acd"))
    assert memory.emit(conversation(*two)).state.revision == 2


def test_a_conversation_that_was_absent_is_here_again() -> None:
    memory = Memory()
    state = memory.emit(ENDED).state
    memory.states["c-1"] = replace(state, absent_reads=3, absent_since=Millis(NOON))
    assert memory.see(ENDED) == Unchanged(state=state)


# --- fingerprints of another version ----------------------------------------------------------------------------------


def test_a_fingerprint_of_an_older_version_is_compared_by_its_own_function(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()
    state = memory.emit(with_attributes(ENDED, a="1"), NOON, Origin.JOB).state
    old = replace(state, fingerprint=b"known by the old", fingerprint_version=0)
    other = json.dumps(ENDED, indent=1).encode()
    versions = {**fingerprints.FINGERPRINTS, 0: lambda content: b"known by the old"}
    monkeypatch.setattr(revision, "FINGERPRINTS", versions)
    memory.states["c-1"] = old
    assert memory.see(other) == Unchanged(state=replace(state, raw_hash=raw_hash(other)))
    memory.states["c-1"] = replace(old, fingerprint=b"of something else")
    assert memory.emit(other).state.revision == 2


def test_a_fingerprint_of_an_unknown_version_is_taken_for_a_change() -> None:
    memory = Memory()
    memory.states["c-1"] = replace(memory.emit(ENDED).state, fingerprint_version=99, raw_hash=b"")
    assert memory.emit(ENDED).state.fingerprint_version == 1


# --- poison -----------------------------------------------------------------------------------------------------------


def test_poison_is_told_once_until_its_bytes_change() -> None:
    memory = Memory()
    raw = seen(BROKEN)
    first = memory.see(raw)
    today = NOON // DAY
    assert first == Poison(
        id="c-1",
        reason="malformed_instant",
        path="$.conversationStart",
        message="no instant: '2025-03-1T10:00:00.000Z'",
        state=ConversationState(id="c-1", start_day=today, last_day=today, dead_lettered=raw_hash(bytes(raw.raw))),
    )
    again = memory.see(raw)
    assert isinstance(again, Poison)
    assert again.repeated
    other = memory.see(BROKEN | {"externalTag": "x"})
    assert isinstance(other, Poison)
    assert not other.repeated


def test_poison_takes_no_revision_and_leaves_what_is_known() -> None:
    memory = Memory()
    known = memory.emit(ENDED).state
    poison = memory.see(BROKEN)
    assert isinstance(poison, Poison)
    assert poison.state == replace(known, dead_lettered=poison.state.dead_lettered)
    assert memory.see(ENDED) == Unchanged()


def test_a_healed_conversation_is_a_new_one() -> None:
    memory = Memory()
    memory.see(BROKEN, NOON)
    healed = memory.emit(ENDED, NOON + MINUTE)
    assert (healed.change, healed.state.revision) == (Change.NEW, 1)


@pytest.mark.parametrize(
    ("raw", "reason", "path"),
    [
        (b'{"conversationId":7}', "no_id", "$.conversationId"),
        (b"{}", "no_id", "$.conversationId"),
        (b"null", "wrong_shape", "$"),
        (b'["conversationId"]', "wrong_shape", "$"),
        (b'{"conversationId":"\\ud800"}', "not_json", "$"),
    ],
)
def test_poison_without_a_usable_id_is_remembered_by_its_bytes(raw: bytes, reason: str, path: str) -> None:
    memory = Memory()
    first = memory.see(raw)
    assert isinstance(first, Poison)
    key = f"#{raw_hash(raw).hex()}"
    assert (first.id, first.reason, first.path, first.repeated) == (None, reason, path, False)
    today = NOON // DAY
    assert first.state == ConversationState(id=key, start_day=today, last_day=today, dead_lettered=raw_hash(raw))
    again = memory.see(raw)
    assert isinstance(again, Poison)
    assert again.repeated


def test_a_conversation_nested_too_deeply_is_poison() -> None:
    nested = b'{"conversationId":"c-1","x":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    poison = Memory().see(nested)
    assert isinstance(poison, Poison)
    assert (poison.id, poison.reason) == (None, "not_json")


def test_a_nest_that_parses_but_is_too_deep_to_work_on_is_poison(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_deep(_content: Any) -> bytes:
        raise RecursionError

    monkeypatch.setattr(revision, "fingerprint", too_deep)
    poison = Memory().see(ENDED)
    assert isinstance(poison, Poison)
    assert (poison.id, poison.reason, poison.path) == ("c-1", "wrong_shape", "$")


def test_one_poison_says_nothing_of_its_neighbours() -> None:
    memory = Memory()
    outcomes = [
        memory.see(each) for each in (conversation(conversationId="a"), BROKEN, conversation(conversationId="b"))
    ]
    assert [type(each) for each in outcomes] == [Emitted, Poison, Emitted]


# --- redacted ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [ENDED | {"externalTag": "x"}, BROKEN])
@pytest.mark.parametrize("guess", ["c-1", None])
def test_nothing_of_a_redacted_conversation_is_ever_emitted(content: dict[str, Any], guess: str | None) -> None:
    memory = Memory()
    memory.states["c-1"] = ConversationState(id="c-1", redacted=True)
    assert memory.see(guessed(guess, seen(content).raw)) == Unchanged()


def test_another_conversation_that_is_taken_for_a_redacted_one_is_emitted() -> None:
    memory = Memory()
    memory.states["c-1"] = ConversationState(id="c-1", redacted=True)
    outcome = memory.emit(guessed("c-1", seen(conversation(conversationId="c-2")).raw))
    assert outcome.state.id == "c-2"


def test_bytes_that_show_the_id_of_a_redacted_conversation_and_do_not_parse_are_no_dead_letter() -> None:
    memory = Memory()
    memory.states["c-1"] = ConversationState(id="c-1", redacted=True)
    assert memory.see(guessed("c-1", b'{"conversationId":"c-1","x":NaN}')) == Unchanged()
