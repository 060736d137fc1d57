"""The audit of one read against what is on the topic."""

from __future__ import annotations

from dataclasses import replace

import pytest

from producer.verify.facts import LETTER, Present, Told
from producer.verify.findings import Check, Shortfall
from producer.verify.reads import judged
from tests.support.facts import BOUNDS, READ, page, present, read_of, told

READ_OF_TWO = read_of(page(1, 3), page(2, 2))


def checks(events: list[Told], records: int, request: str = READ) -> list[str]:
    found = judged(request, events, present(records) if records else [], BOUNDS)
    return [finding.check for finding in found.findings]


def test_a_sound_read() -> None:
    found = judged(READ, READ_OF_TWO, present(5), BOUNDS)
    assert (found.findings, found.by_sum, found.shortfall) == ((), True, None)


def test_a_read_without_records() -> None:
    assert checks(read_of(told("EMPTY_PAGE", page=1)), 0) == []
    assert checks(read_of(page(1, 0)), 0) == []


def test_fewer_and_more_records_than_announced() -> None:
    assert checks(READ_OF_TWO, 4) == [Check.SUMS]
    assert checks(READ_OF_TWO, 6) == [Check.SUMS]
    assert judged(READ, READ_OF_TWO, present(4), BOUNDS).shortfall == Shortfall(read=READ, pages=(101, 102))


def test_beyond_the_lag_records_may_be_gone_and_none_may_be_more() -> None:
    beyond = replace(BOUNDS, compacted_to=101)
    fewer, more = (judged(READ, READ_OF_TWO, present(count), beyond) for count in (0, 6))
    assert (fewer.findings, fewer.by_sum, fewer.shortfall) == ((), False, None)
    assert [each.check for each in more.findings] == [Check.SUMS]


def letters(count: int) -> list[Present]:
    return [*present(5), *present(count, origin=LETTER)] if count else present(5)


def test_fewer_and_more_dead_letters_than_announced() -> None:
    events = read_of(page(1, 3), page(2, 2)._replace(letters=2))
    found = {count: judged(READ, events, letters(count), BOUNDS).findings for count in (0, 1, 2, 3)}
    assert {count: [each.text for each in findings] for count, findings in found.items()} == {
        0: ["it announced 2 dead letters, 0 are on the topic"],
        1: ["it announced 2 dead letters, 1 are on the topic"],
        2: [],
        3: ["it announced 2 dead letters, 3 are on the topic"],
    }


def test_dead_letters_that_retention_may_have_taken_are_not_missed() -> None:
    events = read_of(page(1, 5)._replace(letters=2))
    older, younger = (judged(READ, events, letters(1), replace(BOUNDS, letters_to=at)).findings for at in (100, 99))
    assert [len(older), len(younger)] == [0, 1]
    more = judged(READ, events, letters(3), replace(BOUNDS, letters_to=100)).findings
    assert [each.check for each in more] == [Check.SUMS]


@pytest.mark.parametrize("number", range(len(READ_OF_TWO)))
def test_any_event_that_is_missing_is_found(number: int) -> None:
    events = [each for index, each in enumerate(READ_OF_TWO) if index != number]
    assert set(checks(events, 5)) & {Check.AUDIT, Check.SUMS}


@pytest.mark.parametrize("number", range(len(READ_OF_TWO)))
def test_any_event_that_is_doubled_is_found(number: int) -> None:
    events = [each for index, each in enumerate(READ_OF_TWO) for _ in range(1 + (index == number))]
    assert set(checks(events, 5)) & {Check.AUDIT, Check.SUMS}


def test_an_empty_page_that_is_missing_is_found() -> None:
    events = read_of(page(1, 3), told("EMPTY_PAGE", page=2))
    assert checks([each for each in events if each.action != "EMPTY_PAGE"], 3) == [Check.AUDIT]


def test_a_page_in_the_middle_that_is_missing_is_found_also_when_the_read_began_anew() -> None:
    events = read_of(page(1, 3), page(1, 0), page(2, 0), page(3, 0))
    last = events[-1]._replace(pages_in_all=3)
    assert checks([*events[:3], *events[4:-1], last], 3) == [Check.AUDIT]


def test_a_read_that_began_anew_with_smaller_pages_has_more_of_them_than_it_counts() -> None:
    events = read_of(page(1, 3), page(1, 0), page(2, 0))
    assert checks([*events[:-1], events[-1]._replace(pages_in_all=2)], 3) == []


@pytest.mark.parametrize("end", ["EXTRACTION_FAILED", "WINDOW_SPLIT"])
def test_reads_that_ended_otherwise(end: str) -> None:
    assert checks(read_of(page(1, 3), end=end), 3) == []
    assert checks(read_of(page(2, 3), end=end), 3) == []
    interrupted = read_of(page(1, 3), end=end)
    assert checks([*interrupted[:-1], told(end)], 3) == []


def test_an_end_that_counts_other_records() -> None:
    events = read_of(page(1, 3))
    assert checks([*events[:-1], events[-1]._replace(records_in_all=4)], 3) == [Check.AUDIT]


def test_a_read_that_is_open_has_no_end() -> None:
    assert checks(READ_OF_TWO[:-1], 5, request="read-open") == []
    assert checks(READ_OF_TWO[:-1], 5) == [Check.AUDIT]


def test_events_in_another_order() -> None:
    started, first, second, end = READ_OF_TWO
    assert checks([first, started, second, end], 5) == [Check.AUDIT]
    assert checks([started, first, end, second], 5) == [Check.AUDIT]


def test_records_without_an_audit() -> None:
    assert checks([], 5) == [Check.SUMS, Check.AUDIT]


def test_the_audit_of_what_is_older_than_its_retention_is_not_asked_for() -> None:
    old = replace(BOUNDS, audit_to=200)
    for events in ([], READ_OF_TWO[2:]):
        found = judged(READ, events, present(5), old)
        assert (found.findings, found.by_sum) == ((), False)
    assert judged(READ, [], present(5, newest=201), old).findings


def test_a_run() -> None:
    events = [told("STARTED"), told("CONFIG_CHANGED"), told("STOPPED")]
    assert checks(events, 0) == []
    assert judged(READ, events, [], BOUNDS).is_run
    assert not judged(READ, READ_OF_TWO, present(5), BOUNDS).is_run
    assert not judged(READ, [], present(5), BOUNDS).is_run
    assert checks([told("CONFIG_CHANGED"), told("STOPPED")], 0) == [Check.AUDIT]
    assert checks([told("STARTED")], 2) == [Check.SUMS]


def test_records_of_another_origin_than_was_asked_for() -> None:
    found = judged(READ, READ_OF_TWO, [*present(4), *present(1, origin="BY_ID")], BOUNDS)
    assert [(each.check, each.read) for each in found.findings] == [(Check.CONTENT, READ)]
    by_id = [READ_OF_TWO[0]._replace(by_id=1), *READ_OF_TWO[1:]]
    assert judged(READ, by_id, present(5, origin="BY_ID"), BOUNDS).findings == ()
