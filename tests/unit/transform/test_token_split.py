"""Bodies of the token dialect, cut into their conversations."""

from __future__ import annotations

import msgspec
import pytest

from producer import errors
from producer.model.reads import RawConversation, SplitBody
from producer.transform.fingerprint import raw_hash
from producer.transform.token_split import LONGEST_CURSOR, split


def raw(identifier: str | None, text: bytes) -> RawConversation:
    return RawConversation(identifier, msgspec.Raw(text), raw_hash(text))


def test_a_page_is_cut_into_its_entities_byte_for_byte_with_the_cursor_of_the_next() -> None:
    body = b'{"entities": [{"id":"a", "x": 1.50},\n {"id" : "b"}], "nextPageToken": "c1", "selfUri": "/x"}'
    assert split(body) == SplitBody(
        conversations=(raw("a", b'{"id":"a", "x": 1.50}'), raw("b", b'{"id" : "b"}')), total_hits=None, cursor="c1"
    )


@pytest.mark.parametrize(
    "body", [b"{}", b" {\n} ", b'{"entities":null}', b'{"entities":[]}', b'{"entities":[],"nextPageToken":""}']
)
def test_an_answer_without_entities_is_an_empty_last_page(body: bytes) -> None:
    assert split(body) == SplitBody(conversations=(), total_hits=None, cursor=None)


def test_an_empty_page_may_have_a_page_behind_it() -> None:
    assert split(b'{"nextPageToken":"c1"}') == SplitBody(conversations=(), total_hits=None, cursor="c1")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"[]",
        b'{"entities":{}}',
        b'{"entities":[{"id":"a"}',
        b'{"conversations":[]}',
        b'{"entities":[],"nextPageToken":7}',
        b'{"entities":[],"nextPageToken":{"at":1}}',
        b'{"entities":[],"nextPageToken":"%s"}' % (b"x" * (LONGEST_CURSOR + 1)),
    ],
)
def test_what_is_no_answer_of_the_dialect_is_no_empty_page(body: bytes) -> None:
    with pytest.raises(errors.MalformedBody):
        split(body)


def test_an_entity_that_is_no_json_leaves_the_others_and_the_cursor_whole() -> None:
    body = b'{"entities":[{"id":"a","n":NaN},{"id":"b"}],"nextPageToken":"c1"}'
    assert split(body) == SplitBody(
        conversations=(
            RawConversation("a", b'{"id":"a","n":NaN}', raw_hash(b'{"id":"a","n":NaN}')),
            RawConversation("b", b'{"id":"b"}', raw_hash(b'{"id":"b"}')),
        ),
        total_hits=None,
        cursor="c1",
    )


def test_what_is_no_object_among_the_entities_is_kept_for_the_dead_letters() -> None:
    assert [each.id for each in split(b'{"entities":["text",null,{"id":"a"}]}').conversations] == [None, None, "a"]
