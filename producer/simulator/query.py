"""A query as it was asked: its interval, order, page and filters, checked as the platform checks them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from producer.simulator import refusals
from producer.simulator.clock import DAY, millis
from producer.simulator.predicates import FILTERS, Filters, wants_only_open

_CAP = 100_000
_ORDERS = ("asc", "desc", "unordered")
_ORDER_BY = ("conversationStart", "conversationEnd", "segmentStart", "segmentEnd")
_FRACTION = re.compile(r"\.(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One page of one search. `start` and `end` are UTC milliseconds, half-open."""

    start: int
    end: int
    order: str
    order_by: str
    page_size: int
    page_number: int
    filters: Filters
    only_open: bool
    fingerprint: str
    """Equal for the pages of one search."""

    @classmethod
    def of_range(cls, start: int, end: int, filters: Filters, fingerprint: str) -> Query:
        """What a range of time holds, ordered by start."""
        return cls(
            start=start,
            end=end,
            order=_ORDERS[0],
            order_by=_ORDER_BY[0],
            page_size=1,
            page_number=1,
            filters=filters,
            only_open=False,
            fingerprint=fingerprint,
        )

    @property
    def first(self) -> int:
        """The place of the page's first row in the search."""
        return (self.page_number - 1) * self.page_size


def read(body: Any, max_page_size: int) -> Query:
    """Check a request body. Raises Refused, and RecursionError when it is nested absurdly."""
    if not isinstance(body, dict):
        raise refusals.bad_request("The request body must be a JSON object")
    start, end = _interval(body.get("interval"))
    filters = Filters(body)
    days = refusals.LONGEST_FILTERED if filters.any else refusals.LONGEST
    longest = days * DAY - filters.any  # exactly 31 days have been seen refused, exactly 7 not
    if end - start > longest:
        raise refusals.interval_too_long(days)
    size, number = _paging(body.get("paging"), max_page_size)
    order = _word(body, "order", _ORDERS, "ConversationQueryOrder")
    order_by = _word(body, "orderBy", _ORDER_BY, "ConversationQueryOrderBy")
    return Query(
        start=start,
        end=end,
        order=order,
        order_by=order_by,
        page_size=size,
        page_number=number,
        filters=filters,
        only_open=wants_only_open(body),
        fingerprint=repr((start, end, order, order_by, [body.get(name) for name in FILTERS])),
    )


def _word(body: Mapping[str, Any], name: str, allowed: tuple[str, ...], kind: str) -> str:
    word = body.get(name) or allowed[0]
    if word not in allowed:
        raise refusals.invalid_value(word, kind, list(allowed))
    return str(word)


def _interval(value: Any) -> tuple[int, int]:
    if not isinstance(value, str) or value.count("/") != 1:
        raise refusals.bad_request("You must specify a search interval as part of your query")
    start, end = (_instant(part) for part in value.split("/"))
    if end <= start:
        raise refusals.bad_request(f"Invalid interval [{value}]: the end must be after the start")
    return start, end


def range_of(start: Any, end: Any) -> tuple[int, int]:
    """A range of time given as two instants, at most as long as a query without filters may be. Raises Refused."""
    if not isinstance(start, str) or not isinstance(end, str):
        raise refusals.bad_request("You must specify a search interval as part of your query")
    begin, stop = _interval(f"{start}/{end}")
    if stop - begin > refusals.LONGEST * DAY:
        raise refusals.interval_too_long(refusals.LONGEST)
    return begin, stop


def _instant(text: str) -> int:
    try:
        instant = datetime.fromisoformat(_FRACTION.sub(lambda found: f".{found[1]:0<6.6}", text))
    except ValueError as problem:
        raise refusals.Refused(400, "invalid.date", f"Invalid date [{text}]") from problem
    return millis(instant if instant.tzinfo else instant.replace(tzinfo=UTC))


def _paging(value: Any, max_page_size: int) -> tuple[int, int]:
    if value is None:
        return 25, 1
    if not isinstance(value, dict):
        raise refusals.bad_request("paging must be an object")
    size, number = value.get("pageSize"), value.get("pageNumber")
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= max_page_size:
        raise refusals.bad_request(f"pageSize must be between 1 and {max_page_size}")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise refusals.bad_request("pageNumber must be at least 1")
    if size * number > _CAP:
        raise refusals.bad_request(refusals.PAGINATION_CAP)
    return size, number
