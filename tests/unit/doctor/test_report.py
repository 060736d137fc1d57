from __future__ import annotations

import json

from producer.doctor.report import as_json, as_text
from producer.doctor.results import Prerequisite, failed, ok, warning

RESULTS = [
    ok(Prerequisite.PYTHON, "3.11.2"),
    failed(Prerequisite.TRANSACTIONAL_ID, "one\ntwo", "allow it"),
    warning(Prerequisite.CLOCK, "late", "synchronise"),
]


def test_people_get_a_table_with_what_to_do_below_what_is_wrong_and_a_sum() -> None:
    assert as_text(RESULTS).splitlines() == [
        "ok       python            3.11.2",
        "failed   transactional id  one",
        "                           two",
        "                           what to do: allow it",
        "warning  clock             late",
        "                           what to do: synchronise",
        "",
        "1 ok, 1 warning, 1 failed",
    ]


def test_programs_get_the_same_as_one_object() -> None:
    told = json.loads(as_json(RESULTS))

    assert told["ok"] is False
    assert told["checks"][1] == {
        "name": "transactional id",
        "outcome": "failed",
        "finding": "one\ntwo",
        "what_to_do": "allow it",
    }
    assert json.loads(as_json(RESULTS[:1]))["ok"] is True
