from __future__ import annotations

import json
from typing import Any

from producer.model.outcome import Drift
from producer.transform.fields import FIELD, Misfits, members, path_of
from producer.transform.normalize import DETAIL, KEPT, RENAMED
from tests.support.conversations import SCHEMA

FIELDS = members(json.loads(SCHEMA.text))
PUBLISHED = {
    "Participant": 11,
    "Session": 89,
    "Segment": 25,
    "Metric": 3,
    "Flow": 15,
    "FlowOutcome": 5,
    "MediaEndpointStat": 11,
    "Evaluation": 18,
    "Survey": 13,
    "Resolution": 4,
    "AgentGroup": 2,
    "ProposedAgent": 2,
    "ScoredAgent": 2,
    "Property": 3,
}
"""Fields per object of the published model (SDK 269.0.0)."""


def test_every_field_of_the_api_has_its_place_in_the_schema() -> None:
    of_api = {*RENAMED, *KEPT, *DETAIL, "divisionIds"}
    assert len(of_api) == 22
    assert {RENAMED.get(name, name) for name in of_api} <= FIELDS.keys()


def test_the_schema_has_the_published_fields_of_every_object() -> None:
    def records(avro: Any) -> dict[str, int]:
        found: dict[str, int] = {}
        if isinstance(avro, list):
            for each in avro:
                found |= records(each)
        elif isinstance(avro, dict):
            if avro.get("type") == "record":
                found[avro["name"]] = len(avro["fields"])
                for each in avro["fields"]:
                    found |= records(each["type"])
            elif avro.get("type") == "array":
                found |= records(avro["items"])
        return found

    assert records(list(FIELDS.values())) == PUBLISHED | {"Privacy": 2}


def test_a_path_names_where_a_value_stands() -> None:
    place = (((None, "participants", 0), "sessions", 2), "flow", None)
    assert path_of(place, "flowId") == "$.participants[0].sessions[2].flow.flowId"
    assert path_of(place, "odd.name", exact=False) == '$.participants[*].sessions[*].flow["odd.name"]'
    assert path_of(None, "externalTag") == "$.externalTag"


def test_misfits_of_one_kind_are_one_drift() -> None:
    misfits = Misfits()
    misfits.add((None, "participants", 0), "mood", {"b": 1, "a": 2}, FIELD)
    misfits.add((None, "participants", 1), "mood", None, FIELD)
    assert misfits == Misfits(
        extras={"$.participants[0].mood": '{"a":2,"b":1}', "$.participants[1].mood": "null"},
        drift={Drift("$.participants[*].mood", FIELD)},
    )
