from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

from producer.telemetry.page.sources import source
from producer.telemetry.snapshot import SourceStatus
from tests.support.happenings import NOON, hole, one_of_each
from tests.support.markup import Document, snapshot_after

EMPTY = SourceStatus(source="default")


def shown(status: SourceStatus) -> Document:
    return Document(source(status, NOON))


def used(**limits: Any) -> tuple[str, str]:
    """The width of the bar, and what is told of it."""
    document = shown(replace(EMPTY, **limits))
    (width,) = [width for kind, _, width in document.shapes if kind == "used"]
    return width, document.text.partition("Requests to Genesys Cloud")[2].partition("breaker")[0]


def test_where_a_source_stands() -> None:
    status = snapshot_after(*one_of_each("x")).sources[0]
    texts = [text for text in shown(status).texts if text.strip()]
    facts = dict(pairwise(texts))
    expected = {
        "head watermark": "2025-03-10 10:00:00Z",
        "final watermark": "2025-03-10 10:00:00Z",
        "due and not covered": "1 h",
        "of that not read yet": "0 s",
        "holes": "1",
        "accepted losses": "1",
        "breaker": "open",
        "answers 429 since the start": "1",
        "token valid until": "2025-03-10 12:00:00Z",
        "new records": "60",
        "changed records": "30",
        "read again unchanged": "20",
        "dead letters": "3",
        "tracked conversations": "999",
    }
    assert {name: facts[name] for name in expected} == expected
    assert "2025-03-10 10:00:00Z 2 h ago" in shown(status).text
    assert "last commit2025-03-10 12:00:00Z 0 s ago, 150 records" in shown(status).text


def test_the_budget_is_a_share_of_the_cap_in_force() -> None:
    assert used(cap=270, learned=None, used=27) == (
        "10.0%",
        "27 of 270 requests used in the last minute (cap: 270 a minute; nothing learned)",
    )
    assert used(cap=270, learned=54, used=27) == (
        "50.0%",
        "27 of 54 requests used in the last minute (cap: 270 a minute; learned from answers 429: 54 a minute)",
    )
    assert used(cap=0, learned=None, used=0)[0] == "100.0%"


def test_each_hole_has_its_reason() -> None:
    document = shown(replace(EMPTY, holes=(hole("400 bad.request"),), holes_in_all=1))
    assert (
        "Holes (1)windowreasonattemptsopenedtier"
        "2025-03-10 10:00:00 to 11:00:00Z400 bad.request12025-03-10 12:00:00Z 0 s ago0" in document.text
    )


def test_holes_that_are_not_listed_are_counted() -> None:
    assert "Holes (the oldest 1 of 1,000)" in shown(replace(EMPTY, holes=(hole(),), holes_in_all=1_000)).text
