from __future__ import annotations

from typing import Any

import pytest

from producer.dev.judge.content import HEADS, WHOLE, digest_of_answer, digest_of_record, steps_of

SERVED: dict[str, Any] = {
    "conversationId": "c1",
    "conversationStart": "2026-03-02T10:00:00.000Z",
    "originatingDirection": "inbound",
    "divisionIds": ["d2", "d1"],
    "participants": [
        {
            "purpose": "customer",
            "participantName": None,
            "sessions": [
                {
                    "mediaType": "voice",
                    "journeyActionMapVersion": "7",
                    "quantumBridgeId": "qb-1",
                    "metrics": [{"emitDate": "2026-03-02T10:00:01Z", "name": "nConnected", "value": 1}],
                    "mediaEndpointStats": [{"minMos": 4, "codecs": ["opus"]}],
                }
            ],
        }
    ],
}

RECORD: dict[str, Any] = {
    "recordId": "c1",
    "source": "default",
    "version": 17,
    "contentHash": "abc",
    "startTime": 1_772_445_600_000,
    "endTime": None,
    "durationMs": None,
    "direction": "inbound",
    "divisionIds": ["d1", "d2"],
    "metrics": {"nConnected": 1},
    "participants": [
        {
            "purpose": "customer",
            "participantName": None,
            "sessions": [
                {
                    "mediaType": "voice",
                    "journeyActionMapVersion": None,
                    "metrics": [{"emitDate": 1_772_445_601_000, "name": "nConnected", "value": 1}],
                    "mediaEndpointStats": [{"minMos": 4.0, "codecs": ["opus"]}],
                    "segments": [],
                }
            ],
        }
    ],
    "surveys": [],
    "extras": {
        "$.participants[0].sessions[0].journeyActionMapVersion": '"7"',
        "$.participants[0].sessions[0].quantumBridgeId": '"qb-1"',
    },
    "privacy": None,
}


def test_a_record_that_says_what_was_served_has_the_same_content() -> None:
    assert digest_of_record(RECORD) == digest_of_answer(SERVED)


@pytest.mark.parametrize(
    "difference",
    [
        {"startTime": 1_772_445_600_001},
        {"endTime": 1_772_445_700_000},
        {"direction": "outbound"},
        {"divisionIds": ["d1"]},
        {"participants": []},
        {"surveys": [{"surveyStatus": "Finished"}]},
        {"extras": {}},
        {"extras": RECORD["extras"] | {"$.sentiment.score": "0.25"}},
    ],
)
def test_any_other_value_is_another_content(difference: dict[str, Any]) -> None:
    assert digest_of_record(RECORD | difference) != digest_of_answer(SERVED)


ROW: dict[str, Any] = {
    **{name: value for name, value in RECORD.items() if name not in ("participants", "surveys")},
    "divisionIds": '["d1","d2"]',
    "metrics": '{"nConnected":1}',
    "extras": '{"$.participants[0].sessions[0].quantumBridgeId":"\\"qb-1\\"","$.tint":"7"}',
}


@pytest.mark.parametrize(
    "record", [ROW, RECORD | {"participants": [], "extras": {"$.tint": "7"}}], ids=["row", "summary"]
)
def test_a_record_without_its_detail_is_compared_by_its_head(record: dict[str, Any]) -> None:
    served = SERVED | {"tint": 7}
    assert HEADS.of_record(record) == HEADS.of_answer(served) == HEADS.of_answer(served | {"participants": []})
    assert HEADS.of_record(record) != HEADS.of_answer(SERVED)
    assert HEADS.of_record(record | {"direction": "outbound"}) != HEADS.of_answer(served)
    assert (HEADS.claim(record), WHOLE.claim(record)) == ("abc", "")


@pytest.mark.parametrize("letter", [[], "text", 5, None])
def test_a_letter_may_hold_anything(letter: object) -> None:
    assert HEADS.of_answer(letter) == WHOLE.of_answer(letter)


@pytest.mark.parametrize("bookkeeping", [{"version": 18}, {"contentHash": "def"}, {"requestId": "r2"}, {"metrics": {}}])
def test_what_the_product_adds_is_no_content(bookkeeping: dict[str, Any]) -> None:
    assert digest_of_record(RECORD | bookkeeping) == digest_of_answer(SERVED)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": None, "b": [], "c": {}}, {}),
        ({"minMos": 4}, {"minMos": 4.0}),
        ({"codecs": ["a", "b"]}, {"codecs": ["b", "a"]}),
        ({"eventTime": "2026-03-02T10:00:00Z"}, {"eventTime": "2026-03-02T10:00:00.000Z"}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ],
)
def test_two_ways_of_saying_one_thing_are_equal(one: object, other: object) -> None:
    assert digest_of_answer(one) == digest_of_answer(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"wrapUpTags": ["a", "b"]}, {"wrapUpTags": ["b", "a"]}),
        ({"value": 1}, {"value": "1"}),
        ({"value": True}, {"value": 1}),
        ({"value": ""}, {}),
        ({"eventTime": "2026-03-02T10:00:00Z"}, {"eventTime": "2026-03-2T10:00:00Z"}),
        ({"a": {"b": 1}}, {"a": [1]}),
    ],
)
def test_two_different_things_are_not_equal(one: object, other: object) -> None:
    assert digest_of_answer(one) != digest_of_answer(other)


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("$", ()),
        ("$.a.b", ("a", "b")),
        ("a[12].b", ("a", 12, "b")),
        ("$['odd name'][0]", ("odd name", 0)),
        (r"$['it\'s']", ("it's",)),
        ('$["odd.name"]', ("odd.name",)),
    ],
)
def test_json_paths_are_read_in_every_usual_spelling(path: str, steps: tuple[str | int, ...]) -> None:
    assert steps_of(path) == steps


def test_what_is_no_json_path_is_refused() -> None:
    with pytest.raises(ValueError, match=r"not a JSON path: \$\[x\]"):
        steps_of("$[x]")
