"""Row 4 of what is required: a query is validated before any request, and told all that is wrong with it at once.

The table specifies the validator: each refused query with its exact messages, each accepted one as it is asked.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from producer import errors
from producer.extraction.query import Asked, ChannelType, Query
from producer.extraction.rules import QueryRefused, asked_for
from producer.model.selection import Selection
from producer.model.windows import Interval

NOW = datetime(2025, 3, 10, 12, tzinfo=UTC)
A = "9d2f7c1e-0000-4000-8000-00000000000a"
B = "9d2f7c1e-0000-4000-8000-00000000000b"
DAY: dict[str, Any] = {"start_time": "2025-03-09T00:00:00Z", "end_time": "2025-03-10T00:00:00Z"}
INTERVAL = Interval(datetime(2025, 3, 9, tzinfo=UTC), datetime(2025, 3, 10, tzinfo=UTC))
FILTER_NEEDED = (
    "query: needs a filter: at least one of interaction_ids, participant_ids, channel_types, user_ids, queue_ids,"
    " external_contact_ids; channel_types=('ALL',) is all"
)
WORDS = "VOICE, CHAT, EMAIL, SMS, CALLBACK, SOCIAL_MEDIA, WEBCHAT, UNKNOWN, ALL"
NOT_ISO = "must be an ISO 8601 instant such as 2025-03-10T00:00:00Z, not"
NAIVE = "must tell its offset from UTC, as 2025-03-10T00:00:00Z does"
TOO_OLD = (
    "start_time: must not be before 2024-03-10T12:00:00Z: the organisation keeps 365 days (genesys.retention_days)"
)
ALL: dict[str, Any] = {"channel_types": ("ALL",)}


def many(count: int) -> tuple[str, ...]:
    return tuple(f"9d2f7c1e-0000-4000-8000-{number:012x}" for number in range(count))


REFUSED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing at all": ({}, [FILTER_NEEDED]),
    "a range alone": (DAY, [FILTER_NEEDED]),
    "empty filters": ({**DAY, "interaction_ids": (), "channel_types": ()}, [FILTER_NEEDED]),
    "no UUID": ({"interaction_ids": ("abc",)}, ["interaction_ids: must be UUIDs: 'abc' is none"]),
    "some that are no UUIDs": (
        {"interaction_ids": (A, "", "b")},
        ["interaction_ids: must be UUIDs: '' is none (and 1 more)"],
    ),
    "a UUID with a brace": (
        {"interaction_ids": ("{" + A[:20],)},
        [f"interaction_ids: must be UUIDs: {'{' + A[:20]!r} is none"],
    ),
    "an endless id": (
        {"interaction_ids": ("x" * 5_000,)},
        [f"interaction_ids: must be UUIDs: '{'x' * 39}… is none"],
    ),
    "a text in place of a tuple": ({"interaction_ids": A}, [f"interaction_ids: must be a tuple of UUIDs, not '{A}'"]),
    "None in place of a tuple": ({**DAY, **ALL, "user_ids": None}, ["user_ids: must be a tuple of UUIDs, not None"]),
    "numbers as ids": ({"interaction_ids": (7,)}, ["interaction_ids: must be a tuple of UUIDs, not (7,)"]),
    "too many ids": (
        {"interaction_ids": many(10_001)},
        ["interaction_ids: must be at most 10000, not 10001: ask several queries"],
    ),
    "too many users": ({**DAY, "user_ids": many(101)}, ["user_ids: must be at most 100, not 101: ask several queries"]),
    "too many queues": (
        {**DAY, "queue_ids": many(101)},
        ["queue_ids: must be at most 100, not 101: ask several queries"],
    ),
    "a participant that is no UUID": (
        {**DAY, "participant_ids": ("p1",)},
        ["participant_ids: must be UUIDs: 'p1' is none"],
    ),
    "an external contact that is no UUID": (
        {**DAY, "external_contact_ids": ("e1",)},
        ["external_contact_ids: must be UUIDs: 'e1' is none"],
    ),
    "an unknown channel": ({**DAY, "channel_types": ("FAX",)}, [f"channel_types: must be of {WORDS}, not 'FAX'"]),
    "the API's word for a channel": (
        {**DAY, "channel_types": ("message",)},
        [f"channel_types: must be of {WORDS}, not 'message'"],
    ),
    "a channel as text": ({**DAY, "channel_types": "VOICE"}, ["channel_types: must be a tuple of words, not 'VOICE'"]),
    "a channel without a range": (
        {"channel_types": ("VOICE",)},
        ["start_time: is missing, and end_time too: channel_types can't be asked for without a range"],
    ),
    "a participant without a range": (
        {"participant_ids": (A,)},
        ["start_time: is missing, and end_time too: participant_ids can't be asked for without a range"],
    ),
    "a participant of an interaction without a range": (
        {"interaction_ids": (A,), "participant_ids": (B,)},
        ["start_time: is missing, and end_time too: participant_ids can't be asked for without a range"],
    ),
    "a user without a range": (
        {"user_ids": (A,)},
        ["start_time: is missing, and end_time too: user_ids can't be asked for without a range"],
    ),
    "no end": (
        {**ALL, "start_time": "2025-03-09T00:00:00Z"},
        ["end_time: is missing: it is needed together with start_time"],
    ),
    "no start": (
        {**ALL, "end_time": "2025-03-09T00:00:00Z"},
        ["start_time: is missing: it is needed together with end_time"],
    ),
    "naive texts": (
        {**ALL, "start_time": "2025-03-09T00:00:00", "end_time": "2025-03-10 00:00"},
        [f"start_time: {NAIVE}", f"end_time: {NAIVE}"],
    ),
    "naive datetimes": (
        {**ALL, "start_time": datetime(2025, 3, 9), "end_time": datetime(2025, 3, 10)},  # noqa: DTZ001
        [f"start_time: {NAIVE}", f"end_time: {NAIVE}"],
    ),
    "a day without a time": ({**ALL, **DAY, "start_time": "2025-03-09"}, [f"start_time: {NAIVE}"]),
    "no instant": ({**ALL, **DAY, "start_time": "yesterday"}, [f"start_time: {NOT_ISO} 'yesterday'"]),
    "an empty text": ({**ALL, **DAY, "end_time": ""}, [f"end_time: {NOT_ISO} ''"]),
    "an hour that is none": (
        {**ALL, **DAY, "start_time": "2025-03-09T24:30:00Z"},
        [f"start_time: {NOT_ISO} '2025-03-09T24:30:00Z'"],
    ),
    "an instant of another kind": (
        {**ALL, **DAY, "start_time": 1_741_478_400},
        ["start_time: must be a datetime or an ISO 8601 text, not 1741478400"],
    ),
    "an instant outside the calendar": (
        {**ALL, **DAY, "start_time": "0001-01-01T00:00:00+14:00"},
        [f"start_time: {NOT_ISO} '0001-01-01T00:00:00+14:00'"],
    ),
    "the end before the start": (
        {**ALL, "start_time": "2025-03-09T10:00:00Z", "end_time": "2025-03-09T09:00:00Z"},
        ["end_time: must be after start_time (2025-03-09T10:00:00Z)"],
    ),
    "the end at the start, by another offset": (
        {**ALL, "start_time": "2025-03-09T10:00:00Z", "end_time": "2025-03-09T12:00:00+02:00"},
        ["end_time: must be after start_time (2025-03-09T10:00:00Z)"],
    ),
    "a start before what is kept": (
        {**ALL, **DAY, "start_time": "2024-03-10T11:59:59.999Z"},
        [TOO_OLD],
    ),
    "an end too far ahead": (
        {**ALL, **DAY, "end_time": "2025-03-11T12:00:00.001Z"},
        ["end_time: must not be after 2025-03-11T12:00:00Z, 24 hours from now"],
    ),
    "no records in a chunk": ({"interaction_ids": (A,), "size": 0}, ["size: must be from 1 to 2000, not 0"]),
    "too many in a chunk": ({"interaction_ids": (A,), "size": 2_001}, ["size: must be from 1 to 2000, not 2001"]),
    "a negative size": ({"interaction_ids": (A,), "size": -1}, ["size: must be from 1 to 2000, not -1"]),
    "a size that is no number": ({"interaction_ids": (A,), "size": "10"}, ["size: must be a whole number, not '10'"]),
    "a size that is true": ({"interaction_ids": (A,), "size": True}, ["size: must be a whole number, not True"]),
    "half a record": ({"interaction_ids": (A,), "size": 0.5}, ["size: must be a whole number, not 0.5"]),
    "all at once": (
        {
            "interaction_ids": ("abc",),
            "channel_types": ("FAX", "FAX", "telex"),
            "start_time": "2020-01-01T00:00:00Z",
            "end_time": "2025-03-12T00:00:00",
            "size": 5_000,
        },
        [
            "interaction_ids: must be UUIDs: 'abc' is none",
            f"channel_types: must be of {WORDS}, not 'FAX'",
            f"channel_types: must be of {WORDS}, not 'telex'",
            f"end_time: {NAIVE}",
            TOO_OLD,
            "size: must be from 1 to 2000, not 5000",
        ],
    ),
}

ACCEPTED: dict[str, tuple[dict[str, Any], Asked]] = {
    "an interaction": ({"interaction_ids": (A,)}, Asked(interaction_ids=(A,))),
    "a list of them, some twice, in capitals": (
        {"interaction_ids": [A.upper(), B, A]},
        Asked(interaction_ids=(A, B)),
    ),
    "as many as there may be": ({"interaction_ids": many(10_000)}, Asked(interaction_ids=many(10_000))),
    "interactions that lived in a range": (
        {"interaction_ids": (A,), **DAY},
        Asked(interaction_ids=(A,), interval=INTERVAL),
    ),
    "a participant": ({"participant_ids": (A,), **DAY}, Asked(participant_ids=frozenset({A}), interval=INTERVAL)),
    "a channel": (
        {"channel_types": ("VOICE",), **DAY},
        Asked(selection=Selection(channels=("VOICE",)), interval=INTERVAL),
    ),
    "a channel in small letters, and one by name": (
        {"channel_types": ("sms", ChannelType.EMAIL), **DAY},
        Asked(selection=Selection(channels=("SMS", "EMAIL")), interval=INTERVAL),
    ),
    "every channel": ({**ALL, **DAY}, Asked(interval=INTERVAL)),
    "every channel, and one of them": ({"channel_types": ("VOICE", "ALL"), **DAY}, Asked(interval=INTERVAL)),
    "user, queue, contact": (
        {"user_ids": (A,), "queue_ids": (B,), "external_contact_ids": (A, B), **DAY},
        Asked(selection=Selection(user_ids=(A,), queue_ids=(B,), external_contact_ids=(A, B)), interval=INTERVAL),
    ),
    "offsets": (
        {**ALL, "start_time": "2025-03-09T01:00:00+01:00", "end_time": "2025-03-09T19:00-05:00"},
        Asked(interval=INTERVAL),
    ),
    "datetimes": (
        {**ALL, "start_time": INTERVAL.start.astimezone(timezone(timedelta(hours=3))), "end_time": INTERVAL.end},
        Asked(interval=INTERVAL),
    ),
    "microseconds are cut off": (
        {**ALL, "start_time": "2025-03-09T00:00:00.000999Z", "end_time": "2025-03-10T00:00:00Z"},
        Asked(interval=INTERVAL),
    ),
    "the first instant that is kept, to the last that may be": (
        {**ALL, "start_time": NOW - timedelta(days=365), "end_time": NOW + timedelta(hours=24)},
        Asked(interval=Interval(NOW - timedelta(days=365), NOW + timedelta(hours=24))),
    ),
    "one record at a time": ({"interaction_ids": (A,), "size": 1}, Asked(interaction_ids=(A,), size=1)),
    "chunks as large as can be": ({"interaction_ids": (A,), "size": 2_000}, Asked(interaction_ids=(A,), size=2_000)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_row_4_a_query_is_refused_with_all_that_is_wrong(name: str) -> None:
    given, messages = REFUSED[name]
    with pytest.raises(QueryRefused) as refused:
        asked_for(Query(**given), now=NOW, retention_days=365, dialect="platform")
    assert [str(problem) for problem in refused.value.problems] == messages
    assert str(refused.value) == "the query can't be asked:\n" + "\n".join(f"  {message}" for message in messages)


@pytest.mark.parametrize("name", ACCEPTED)
def test_row_4_a_right_query_is_asked_as_it_is_meant(name: str) -> None:
    given, asked = ACCEPTED[name]
    assert asked_for(Query(**given), now=NOW, retention_days=365, dialect="platform") == asked


def test_row_4_the_premium_licence_keeps_five_years() -> None:
    query = Query(**ALL, start_time=NOW - timedelta(days=1_825), end_time=NOW)
    with pytest.raises(QueryRefused, match="the organisation keeps 365 days"):
        asked_for(query, now=NOW, retention_days=365, dialect="platform")
    assert asked_for(query, now=NOW, retention_days=1_825, dialect="platform").interval == Interval(
        NOW - timedelta(days=1_825), NOW
    )


def test_there_are_enough_of_both() -> None:
    assert len(REFUSED) + len(ACCEPTED) >= 40


def test_a_refusal_is_a_mistake_of_the_caller() -> None:
    assert issubclass(QueryRefused, errors.UsageError)
    assert (QueryRefused.exit_code, QueryRefused.what_to_do) == (64, "correct the fields named in the message")


def test_row_12_the_audit_is_told_the_whole_query_but_bounded() -> None:
    asked = asked_for(
        Query(interaction_ids=many(150), channel_types=("SMS",), **DAY), now=NOW, retention_days=365, dialect="platform"
    )
    assert asked.told() == {
        "kind": "query",
        "interactionIds": list(many(100)),
        "channelTypes": ["SMS"],
        "interactionIdsCount": 150,
        "startTime": "2025-03-09T00:00:00.000Z",
        "endTime": "2025-03-10T00:00:00.000Z",
        "size": 2_000,
    }


def test_row_8_a_gateway_is_asked_for_any_id_and_for_nothing_that_it_can_not_tell() -> None:
    told = asked_for(Query(interaction_ids=("A-1", "a-1", "A-1")), now=NOW, retention_days=365, dialect="token")
    assert told.interaction_ids == ("A-1", "a-1")
    query = Query(interaction_ids=("", "x" * 201), participant_ids=(A,), user_ids=(A,), queue_ids=(A,), size=0, **DAY)
    with pytest.raises(QueryRefused) as refused:
        asked_for(query, now=NOW, retention_days=365, dialect="token")
    beyond = "can't be asked of a gateway of the token dialect, nor told from its answers"
    assert [str(each) for each in refused.value.problems] == [
        "interaction_ids: must be of 1 to 200 characters, not ''",
        *(f"{name}: {beyond}" for name in ("participant_ids", "user_ids", "queue_ids")),
        "size: must be from 1 to 2000, not 0",
    ]
