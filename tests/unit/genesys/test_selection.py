"""What a selection becomes in a request, held against the rule that decides channels and the simulator's predicates."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from producer.genesys.query import page_request
from producer.genesys.selection import BY_CHANNEL, segment_filters
from producer.model.selection import EVERYTHING, Selection
from producer.model.windows import Slice
from producer.simulator.predicates import Filters
from producer.transform.channels import ACCOMPANYING, BY_MEDIA, BY_MESSAGE, OTHER_MESSAGE, UNKNOWN, channel_of
from tests.support.build import window

WORDS = [*BY_MEDIA, *ACCOMPANYING, "internalmessage", "unknown"]
KINDS = [*BY_MESSAGE, "facebook", "whatsapp", "apple", None]
MEDIA = [(word, None) for word in sorted(WORDS)] + [("message", kind) for kind in KINDS]


def one_session(media_type: str, message_type: str | None) -> dict[str, Any]:
    session = {"mediaType": media_type, "segments": [{"segmentType": "interact"}]}
    if message_type:
        session["messageType"] = message_type
    return {"conversationId": "c", "participants": [{"purpose": "customer", "sessions": [session]}]}


@pytest.mark.parametrize(("media_type", "message_type"), MEDIA)
def test_what_is_of_a_channel_is_let_through_by_its_filter(media_type: str, message_type: str | None) -> None:
    channel = channel_of(media_type, message_type)
    filters = Filters({"segmentFilters": segment_filters(Selection(channels=(channel,)))})
    assert filters.accept(one_session(media_type, message_type))


def test_a_filter_lets_through_as_little_as_predicates_can_say() -> None:
    through = {
        channel: {
            channel_of(*each)
            for each in MEDIA
            if Filters({"segmentFilters": segment_filters(Selection(channels=(channel,)))}).accept(one_session(*each))
        }
        for channel in BY_CHANNEL
    }
    assert through == {
        **{channel: {channel} for channel in BY_CHANNEL},
        "SOCIAL_MEDIA": {"SOCIAL_MEDIA", "SMS", "WEBCHAT", UNKNOWN},
    }


def test_every_channel_but_unknown_has_a_filter() -> None:
    assert set(BY_CHANNEL) == {*BY_MEDIA.values(), *BY_MESSAGE.values(), OTHER_MESSAGE} - {UNKNOWN}


def test_what_is_unknown_has_nothing_in_common_that_one_could_ask_for() -> None:
    assert segment_filters(Selection(channels=("VOICE", UNKNOWN))) == []
    assert segment_filters(EVERYTHING) == []


def test_each_field_is_a_filter_of_its_own_and_its_values_are_alternatives() -> None:
    filters = segment_filters(
        Selection(channels=("SMS", "VOICE"), user_ids=("u1", "u2"), queue_ids=("q1",), external_contact_ids=("e1",))
    )

    def shown(predicate: dict[str, str]) -> str:
        return f"{predicate['dimension']} {predicate['operator']} {predicate['value']}"

    assert [
        (
            each["type"],
            [shown(one) for one in each.get("predicates", ())],
            [(clause["type"], [shown(one) for one in clause["predicates"]]) for clause in each.get("clauses", ())],
        )
        for each in filters
    ] == [
        (
            "or",
            [],
            [("and", ["mediaType matches message", "messageType matches sms"]), ("and", ["mediaType matches voice"])],
        ),
        ("or", ["userId matches u1", "userId matches u2"], []),
        ("or", ["queueId matches q1"], []),
        ("or", ["externalContactId matches e1"], []),
    ]


def test_user_and_queue_may_stand_in_different_segments() -> None:
    document = {
        "participants": [
            {"purpose": "agent", "userId": "u1", "sessions": [{"segments": [{"segmentType": "interact"}]}]},
            {"purpose": "acd", "sessions": [{"segments": [{"queueId": "q1"}]}]},
            {"externalContactId": "e1", "sessions": [{"segments": [{"segmentType": "interact"}]}]},
        ]
    }
    selected = Selection(user_ids=("U1",), queue_ids=("q1",), external_contact_ids=("e1",))
    assert Filters({"segmentFilters": segment_filters(selected)}).accept(document)
    assert not Filters({"segmentFilters": segment_filters(Selection(user_ids=("q1",)))}).accept(document)


def test_the_request_of_a_page_carries_the_selection_of_its_slice() -> None:
    selection = Selection(channels=("VOICE",), queue_ids=("q1",))
    part = Slice(window=window("10:00", "11:00"), selection=selection)
    asked = page_request("https://api.test", part, number=1, size=100, request_id="r")
    everything = page_request("https://api.test", Slice(window=part.window), number=1, size=100, request_id="r")
    assert asked.body is not None
    assert everything.body is not None
    assert msgspec.json.decode(asked.body)["segmentFilters"] == segment_filters(selection)
    assert "segmentFilters" not in msgspec.json.decode(everything.body)
