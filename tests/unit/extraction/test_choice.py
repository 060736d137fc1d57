"""What is chosen here: always what the API can't tell, and by id everything."""

from __future__ import annotations

from typing import Any

import pytest

from producer.extraction.choice import choice_of, chooses
from producer.extraction.query import Asked
from producer.model.instants import to_millis
from producer.model.selection import Selection
from tests.support.build import at, interval

RECORD: dict[str, Any] = {
    "channelType": "VOICE",
    "userIds": ["u1", "U2"],
    "queueIds": ["q1"],
    "startTime": to_millis(at("10:00")),
    "endTime": to_millis(at("11:00")),
    "participants": [{"participantId": "P1", "externalContactId": "e1"}, {"participantId": None}, {}],
}
ID = ("c1",)


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        (Asked(), True),
        (Asked(selection=Selection(channels=("VOICE", "SMS"))), True),
        (Asked(selection=Selection(channels=("SMS",))), False),
        (Asked(participant_ids=frozenset({"p1", "p9"})), True),
        (Asked(participant_ids=frozenset({"p9"})), False),
        # the API was asked for these, so they are not asked again
        (Asked(selection=Selection(user_ids=("u9",), queue_ids=("q9",), external_contact_ids=("e9",))), True),
        (Asked(interval=interval("12:00", "13:00")), True),
        # by id it was not
        (Asked(interaction_ids=ID), True),
        (Asked(interaction_ids=ID, selection=Selection(user_ids=("u2",), queue_ids=("q1",))), True),
        (Asked(interaction_ids=ID, selection=Selection(external_contact_ids=("e1",))), True),
        (Asked(interaction_ids=ID, selection=Selection(user_ids=("u9",))), False),
        (Asked(interaction_ids=ID, selection=Selection(queue_ids=("q9",))), False),
        (Asked(interaction_ids=ID, selection=Selection(external_contact_ids=("e9",))), False),
        (Asked(interaction_ids=ID, selection=Selection(channels=("SMS",))), False),
        (Asked(interaction_ids=ID, participant_ids=frozenset({"p9"})), False),
        (Asked(interaction_ids=ID, interval=interval("09:00", "10:00")), False),
        (Asked(interaction_ids=ID, interval=interval("09:00", "10:01")), True),
        (Asked(interaction_ids=ID, interval=interval("11:00", "12:00")), True),
        (Asked(interaction_ids=ID, interval=interval("11:01", "12:00")), False),
    ],
)
def test_row_5_what_is_chosen(asked: Asked, chosen: bool) -> None:  # noqa: FBT001 - the expected value
    assert choice_of(asked)(RECORD) is chosen


def test_what_has_no_times_may_have_lived_at_any() -> None:
    chosen = choice_of(Asked(interaction_ids=ID, interval=interval("09:00", "09:30")))
    assert [chosen({**RECORD, **times}) for times in ({"startTime": None}, {"endTime": None})] == [True, False]


def test_whether_anything_may_be_left_out() -> None:
    nothing, by_api = Asked(interval=interval("09:00", "10:00")), Asked(selection=Selection(user_ids=("u1",)))
    some = (
        Asked(participant_ids=frozenset({"p"})),
        Asked(selection=Selection(channels=("SMS",))),
        Asked(interaction_ids=ID),
    )
    assert [chooses(each) for each in (nothing, by_api, *some)] == [False, False, True, True, True]
