"""Rows: scalars as they are, everything else as text, the detail left out."""

from __future__ import annotations

from producer.transform.content import parse
from producer.transform.flat import row_of
from producer.transform.normalize import DETAIL, Detail, Normalizer
from tests.support.conversations import SCHEMA, conversation, seen


def test_what_is_no_scalar_becomes_text_with_sorted_keys_and_no_spaces() -> None:
    record = {
        "recordId": "c-1",
        "version": 7,
        "resumed": False,
        "endTime": None,
        "mediaStatsMinConversationMos": 4.5,
        "queueIds": ["q-2", "q-1"],
        "metrics": {"tTalk": 9, "nOffered": 1},
        "attributes": None,
        "extras": {"$.odd": '{"a":1}'},
        "knowledgeBaseIds": (),
        "privacy": {"policy": "p", "fields": ["$.ani"]},
        "participants": [{"purpose": "agent"}],
        "surveys": (),
    }
    assert row_of(record) == {
        "recordId": "c-1",
        "version": 7,
        "resumed": False,
        "endTime": None,
        "mediaStatsMinConversationMos": 4.5,
        "queueIds": '["q-2","q-1"]',
        "metrics": '{"nOffered":1,"tTalk":9}',
        "attributes": None,
        "extras": '{"$.odd":"{\\"a\\":1}"}',
        "knowledgeBaseIds": "[]",
        "privacy": '{"fields":["$.ani"],"policy":"p"}',
    }


def test_letters_stay_what_they_are() -> None:
    assert row_of({"wrapUpCodes": ["größe ✓", 'say "no"']}) == {"wrapUpCodes": '["größe ✓","say \\"no\\""]'}


def test_a_row_is_the_same_of_a_whole_record_and_of_one_without_its_detail() -> None:
    raw = bytes(seen(conversation()).raw)
    rows = [row_of(Normalizer(SCHEMA.text, detail).normalize(parse(raw)).record) for detail in Detail]
    assert rows == [rows[0]] * len(Detail)
    assert rows[0].keys().isdisjoint(DETAIL)
