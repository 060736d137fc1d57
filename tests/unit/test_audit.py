from __future__ import annotations

import json

import pytest

from producer import errors
from producer.audit import end_of, event, failure_of, split_of, subject_of
from producer.model.actions import Action
from producer.model.reads import Read, ReadKind, Split, Verdict
from producer.model.windows import Ended, Slice
from tests.support.build import at, head_read, read_end, window

SPAN = "2025-03-10T10:00:00.000Z/2025-03-10T10:05:00.000Z"


def test_an_event_has_every_field_and_what_it_does_not_say_is_null() -> None:
    told = event(
        Action.PAGE_PROCESSED,
        audit_id="a-1",
        request_id="r-1",
        source="default",
        at=at("10:00:00.250"),
        details={"window": SPAN, "tier": 0},
        pageNumber=2,
        recordCount=0,
        paginationSuccessRate=0.5,
    )
    assert told == {
        "auditId": "a-1",
        "requestId": "r-1",
        "source": "default",
        "timestamp": 1_741_600_800_250,
        "action": "PAGE_PROCESSED",
        "complianceVersion": "1.0",
        "recordCount": 0,
        "conversationsRead": None,
        "unchanged": None,
        "stale": None,
        "deadLetters": None,
        "durationMs": None,
        "pageNumber": 2,
        "part": None,
        "totalHits": None,
        "totalPagesFetched": None,
        "totalRecordsExtracted": None,
        "totalLatencyMs": None,
        "paginationSuccessRate": 0.5,
        "details": {"window": f'"{SPAN}"', "tier": "0"},
    }


def test_a_field_that_the_schema_does_not_have_is_refused() -> None:
    with pytest.raises(errors.ProducerError, match=r"audit event has no field \['pages'\]"):
        event(Action.STARTED, audit_id="a", request_id="r", source="s", at=at("10:00"), pages=1)


def test_details_are_json_text_of_any_value() -> None:
    told = event(
        Action.STARTED,
        audit_id="a",
        request_id="r",
        source="s",
        at=at("10:00"),
        details={"text": 'Zoë "quoted"', "list": [1, None], "none": None},
    )
    assert {name: json.loads(text) for name, text in told["details"].items()} == {
        "text": 'Zoë "quoted"',
        "list": [1, None],
        "none": None,
    }


def test_a_read_is_told_by_its_window_or_by_how_many_ids_it_asks_for() -> None:
    assert subject_of(head_read()) == {"kind": "head", "tier": 0, "window": SPAN}
    by_id = Read(request_id="r", kind=ReadKind.WATCH, ids=("a", "b"), tier=0)
    assert subject_of(by_id) == {"kind": "watch", "tier": 0, "ids": 2}


def test_an_end_tells_its_window_its_verdict_and_what_stays_unread() -> None:
    end = {"firstHits": 7, "lastHits": 7, "unique": 7, "repeated": 0, "attempts": 2}
    start, _, stop = SPAN.partition("/")
    read = head_read()
    assert end_of(read, read_end(pages=2, unique=7)) == {"start": start, "end": stop, "verdict": "complete", **end}
    by_id = Read(request_id="r", kind=ReadKind.WATCH, ids=("a", "b"))
    assert end_of(by_id, read_end(pages=2, unique=7, unread="too.many", verdict=Verdict.PROVISIONAL)) == {
        "verdict": "provisional",
        **end,
        "unread": "too.many",
    }


def test_a_failure_tells_the_code_of_the_answer_and_the_id_that_the_vendor_asks_for() -> None:
    refused = errors.WindowRefused("400: interval too long", code="bad.request", correlation_id="c-1")
    assert failure_of(refused, hole=True) == {
        "error": {"code": "bad.request", "message": "400: interval too long"},
        "hole": True,
        "correlationId": "c-1",
    }


def test_a_failure_without_an_answer_is_named_by_its_class() -> None:
    assert failure_of(errors.SourceUnavailable("no route to host"), hole=False) == {
        "error": {"code": "SourceUnavailable", "message": "no route to host"},
        "hole": False,
    }


def test_a_read_without_an_end_was_interrupted() -> None:
    assert failure_of(None, hole=False) == {
        "error": {"code": "interrupted", "message": "the read was interrupted and is made again"},
        "hole": False,
    }


def test_a_split_tells_its_parts() -> None:
    parts = tuple(Slice(window=window("10:00", "10:05"), ended=ended) for ended in Ended)
    assert split_of(Split(parts=parts, hits=150_000)) == {"hits": 150_000, "parts": [f"{SPAN} open", f"{SPAN} ended"]}
