"""When the judge takes a flat conversation and a record to say the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from producer.dev.judge.flat import TOKEN, digest_of_flat_answer, digest_of_flat_record

SERVED: dict[str, Any] = {
    "id": "r1",
    "interactionId": "i1",
    "channelType": "social",
    "startTimestamp": "2026-03-02T10:00:00.000Z",
    "endTimestamp": None,
    "participantCount": 2,
    "queueName": "Claims",
    "attributes": {"tier": "gold", "score": 7},
    "sentiment": {"score": 0.5},
}
RECORD: dict[str, Any] = {
    "recordId": "r1",
    "interactionId": "i1",
    "channelType": "SOCIAL_MEDIA",
    "mediaTypes": ["social"],
    "startTime": 1_772_445_600_000,
    "endTime": None,
    "participantCount": 2,
    "queueName": "Claims",
    "wrapUpCode": None,
    "attributes": {"tier": "gold"},
    "extras": {"$.attributes.score": "7", "$.sentiment": '{"score":0.5}'},
}


def test_a_record_says_what_was_served() -> None:
    assert digest_of_flat_record(RECORD) == digest_of_flat_answer(SERVED)


@pytest.mark.parametrize(
    "change",
    [
        {"startTimestamp": "2026-03-02T10:00:00Z"},
        {"startTimestamp": 1_772_445_600_000},
        {"wrapUpCode": None, "endTimestamp": None},
    ],
)
def test_how_it_was_said_makes_no_difference(change: dict[str, Any]) -> None:
    assert digest_of_flat_answer({**SERVED, **change}) == digest_of_flat_record(RECORD)


def test_one_without_an_interaction_is_one_by_itself() -> None:
    alone = {name: value for name, value in SERVED.items() if name != "interactionId"}
    assert digest_of_flat_answer(alone) == digest_of_flat_record({**RECORD, "interactionId": "r1"})


@pytest.mark.parametrize(
    "change",
    [
        {"recordId": "r2"},
        {"interactionId": "r1"},
        {"channelType": "UNKNOWN"},
        {"mediaTypes": ["voice"]},
        {"startTime": 1_772_445_600_001},
        {"endTime": 1_772_445_600_000},
        {"participantCount": 3},
        {"queueName": None},
        {"wrapUpCode": "x"},
        {"attributes": {}},
        {"extras": {}},
    ],
)
def test_any_other_value_makes_another_content(change: dict[str, Any]) -> None:
    assert digest_of_flat_record({**RECORD, **change}) != digest_of_flat_answer(SERVED)


def test_a_value_of_another_type_is_what_the_extras_hold() -> None:
    odd = {**RECORD, "participantCount": 0, "extras": {**RECORD["extras"], "$.participantCount": '"2"'}}
    assert digest_of_flat_record(odd) == digest_of_flat_answer({**SERVED, "participantCount": "2"})


def test_what_is_no_conversation_is_a_content_of_its_own() -> None:
    assert digest_of_flat_answer("text") != digest_of_flat_answer(None)


def test_a_row_says_the_same_with_lists_and_maps_as_text() -> None:
    row = {name: json.dumps(value) if isinstance(value, list | dict) else value for name, value in RECORD.items()}
    assert TOKEN.of_record(row) == TOKEN.of_answer(SERVED)
    assert (TOKEN.dialect, TOKEN.claim(row)) == ("token", "")
