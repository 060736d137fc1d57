from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from producer.simulator import refusals
from producer.simulator.predicates import Filters

SAMPLE = Path(__file__).parents[2] / "data" / "details-query-2025-inbound-voice-rendered.json"
VOICE = orjson.loads(SAMPLE.read_bytes())["conversations"][0]
AGENT = "ca331b1b-dbb1-5e19-8c8d-92eb1019b7c0"
AGENTS_QUEUE = "1c96e117-1b63-56be-8b98-9c3e450ed9d8"
ACD_QUEUE = "86b989d1-473b-5ded-bc36-8bbd2a227f45"


def passes(kind: str, *predicates: dict[str, Any], word: str = "and") -> bool:
    return Filters({kind: [{"type": word, "predicates": list(predicates)}]}).accept(VOICE)


def dimension(name: str, value: str) -> dict[str, Any]:
    return {"dimension": name, "value": value}


@pytest.mark.parametrize(
    ("kind", "predicate", "let_through"),
    [
        ("conversationFilters", {"dimension": "conversationEnd", "operator": "exists"}, True),
        ("conversationFilters", {"dimension": "conversationEnd", "operator": "notExists"}, False),
        ("conversationFilters", dimension("conversationId", VOICE["conversationId"]), True),
        ("conversationFilters", dimension("originatingDirection", "outbound"), False),
        ("conversationFilters", dimension("divisionId", VOICE["divisionIds"][1]), True),
        ("conversationFilters", {"metric": "tTalk", "range": {"gte": 26_824, "lt": 26_825}}, True),
        ("conversationFilters", {"metric": "tTalk", "range": {"gt": 26_824}}, False),
        ("conversationFilters", {"metric": "tHeld", "operator": "exists"}, False),
        ("segmentFilters", dimension("purpose", "Agent"), True),
        ("segmentFilters", dimension("mediaType", "voice"), True),
        ("segmentFilters", dimension("mediaType", "email"), False),
        ("segmentFilters", dimension("direction", "inbound"), True),
        ("segmentFilters", dimension("queueId", ACD_QUEUE), True),
        ("segmentFilters", dimension("userId", AGENT), True),
        ("segmentFilters", dimension("requestedRouting", "direct"), True),
        ("segmentFilters", dimension("flowName", "Flow-1"), True),
        ("segmentFilters", dimension("sipResponseCode", "410"), True),
        ("segmentFilters", {"type": "property", "property": "colour", "value": "red"}, False),
        ("surveyFilters", {"dimension": "surveyId", "operator": "exists"}, False),
        ("conversationFilters", dimension("mediaType", "voice"), False),
        ("conversationFilters", {"dimension": "mediaType", "operator": "notExists"}, False),
        ("segmentFilters", dimension("conversationId", VOICE["conversationId"]), False),
        ("segmentFilters", {"metric": "tTalk", "operator": "exists"}, False),
        ("resolutionFilters", {"dimension": "mediaType", "operator": "notExists"}, False),
    ],
)
def test_predicate(kind: str, predicate: dict[str, Any], let_through: bool) -> None:  # noqa: FBT001  a table's column
    assert passes(kind, predicate) is let_through


def test_conditions_of_one_segment_filter_hold_on_the_same_segment() -> None:
    agent, queue = dimension("purpose", "agent"), dimension("queueId", ACD_QUEUE)
    assert passes("segmentFilters", agent, dimension("queueId", AGENTS_QUEUE))
    assert not passes("segmentFilters", agent, queue)
    separate = [{"type": "and", "predicates": [agent]}, {"type": "and", "predicates": [queue]}]
    assert Filters({"segmentFilters": separate}).accept(VOICE)


def test_or_and_clauses() -> None:
    never, always = dimension("mediaType", "email"), dimension("mediaType", "voice")
    assert passes("segmentFilters", never, always, word="or")
    clauses = [{"type": "or", "predicates": [never, always]}, {"type": "and", "predicates": [never]}]
    assert not Filters({"segmentFilters": [{"type": "and", "clauses": clauses}]}).accept(VOICE)
    assert Filters({"segmentFilters": [{"type": "or", "clauses": clauses}]}).accept(VOICE)


def test_properties_of_segments_are_reached() -> None:
    marked = {"participants": [{"sessions": [{"segments": [{"properties": [{"property": "a", "value": "1"}]}]}]}]}
    wanted = {"type": "and", "predicates": [{"type": "property", "property": "a", "value": "1"}]}
    assert Filters({"segmentFilters": [wanted]}).accept(marked)


@pytest.mark.parametrize(
    ("kind", "predicate", "code"),
    [
        ("segmentFilters", {"dimension": ["mediaType"], "value": "voice"}, "invalid.value"),
        ("segmentFilters", {"dimension": {"name": "mediaType"}, "value": "voice"}, "invalid.value"),
        ("segmentFilters", {"dimension": 7, "value": "voice"}, "invalid.value"),
        ("segmentFilters", {"metric": [], "operator": "exists"}, "invalid.value"),
        ("segmentFilters", {"value": "voice"}, "invalid.value"),
        ("segmentFilters", {"dimension": "tTalk", "operator": "exists"}, "invalid.value"),
        ("segmentFilters", {"dimension": "mediaType", "value": ["voice"]}, "bad.request"),
        ("segmentFilters", dimension("colour", "red"), "invalid.value"),
        ("conversationFilters", {"metric": "tDancing", "operator": "exists"}, "invalid.value"),
        ("conversationFilters", {"dimension": "conversationEnd", "operator": "likes"}, "invalid.value"),
    ],
)
def test_words_outside_their_enumeration_are_refused(kind: str, predicate: dict[str, Any], code: str) -> None:
    with pytest.raises(refusals.Refused) as caught:
        passes(kind, predicate)
    assert (caught.value.status, caught.value.code) == (400, code)


@pytest.mark.parametrize(
    "filters",
    [
        "and",
        ["and"],
        [{"type": "and"}],
        [{"type": "and", "predicates": ["voice"]}],
        [{"type": "and", "clauses": {}, "predicates": []}],
        [{"type": "and", "predicates": [{"metric": "tSegmentDuration", "range": 5}]}],
        [{"type": "and", "predicates": [{"metric": "tSegmentDuration", "range": {"gt": "5"}}]}],
    ],
)
def test_a_filter_of_the_wrong_shape_is_a_bad_request(filters: Any) -> None:
    with pytest.raises(refusals.Refused) as caught:
        Filters({"segmentFilters": filters})
    assert caught.value.status == 400
