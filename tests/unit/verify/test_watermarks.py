"""Watermarks that take something back, or promise what is not there."""

from __future__ import annotations

from typing import Any

import pytest

from producer.verify.facts import Position
from producer.verify.findings import Check
from producer.verify.watermarks import promise_findings, watermark_findings

POSITION = Position(since=0, head=200, final=100, passed=0)


def mark(**fields: Any) -> dict[str, Any]:
    base = {"source": "default", "headThrough": 200, "finalThrough": 100, "committedAt": 300, "offsets": [5, 0, 7]}
    return base | fields


def test_watermarks_that_rise_or_stand() -> None:
    for before in (None, mark(), mark(headThrough=100, finalThrough=50, offsets=[4, 0, 7]), mark(offsets=[])):
        assert list(watermark_findings(mark(), before)) == []


@pytest.mark.parametrize(
    "before",
    [mark(headThrough=201), mark(finalThrough=101), mark(offsets=[5, 1, 7]), mark(offsets=[5, 0])],
)
def test_a_watermark_that_goes_back(before: dict[str, Any]) -> None:
    (finding,) = watermark_findings(mark(), before)
    assert finding.check is Check.WATERMARKS
    assert "goes back" in finding.text or "go back" in finding.text


def test_a_promise_that_is_kept() -> None:
    assert list(promise_findings(mark(), (5, 0, 7), POSITION)) == []
    assert list(promise_findings(mark(offsets=[]), (5, 0, 7), POSITION)) == []


@pytest.mark.parametrize("ends", [(4, 0, 7), (5, 0)])
def test_a_promise_beyond_the_end_of_the_topic(ends: tuple[int, ...]) -> None:
    (finding,) = promise_findings(mark(), ends, POSITION)
    assert "end before that" in finding.text


@pytest.mark.parametrize(
    "position", [Position(since=0, head=199, final=100, passed=0), Position(since=0, head=200, final=99, passed=0)]
)
def test_a_promise_beyond_the_checkpoint(position: Position) -> None:
    (finding,) = promise_findings(mark(), (5, 0, 7), position)
    assert "more than the checkpoint" in finding.text


def test_a_promise_of_a_source_that_has_no_checkpoint() -> None:
    (finding,) = promise_findings(mark(), (5, 0, 7), None)
    assert "no checkpoint" in finding.text
