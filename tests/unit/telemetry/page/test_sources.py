from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from producer.telemetry.page.sources import source
from producer.telemetry.snapshot import BudgetRow, SourceStatus
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
        "told to the webhook": "1",
        "never told to the webhook": "1",
        "tracked": "999",
        "open": "340",
        "watched": "120",
        "watch is late by": "1 min 30 s",
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


def test_the_budget_is_told_by_kind_of_read_with_what_each_is_guaranteed() -> None:
    rows = (BudgetRow(read="head", asked=24, share=0.0), BudgetRow(read="watch", asked=3, share=0.05))
    document = shown(replace(EMPTY, cap=270, learned=200, used=27, budget=rows))
    assert "readpages in the last minuteguaranteedhead24-watch310 a minute (5%)" in document.text


def test_a_watch_that_is_late_for_longer_than_polls_explain_is_marked() -> None:
    late, hardly = (source(replace(EMPTY, watch_lateness=timedelta(minutes=each)), NOON) for each in (6, 4))
    assert '<dd class="warn">6 min</dd>' in late
    assert "<dd>4 min</dd>" in hardly


def test_where_nothing_was_to_be_told_the_webhook_is_not_mentioned() -> None:
    assert "webhook" not in shown(EMPTY).text
    assert '<dd class="warn">2</dd>' in source(replace(EMPTY, deliveries_given_up=2), NOON)


def test_what_nobody_told_of_is_a_dash() -> None:
    assert "tracked0open-watched-watch is late by-" in shown(EMPTY).text


def test_each_hole_has_its_reason() -> None:
    document = shown(replace(EMPTY, holes=(hole("400 bad.request"),), holes_in_all=1))
    assert (
        "Holes (1)windowreasonattemptsopenedtier"
        "2025-03-10 10:00:00 to 11:00:00Z400 bad.request12025-03-10 12:00:00Z 0 s ago0" in document.text
    )


def test_holes_that_are_not_listed_are_counted() -> None:
    assert "Holes (the oldest 1 of 1,000)" in shown(replace(EMPTY, holes=(hole(),), holes_in_all=1_000)).text
