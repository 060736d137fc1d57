"""No event falls between the tables, and no table names what does not exist."""

from __future__ import annotations

import logging

from producer import events
from producer.events import Event
from producer.telemetry.feeds import FEEDS
from producer.telemetry.lines import FREQUENT, LINES, SILENT, line_of
from tests.support.happenings import one_of_each

EVERY_KIND = {
    kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
}


def test_every_event_has_a_line_or_is_silent_on_purpose() -> None:
    assert set(LINES) | SILENT == EVERY_KIND
    assert not set(LINES) & SILENT


def test_an_event_without_a_line_feeds_a_metric() -> None:
    assert set(FEEDS) >= SILENT


def test_frequent_events_are_debug_lines() -> None:
    found = [line for event in one_of_each("x") if type(event) in FREQUENT and (line := line_of(event))]
    assert [line.level for line in found] == [logging.DEBUG] * len(FREQUENT)


def test_no_event_is_derived_from_another_so_a_table_by_type_finds_them_all() -> None:
    assert {kind for kind in EVERY_KIND if kind.__base__ is not Event} == set()


def test_the_samples_of_the_tests_are_complete() -> None:
    assert {type(event) for event in one_of_each("x")} == EVERY_KIND
