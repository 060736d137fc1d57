"""Whether a query can be asked: all that is wrong with it at once, each problem with its field and what to do. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from producer import errors
from producer.extraction.query import LARGEST_SIZE, Asked, ChannelType, Query
from producer.model.instants import floor_millis
from producer.model.selection import Selection
from producer.model.windows import Interval

IDS = ("interaction_ids", "participant_ids", "user_ids", "queue_ids", "external_contact_ids")
FILTERS = (IDS[0], IDS[1], "channel_types", *IDS[2:])
TOKEN = "token"  # noqa: S105 - a word of the settings
"""The dialect of gateways: its ids are any text, and it tells of nobody who took part."""
MOST_IDS = {"interaction_ids": 10_000, "participant_ids": 10_000}
MOST_PREDICATES = 100
"""Ids of a field that the API is asked for; beyond it nobody has seen it answer (reference 2.5)."""
FURTHEST_END = timedelta(hours=24)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LONGEST_ID = 200  # characters
_ECHO = 40  # characters of a refused value that are shown


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong with a query: the field, and what to do."""

    field: str
    text: str

    def __str__(self) -> str:
        return f"{self.field}: {self.text}"


class QueryRefused(errors.UsageError):
    """The query can't be asked; nothing was sent. `problems` are all that is wrong with it."""

    what_to_do = "correct the fields named in the message"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("the query can't be asked:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.problems = problems


def asked_for(query: Query, *, now: datetime, retention_days: int, dialect: str) -> Asked:
    """The query as it can be asked. `now` is product time. Raises QueryRefused with all problems at once."""
    problems = tuple(problems_of(query, now=now, retention_days=retention_days, dialect=dialect))
    if problems:
        raise QueryRefused(problems)
    start, end = _instant(query.start_time), _instant(query.end_time)
    channels = _distinct(each.upper() for each in query.channel_types)
    return Asked(
        interaction_ids=_distinct(query.interaction_ids) if dialect == TOKEN else _ids(query.interaction_ids),
        participant_ids=frozenset(_ids(query.participant_ids)),
        selection=Selection(
            channels=() if ChannelType.ALL.value in channels else channels,
            user_ids=_ids(query.user_ids),
            queue_ids=_ids(query.queue_ids),
            external_contact_ids=_ids(query.external_contact_ids),
        ),
        interval=Interval(start, end) if start and end else None,
        size=query.size,
    )


def problems_of(query: Query, *, now: datetime, retention_days: int, dialect: str) -> Iterator[Problem]:
    """Everything that is wrong with a query, field by field."""
    if not any(_given(getattr(query, name)) for name in FILTERS):
        yield Problem("query", f"needs a filter: at least one of {', '.join(FILTERS)}; channel_types=('ALL',) is all")
    if dialect == TOKEN:
        yield from _gateway_problems(query)
    else:
        for name in IDS:
            yield from _ids_problems(name, getattr(query, name))
    yield from _channel_problems(query.channel_types)
    yield from _range_problems(query, now, retention_days)
    yield from _size_problems(query.size)


# --- ids and words --------------------------------------------------------------------------------------------------


def _given(value: Any) -> bool:
    """Whether a filter was set, rightly or not."""
    return value not in (None, (), [], "")


def _list_problem(name: str, values: Any, kind: str) -> Problem | None:
    if isinstance(values, tuple | list) and all(isinstance(each, str) for each in values):
        return None
    return Problem(name, f"must be a tuple of {kind}, not {_echo(values)}")


def _gateway_problems(query: Query) -> Iterator[Problem]:
    interactions, *others = IDS
    values = query.interaction_ids
    if problem := _list_problem(interactions, values, "ids"):
        yield problem
    else:
        yield from _number_problems(interactions, values)
        if wrong := [each for each in values if not each or len(each) > _LONGEST_ID]:
            yield Problem(interactions, f"must be of 1 to {_LONGEST_ID} characters, not {_echo(wrong[0])}")
    for name in others:
        if _given(getattr(query, name)):
            yield Problem(name, "can't be asked of a gateway of the token dialect, nor told from its answers")


def _ids_problems(name: str, values: Any) -> Iterator[Problem]:
    if problem := _list_problem(name, values, "UUIDs"):
        yield problem
        return
    wrong = [each for each in values if not _UUID.fullmatch(each)]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        yield Problem(name, f"must be UUIDs: {_echo(wrong[0])} is none{more}")
    yield from _number_problems(name, values)


def _number_problems(name: str, values: Any) -> Iterator[Problem]:
    most = MOST_IDS.get(name, MOST_PREDICATES)
    if len(values) > most:
        yield Problem(name, f"must be at most {most}, not {len(values)}: ask several queries")


def _channel_problems(values: Any) -> Iterator[Problem]:
    if problem := _list_problem("channel_types", values, "words"):
        yield problem
        return
    words = [each.value for each in ChannelType]
    for wrong in _distinct(each for each in values if each.upper() not in words):
        yield Problem("channel_types", f"must be of {', '.join(words)}, not {_echo(wrong)}")


def _size_problems(size: Any) -> Iterator[Problem]:
    if isinstance(size, bool) or not isinstance(size, int):
        yield Problem("size", f"must be a whole number, not {_echo(size)}")
    elif not 1 <= size <= LARGEST_SIZE:
        yield Problem("size", f"must be from 1 to {LARGEST_SIZE}, not {size}")


# --- the range of time ----------------------------------------------------------------------------------------------


def _range_problems(query: Query, now: datetime, retention_days: int) -> Iterator[Problem]:
    times = {"start_time": query.start_time, "end_time": query.end_time}
    given = [name for name, value in times.items() if value is not None]
    if len(given) == 1:
        (missing,) = times.keys() - given
        yield Problem(missing, f"is missing: it is needed together with {given[0]}")
    needing = [name for name in FILTERS[1:] if _given(getattr(query, name))]
    if not given and needing:
        yield Problem("start_time", f"is missing, and end_time too: {needing[0]} can't be asked for without a range")
    refused = {name: _instant_problem(value) for name, value in times.items() if name in given}
    for name, text in refused.items():
        if text:
            yield Problem(name, text)
    known = {name: _instant(times[name]) for name, text in refused.items() if not text}
    yield from _bounds_problems(known.get("start_time"), known.get("end_time"), now, retention_days)


def _bounds_problems(
    start: datetime | None, end: datetime | None, now: datetime, retention_days: int
) -> Iterator[Problem]:
    kept = now - timedelta(days=retention_days)
    if start and start < kept:
        text = f"must not be before {_text(kept)}: the organisation keeps {retention_days} days"
        yield Problem("start_time", f"{text} (genesys.retention_days)")
    if end and end > now + FURTHEST_END:
        yield Problem("end_time", f"must not be after {_text(now + FURTHEST_END)}, 24 hours from now")
    if start and end and end <= start:
        yield Problem("end_time", f"must be after start_time ({_text(start)})")


def _instant_problem(value: Any) -> str | None:
    """What is wrong with an instant; None when it is one."""
    if not isinstance(value, str | datetime):
        return f"must be a datetime or an ISO 8601 text, not {_echo(value)}"
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else value
        if read.utcoffset() is None:
            return "must tell its offset from UTC, as 2025-03-10T00:00:00Z does"
        floor_millis(read.astimezone(UTC))
    except (ValueError, OverflowError):
        return f"must be an ISO 8601 instant such as 2025-03-10T00:00:00Z, not {_echo(value)}"
    return None


def _instant(value: Any) -> datetime | None:
    """A right instant in UTC, whole milliseconds."""
    if value is None:
        return None
    return floor_millis((datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC))


def _ids(values: Any) -> tuple[str, ...]:
    return _distinct(each.lower() for each in values)


def _distinct(values: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _echo(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= _ECHO else f"{shown[:_ECHO]}…"
