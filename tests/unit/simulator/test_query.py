from __future__ import annotations

from typing import Any

import pytest

from producer.simulator import query, refusals
from producer.simulator.clock import DAY, HOUR, text

NOON = 20_522 * DAY + 12 * HOUR
HOURLY = "2026-03-10T00:00:00Z/2026-03-10T01:00:00Z"
ENDED = [{"type": "and", "predicates": [{"dimension": "conversationEnd", "operator": "exists"}]}]


def read(**body: Any) -> query.Query:
    return query.read({"interval": HOURLY, **body}, 100)


def refusal(**body: Any) -> tuple[int, str, str]:
    with pytest.raises(refusals.Refused) as caught:
        read(**body)
    return caught.value.status, caught.value.code, caught.value.message


def test_what_is_left_out_has_the_platforms_defaults() -> None:
    asked = read()
    assert (asked.page_size, asked.page_number, asked.first) == (25, 1, 0)
    assert (asked.order, asked.order_by, asked.filters.any) == ("asc", "conversationStart", False)


@pytest.mark.parametrize(
    "interval",
    [
        "2026-03-10T12:00:00Z/2026-03-10T13:00:00Z",
        "2026-03-10T12:00:00.000Z/2026-03-10T13:00:00.0Z",
        "2026-03-10T14:00:00+02:00/2026-03-10T08:00:00-05:00",
        "2026-03-10T12:00:00/2026-03-10T13:00:00",
    ],
)
def test_an_interval_may_be_written_in_several_ways(interval: str) -> None:
    asked = read(interval=interval)
    assert (text(asked.start), text(asked.end)) == ("2026-03-10T12:00:00.000Z", "2026-03-10T13:00:00.000Z")


@pytest.mark.parametrize(
    ("body", "status", "code", "message"),
    [
        ({"interval": None}, 400, "bad.request", "You must specify a search interval as part of your query"),
        ({"interval": "yesterday/today"}, 400, "invalid.date", "Invalid date [yesterday]"),
        ({"paging": {"pageSize": 101, "pageNumber": 1}}, 400, "bad.request", "pageSize must be between 1 and 100"),
        ({"paging": {"pageSize": 10}}, 400, "bad.request", "pageNumber must be at least 1"),
        ({"paging": {"pageSize": 100, "pageNumber": 1001}}, 400, "bad.request", refusals.PAGINATION_CAP),
        (
            {"order": "sideways"},
            400,
            "invalid.value",
            (
                "Value [sideways] is not valid for field type [ConversationQueryOrder]. "
                "Allowable values are: asc, desc, unordered"
            ),
        ),
        (
            {"conversationFilters": [{"type": "", "predicates": []}]},
            400,
            "invalid.value",
            "Value [] is not valid for field type [QueryFilterType]. Allowable values are: and, or",
        ),
    ],
)
def test_refused(body: dict[str, Any], status: int, code: str, message: str) -> None:
    assert refusal(**body) == (status, code, message)


def test_the_cap_is_reached_by_the_last_row_of_a_page() -> None:
    assert read(paging={"pageSize": 100, "pageNumber": 1000}).first == 99_900


def span(days: float) -> str:
    return f"{text(NOON)}/{text(NOON + int(days * DAY))}"


def test_seven_days_without_a_filter_and_less_than_thirty_one_with_one() -> None:
    assert read(interval=span(7)).end - NOON == 7 * DAY
    assert refusal(interval=span(7.1))[2].endswith("that does not exceed 7 days")
    assert read(interval=span(30.9), conversationFilters=ENDED).filters.any
    assert refusal(interval=span(31), conversationFilters=ENDED)[2].endswith("that does not exceed 31 days.")


def test_an_interval_must_not_end_before_it_begins() -> None:
    assert refusal(interval=span(0))[1] == "bad.request"


def test_the_pages_of_a_search_share_a_fingerprint_and_other_searches_dont() -> None:
    first, second = (read(paging={"pageSize": 100, "pageNumber": number}) for number in (1, 2))
    assert first.fingerprint == second.fingerprint
    assert first.fingerprint != read(conversationFilters=ENDED).fingerprint != read(order="desc").fingerprint
