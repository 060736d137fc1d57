from __future__ import annotations

import json
from typing import Any

import pytest

from producer import audit, errors
from producer.model.actions import Action
from producer.model.delivery import Delivery
from producer.model.instants import to_millis
from producer.webhook.payload import Firing, of_audit, of_extraction
from tests.support.build import at
from tests.support.webhook import ended

ALL: tuple[Firing, ...] = ("query", "failure", "hole")
TOTALS = {"durationMs": 900, "totalPagesFetched": 2, "totalRecordsExtracted": 150, "totalLatencyMs": 900}


def audited(action: Action, details: dict[str, Any] | None = None, **numbers: float | None) -> audit.Record:
    return audit.event(
        action, audit_id="a-1", request_id="r-1", source="emea", at=at("10:00:00.250"), details=details, **numbers
    )


def failure(error: errors.ProducerError | None) -> audit.Record:
    return audited(Action.EXTRACTION_FAILED, audit.failure_of(error, hole=False), **TOTALS)


def payload(told: Delivery | None) -> dict[str, Any]:
    assert told is not None
    found: dict[str, Any] = json.loads(told.body)
    return found


def test_an_extraction_that_went_well() -> None:
    told = of_extraction(ended(), "default", ALL)

    assert payload(told) == {
        "event": "conversation_extraction_complete",
        "timestamp": "2025-03-10T10:00:00.000Z",
        "source": "default",
        "requestId": "q-1",
        "status": "SUCCESS",
        "metrics": {
            "totalPagesFetched": 3,
            "totalRecordsExtracted": 250,
            "paginationSuccessRate": 0.75,
            "totalLatencyMs": 1_234,
        },
        "error": None,
    }
    assert told is not None
    assert (told.id, told.source, told.about, told.created_at) == (
        "q-1",
        "default",
        "conversation_extraction_complete",
        to_millis(at("10:00")),
    )


def test_an_extraction_that_failed() -> None:
    found = payload(of_extraction(ended(error=("missing.permissions", "a permission is missing")), "default", ALL))

    assert (found["status"], found["error"]) == (
        "FAILURE",
        {"code": "missing.permissions", "message": "a permission is missing"},
    )


def test_a_read_that_failed_is_an_extraction_that_failed() -> None:
    told = of_audit(failure(errors.WindowRefused("refused: 400", code="bad.request")), ALL)

    assert payload(told) == {
        "event": "conversation_extraction_complete",
        "timestamp": "2025-03-10T10:00:00.250Z",
        "source": "emea",
        "requestId": "r-1",
        "status": "FAILURE",
        "metrics": {
            "totalPagesFetched": 2,
            "totalRecordsExtracted": 150,
            "paginationSuccessRate": None,
            "totalLatencyMs": 900,
        },
        "error": {"code": "bad.request", "message": "refused: 400"},
    }
    assert told is not None
    assert (told.id, told.source, told.created_at) == ("a-1", "emea", to_millis(at("10:00:00.250")))


def test_a_read_that_was_interrupted_says_so() -> None:
    assert payload(of_audit(failure(None), ALL))["error"] == {
        "code": "interrupted",
        "message": "the read was interrupted and is made again",
    }


def test_a_hole() -> None:
    details = {"window": "2025-03-10T09:00:00.000Z/2025-03-10T10:00:00.000Z", "tier": 0, "reason": "bad.request"}
    told = of_audit(audited(Action.HOLE_OPENED, details), ALL)

    assert payload(told) == {
        "event": "conversation_hole_opened",
        "timestamp": "2025-03-10T10:00:00.250Z",
        "source": "emea",
        "requestId": "r-1",
        "hole": details,
    }
    assert told is not None
    assert (told.id, told.about) == ("a-1", "conversation_hole_opened")


@pytest.mark.parametrize("action", sorted(set(Action) - {Action.EXTRACTION_FAILED, Action.HOLE_OPENED}, key=str))
def test_nothing_else_is_told(action: Action) -> None:
    assert of_audit(audited(action), ALL) is None


def test_what_does_not_fire_is_not_told() -> None:
    hole = audited(Action.HOLE_OPENED, {"window": "w", "tier": 0, "reason": "r"})

    def told(*fires: Firing) -> list[bool]:
        found = (of_extraction(ended(), "default", fires), of_audit(failure(None), fires), of_audit(hole, fires))
        return [each is not None for each in found]

    assert told("query") == [True, False, False]
    assert told("failure") == [False, True, False]
    assert told("hole") == [False, False, True]


def test_a_message_from_outside_is_cut() -> None:
    found = payload(of_audit(failure(errors.WindowRefused("x" * 5_000)), ALL))

    assert len(found["error"]["message"]) == 2_000
