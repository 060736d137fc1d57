from __future__ import annotations

from datetime import timedelta

from producer.telemetry.plain import plain
from producer.telemetry.snapshot import ReceiptRow, SourceStatus
from tests.support.happenings import NOON


def test_instants_are_text_and_durations_carry_their_unit() -> None:
    row = ReceiptRow(at=NOON, records=3, took=timedelta(milliseconds=1500))
    assert plain({"rows": (row,)}) == {"rows": [{"at": "2025-03-10T12:00:00.000Z", "records": 3, "took_seconds": 1.5}]}


def test_a_duration_that_is_not_known_has_its_unit_too() -> None:
    assert plain(SourceStatus(source="default"))["uncovered_seconds"] is None


def test_loose_durations_are_seconds() -> None:
    assert plain([timedelta(minutes=1), 1, "a", None]) == [60.0, 1, "a", None]
