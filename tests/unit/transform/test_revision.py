"""What comes of a conversation that is seen again and again: capture.md 5.1 to 5.7 and 7, rule by rule."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace

from producer.model.conversation import Attributes, ConversationState, Hints, PendingRegression
from producer.model.instants import Millis
from producer.model.outcome import Change, Emitted, Outcome, Poison, Regressed, Stale, Unchanged
from producer.model.reads import Origin, RawConversation
from producer.transform import fingerprint as fingerprints
from producer.transform import revision
from producer.transform.fingerprint import raw_hash
from tests.support.conversations import (
    DAY,
    MINUTE,
    NOON,
    comparison,
    conversation,
    guessed,
    millis,
    participant,
    seen,
    segment,
    session,
    sighting,
)

COMPARE = comparison()
ENDED = conversation(conversationEnd="2025-03-10T11:00:00.000Z")
BROKEN = conversation(conversationStart="2025-03-1T10:00:00.000Z")


@dataclass
class Memory:
    """What is remembered, moved on by every outcome as a commit would."""

    states: dict[str, ConversationState] = field(default_factory=dict)

    def see(self, content: Any, at: int = NOON, origin: Origin = Origin.QUERY, horizon_day: int = 0) -> Outcome:
        """Compare, and remember."""
        raw = content if isinstance(content, RawConversation) else seen(content)
        outcome = COMPARE(raw, self.states.get, sighting(at, origin, horizon_day))
        state = getattr(outcome, "state", None)
        if state is not None:
            self.states[state.id] = state
        return outcome

    def emit(self, content: Any, at: int = NOON, origin: Origin = Origin.QUERY, horizon_day: int = 0) -> Emitted:
        """The same, where something is to be emitted."""
        outcome = self.see(content, at, origin, horizon_day)
        assert isinstance(outcome, Emitted), outcome
        return outcome


def with_attributes(content: dict[str, Any], **attributes: str) -> dict[str, Any]:
    first, *others = content["participants"]
    return content | {"participants": [first | {"attributes": attributes}, *others]}


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
