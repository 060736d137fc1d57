from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from producer.telemetry.page.late import hints, late
from producer.telemetry.snapshot import LateRow, SourceStatus, TierRow
from tests.support.happenings import NOON
from tests.support.markup import Document

HOUR = timedelta(hours=1)
YOUNG = TierRow(tier=1, age=timedelta(minutes=15), read_to=NOON - HOUR, pages=400, records=100)
OLD = TierRow(tier=2, age=timedelta(days=8), read_to=NOON - timedelta(days=8), pages=0, records=0)
LATE = (
    LateRow(within=timedelta(minutes=1), watch=30, tiers=(10, 0)),
    LateRow(within=timedelta(minutes=5), watch=0, tiers=(80, 0)),
    LateRow(within=timedelta(minutes=15), watch=0, tiers=(0, 0)),
    LateRow(within=None, watch=0, tiers=(10, 0)),
)
STATUS = SourceStatus(source="default", tiers=(YOUNG, OLD), late=LATE)


def told(status: SourceStatus) -> Document:
    return Document(late(status, NOON))


def test_nothing_is_shown_before_anything_is_known() -> None:
    assert late(SourceStatus(source="default"), NOON) == ""


def test_every_tier_tells_how_far_it_is_and_what_a_record_takes() -> None:
    text = told(STATUS).text
    assert "1: after 15 min2025-03-10 11:00:00Z 1 h ago400100a record for 4.0 pages" in text
    assert "2: after 8 d2025-03-02 12:00:00Z 8 d ago00not read yet" in text


@pytest.mark.parametrize(
    ("pages", "records", "worth"), [(10, 0, "nothing found"), (10, 25, "2.5 records a page"), (10, 10, "for 1.0 pages")]
)
def test_what_a_tier_is_worth(pages: int, records: int, worth: str) -> None:
    assert worth in told(replace(STATUS, tiers=(replace(YOUNG, pages=pages, records=records),))).text


def test_how_late_things_came_is_a_histogram_with_its_finders() -> None:
    document = told(STATUS)
    assert "130 records came late." in document.text
    assert (
        "late byrecordsfound byup to 1 min40watch 30, re-read 1 10up to 5 min80re-read 1 80"
        "up to 15 min0-more than 15 min10re-read 1 10" in document.text
    )
    assert [width for kind, _, width in document.shapes if kind == "used"] == ["50.0%", "100.0%", "0.0%", "12.5%"]
    assert {("aria-label", "40"), ("aria-label", "80"), ("aria-label", "10")} <= document.attributes


def test_tiers_are_shown_before_they_found_anything() -> None:
    document = told(replace(STATUS, late=()))
    assert "Neither watch nor re-reads have found anything yet." in document.text
    assert document.shapes == []


def test_what_was_found_is_shown_before_the_tiers_are_known() -> None:
    document = told(replace(STATUS, tiers=()))
    assert "130 records came late." in document.text
    assert "read up to" not in document.text


def test_a_tier_that_took_much_and_found_nothing_may_be_left_out() -> None:
    busy = replace(OLD, pages=1_000)
    (hint,) = hints(replace(STATUS, tiers=(YOUNG, busy)))
    assert hint.startswith("The re-read after 8 d has taken 1,000 pages and found nothing: if that stays so for weeks")
    assert list(hints(replace(STATUS, tiers=(YOUNG, replace(busy, pages=999))))) == []


def test_an_oldest_tier_that_finds_much_is_not_old_enough() -> None:
    def oldest(records: int) -> list[str]:
        return list(hints(replace(STATUS, tiers=(YOUNG, replace(OLD, pages=50, records=records)))))

    assert oldest(1) == []
    (hint,) = oldest(13)
    assert hint.startswith("The oldest re-read has found 10% of what came late: an older one in capture.rereads would")


def test_the_hints_are_on_the_page() -> None:
    assert "capture.rereads can do without it" in told(replace(STATUS, tiers=(YOUNG, replace(OLD, pages=5_000)))).text
