"""Flat conversations of the token dialect as records, and what comes of them seen again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from producer import errors
from producer.encoding.schemas import Subject
from producer.model.conversation import ConversationState, Hints, Watch
from producer.model.instants import Millis
from producer.model.outcome import Change, Drift, Emitted, Outcome, Poison, Regressed, Stale, Unchanged
from producer.model.reads import RawConversation
from producer.transform.content import parse
from producer.transform.fingerprint import raw_hash
from producer.transform.revision import Comparison
from producer.transform.token_records import NEGATIVE_DURATION, TokenForm
from tests.support.conversations import AVRO, MINUTE, NOON, millis, sighting

START, END = "2025-03-10T10:00:00.000Z", "2025-03-10T10:05:00.000Z"
FORM = TokenForm()
COMPARE = Comparison(FORM)


def flat(**members: Any) -> dict[str, Any]:
    return {"id": "rec-1", "channelType": "voice", "startTimestamp": START, "participantCount": 2, **members}


def normalized(**members: Any) -> Any:
    return FORM.normalize(parse(json.dumps(flat(**members)).encode()))


def see(content: Any, at: int = NOON, known: ConversationState | None = None) -> Outcome:
    body = json.dumps(content).encode()
    raw = RawConversation(known.id if known else None, body, raw_hash(body))
    return COMPARE(raw, lambda _: known, sighting(at))


def emitted(content: Any, at: int = NOON, known: ConversationState | None = None) -> Emitted:
    outcome = see(content, at, known)
    assert isinstance(outcome, Emitted), outcome
    return outcome


def test_a_whole_conversation() -> None:
    record = normalized(
        interactionId="int-1", endTimestamp=END, queueName="Claims", wrapUpCode="resolved", attributes={"tier": "gold"}
    ).record
    assert record == {
        "recordId": "rec-1",
        "interactionId": "int-1",
        "channelType": "VOICE",
        "mediaTypes": ["voice"],
        "startTime": millis(START),
        "endTime": millis(END),
        "durationMs": 300_000,
        "participantCount": 2,
        "queueName": "Claims",
        "wrapUpCode": "resolved",
        "wrapUpCodes": ["resolved"],
        "direction": None,
        "queueId": None,
        "wrapUpCodeName": None,
        "wrapUpNote": None,
        "disconnectType": None,
        "privacy": None,
        "queueIds": (),
        "userIds": (),
        "userNames": {},
        "divisionIds": (),
        "divisionNames": {},
        "messageTypes": (),
        "participants": (),
        "evaluations": (),
        "surveys": (),
        "resolutions": (),
        "metrics": {},
        "extras": {},
    }


def test_what_is_not_said_is_not_known() -> None:
    record = FORM.normalize({"id": "rec-1"}).record
    assert {name: value for name, value in record.items() if value not in (None, (), [], {}, 0)} == {
        "recordId": "rec-1",
        "interactionId": "rec-1",
        "channelType": "UNKNOWN",
    }


@pytest.mark.parametrize(
    ("word", "channel"),
    [
        ("voice", "VOICE"),
        ("chat", "CHAT"),
        ("email", "EMAIL"),
        ("sms", "SMS"),
        ("callback", "CALLBACK"),
        ("social", "SOCIAL_MEDIA"),
        ("webchat", "WEBCHAT"),
        ("Voice", "VOICE"),
        ("video", "UNKNOWN"),
        ("", "UNKNOWN"),
    ],
)
def test_the_channel_and_its_word(word: str, channel: str) -> None:
    record = normalized(channelType=word).record
    assert (record["channelType"], record["mediaTypes"]) == (channel, [word])


@pytest.mark.parametrize(
    ("said", "instant"),
    [
        ("2025-03-10T10:00:00Z", millis(START)),
        ("2025-03-10T11:00:00.000+01:00", millis(START)),
        (millis(START), millis(START)),
        (1741600800000.0, millis(START)),
    ],
)
def test_instants_are_texts_or_epoch_milliseconds(said: Any, instant: int) -> None:
    assert normalized(startTimestamp=said).record["startTime"] == instant


@pytest.mark.parametrize(
    ("members", "extras", "drift"),
    [
        ({"sentiment": {"score": 0.5}}, {"$.sentiment": '{"score":0.5}'}, {("$.sentiment", "field")}),
        ({"participantCount": "2"}, {"$.participantCount": '"2"'}, {("$.participantCount", "type")}),
        ({"participantCount": -1}, {"$.participantCount": "-1"}, {("$.participantCount", "type")}),
        ({"participantCount": 2**31}, {"$.participantCount": "2147483648"}, {("$.participantCount", "type")}),
        ({"startTimestamp": 1 << 60}, {"$.startTimestamp": str(1 << 60)}, {("$.startTimestamp", "type")}),
        ({"channelType": ["voice"]}, {"$.channelType": '["voice"]'}, {("$.channelType", "type")}),
        ({"interactionId": 7}, {"$.interactionId": "7"}, {("$.interactionId", "type")}),
        ({"attributes": {"n": 7, "a": "b"}}, {"$.attributes.n": "7"}, {("$.attributes.n", "type")}),
        ({"attributes": "none"}, {"$.attributes": '"none"'}, {("$.attributes", "type")}),
    ],
)
def test_nothing_is_dropped(members: dict[str, Any], extras: dict[str, str], drift: set[tuple[str, str]]) -> None:
    found = normalized(**members)
    assert (found.record["extras"], set(found.drift)) == (extras, {Drift(*each) for each in drift})


def test_one_that_ended_before_it_began_has_no_duration() -> None:
    found = normalized(startTimestamp=END, endTimestamp=START)
    assert (found.record["durationMs"], found.drift) == (None, (NEGATIVE_DURATION,))


def test_of_all_hints_the_flat_form_has_the_end_the_participants_and_the_instants() -> None:
    assert normalized(endTimestamp=END).hints == Hints(
        ended=True, participants=2, sessions=0, segments=0, metrics=0, latest=Millis(millis(END))
    )


@pytest.mark.parametrize(
    ("content", "reason", "path", "identifier"),
    [
        (flat(startTimestamp="2021-04-2T15:30:51.418Z"), "malformed_instant", "$.startTimestamp", "rec-1"),
        (flat(id=None), "no_id", "$.id", None),
        (flat(id="#x"), "no_id", "$.id", None),
        ("text", "wrong_shape", "$", None),
    ],
)
def test_what_can_not_be_a_record_is_poison(content: Any, reason: str, path: str, identifier: str | None) -> None:
    outcome = see(content)
    assert isinstance(outcome, Poison)
    assert (outcome.reason, outcome.path, outcome.id) == (reason, path, identifier)


def test_a_record_fits_the_schema() -> None:
    outcome = emitted(flat(attributes={"tier": "gold"}, sentiment=1))
    assert AVRO.encoder(Subject.CONVERSATION)(outcome.record)
    assert (outcome.record["attributes"], outcome.record["attributesAsOf"]) == ({"tier": "gold"}, NOON)
    assert (outcome.change, outcome.record["revision"], outcome.record["asOf"]) == (Change.NEW, 1, NOON)


def test_only_what_is_new_is_a_revision() -> None:
    first = emitted(flat(attributes={"tier": "gold"}))
    known = first.state
    reordered = dict(reversed(flat(attributes={"tier": "gold"}).items()))

    assert see(flat(attributes={"tier": "gold"}), NOON + 1, known) == Unchanged()
    assert isinstance(see(reordered, NOON + 1, known), Unchanged)
    ended = emitted(flat(attributes={"tier": "gold"}, endTimestamp=END), NOON + 1, known)
    assert (ended.change, ended.record["revision"], ended.state.ended) == (Change.CHANGED, 2, True)
    assert isinstance(see(flat(participantCount=3), NOON - 1, known), Stale)


def test_attributes_alone_are_news_and_an_answer_without_them_takes_none_away() -> None:
    known = emitted(flat(attributes={"tier": "gold"})).state
    told = emitted(flat(attributes={"tier": "silver"}), NOON + 1, known)
    assert (told.record["attributes"], told.record["contentHash"]) == ({"tier": "silver"}, known.fingerprint.hex())
    later = emitted(flat(endTimestamp=END), NOON + 2, told.state)
    assert (later.record["attributes"], later.record["attributesAsOf"]) == ({"tier": "silver"}, NOON + 1)
    assert emitted(flat()).record["attributes"] is None
    assert emitted(flat(attributes={})).record["attributes"] == {}


def test_content_that_looks_older_is_believed_when_it_is_seen_again_a_minute_later() -> None:
    known = emitted(flat(endTimestamp=END)).state
    doubted = see(flat(), NOON + 1, known)
    assert isinstance(doubted, Regressed)
    assert isinstance(see(flat(), NOON + MINUTE, doubted.state), Regressed)
    assert emitted(flat(), NOON + 1 + MINUTE, doubted.state).record["endTime"] is None


def test_an_open_one_is_remembered_as_open_and_no_thread_is_looked_after() -> None:
    assert emitted(flat(channelType="sms")).state.watch == Watch.OPEN
    assert emitted(flat(channelType="chat", endTimestamp=END)).state.watch is None


def test_when_it_began() -> None:
    assert FORM.began(flat()) == FORM.began(flat(startTimestamp=millis(START))) == millis(START)


@pytest.mark.parametrize("said", ["", "soon", None, {}])
def test_one_that_does_not_say_when_it_began(said: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        FORM.began(flat(startTimestamp=said))


def test_the_id_is_its_own_member() -> None:
    assert FORM.identify(flat()) == "rec-1"
    with pytest.raises(errors.Malformed):
        FORM.identify({"conversationId": "rec-1"})
