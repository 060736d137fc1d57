from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from producer.model.coverage import HISTORY, Loss
from producer.telemetry.page.timeline import Scale, timeline
from producer.telemetry.snapshot import SourceStatus
from tests.support.happenings import NOON, SECOND, hole
from tests.support.markup import HOSTILE, Document

DAY = timedelta(days=1)
STATUS = SourceStatus(
    source="default", since=NOON - DAY, covered_to=NOON - timedelta(hours=6), uncovered=timedelta(hours=3)
)


def drawn(status: SourceStatus) -> Document:
    return Document(timeline(status, NOON))


def test_covered_due_and_not_yet_due_time_are_drawn_apart_and_told() -> None:
    document = drawn(STATUS)
    assert document.shapes == [
        ("track", "0.000%", "100.000%"),
        ("covered", "0.000%", "75.000%"),
        ("due", "75.000%", "12.500%"),
    ]
    assert document.text.endswith(
        "The head has read 2025-03-09 12:00:00 to 2025-03-10 06:00:00Z. 3 h are due and not read yet. No holes."
    )


def test_a_hole_of_a_millisecond_has_a_mark_and_is_told() -> None:
    short = replace(hole(), end=hole().start + SECOND / 1000)
    document = drawn(replace(STATUS, covered_to=NOON, uncovered=SECOND / 1000, holes=(short,), holes_in_all=1))
    assert ("class", "mark") in document.attributes
    assert document.shapes[-1] == ("edge", "91.667%", "3")
    assert "All that is due was read. 1 hole: 2025-03-10 10:00:00 to 10:00:00Z (400 bad.request)." in document.text


def test_a_hole_is_as_wide_as_it_is_long() -> None:
    document = drawn(replace(STATUS, holes=(hole(),), holes_in_all=1))
    assert ("hole", "91.667%", "4.167%") in document.shapes


def test_a_hole_before_the_picture_is_told_and_not_drawn() -> None:
    old = replace(hole(), start=NOON - 3 * DAY, end=NOON - 2 * DAY)
    document = drawn(replace(STATUS, since=NOON - 4 * DAY, holes=(old,), holes_in_all=1))
    assert ("class", "mark") not in document.attributes
    assert document.text.endswith("1 hole of them older than the picture.")


def test_history_is_drawn_as_due_and_told_apart_from_holes() -> None:
    past = replace(hole(HISTORY), start=NOON - DAY, end=NOON - timedelta(hours=18), attempts=0)
    document = drawn(replace(STATUS, holes=(past,), holes_in_all=1))
    assert ("due", "0.000%", "25.000%") in document.shapes
    assert ("class", "mark") not in document.attributes
    assert document.text.endswith("6 h from before capture began are still to be read. No holes.")


def test_a_hole_of_a_re_read_says_so() -> None:
    document = drawn(replace(STATUS, holes=(replace(hole(), tier=2),), holes_in_all=1))
    assert "1 hole: 2025-03-10 10:00:00 to 11:00:00Z (400 bad.request, of re-read 2)." in document.text


def test_many_holes_are_told_in_part() -> None:
    document = drawn(replace(STATUS, holes=(hole(),) * 100, holes_in_all=1_000))
    assert document.text.count("10:00:00 to 11:00:00Z") == 5
    assert document.text.endswith("and 995 more.")


def test_an_accepted_loss_is_drawn_and_explained_only_where_there_is_one() -> None:
    loss = Loss(
        start=NOON - timedelta(hours=12), end=NOON - timedelta(hours=6), tier=0, reason=HOSTILE, accepted_at=NOON
    )
    document = drawn(replace(STATUS, losses=(loss,)))
    assert ("loss", "50.000%", "25.000%") in document.shapes
    assert ("accepted loss" in document.text, "accepted loss" in drawn(STATUS).text) == (True, False)


def test_nothing_is_drawn_before_anything_was_read() -> None:
    assert drawn(SourceStatus(source="default")).text == "Nothing read yet."


def test_nothing_is_claimed_of_a_start_that_nothing_was_read_from() -> None:
    document = drawn(replace(STATUS, covered_to=STATUS.since, uncovered=None))
    assert document.shapes == [("track", "0.000%", "100.000%")]
    assert document.text.endswith("Nothing read yet. All that is due was read. No holes.")


@pytest.mark.parametrize(
    ("age", "hours", "ticks"),
    [
        (SECOND, 1, ["11:00", "11:10", "11:20", "11:30", "11:40", "11:50", "12:00"]),
        (timedelta(hours=2), 3, ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "12:00"]),
        (timedelta(hours=5), 6, ["06:00", "07:00", "08:00", "09:00", "10:00", "11:00", "12:00"]),
        (9 * DAY, 24, ["12:00", "15:00", "18:00", "21:00", "00:00", "03:00", "06:00", "09:00", "12:00"]),
    ],
)
def test_the_picture_is_as_long_as_there_is_something_to_show_up_to_a_day(
    age: timedelta, hours: int, ticks: list[str]
) -> None:
    scale = Scale.of(NOON - age, NOON)
    labelled = [at for at in scale.ticks() if not _since_midnight(at) % scale.label]
    assert (scale.end - scale.start, [f"{at:%H:%M}" for at in labelled]) == (timedelta(hours=hours), ticks)


def _since_midnight(at: datetime) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute)


def test_midnight_is_labelled_with_its_day_and_no_label_is_cut_off_at_an_edge() -> None:
    labels = [text for text in drawn(STATUS).texts if len(text) == 5]
    assert labels == ["15:00", "18:00", "21:00", "03-10", "03:00", "06:00", "09:00"]
