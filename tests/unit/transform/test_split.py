from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from producer import errors
from producer.model.reads import SplitBody
from producer.transform.split import guess_id, split
from tests.support.conversations import guessed


def test_a_page_is_cut_into_its_conversations_byte_for_byte() -> None:
    body = b'{"conversations": [{"conversationId":"a", "x": 1.50},\n {"conversationId":"b"}], "totalHits": 12}'
    assert split(body) == SplitBody(
        conversations=(
            guessed("a", msgspec.Raw(b'{"conversationId":"a", "x": 1.50}')),
            guessed("b", msgspec.Raw(b'{"conversationId":"b"}')),
        ),
        total_hits=12,
    )


@pytest.mark.parametrize(
    "body", [b"{}", b" {\n} ", b'{"conversations":null}', b'{"conversations":[]}', b'{"aggregations":[]}']
)
def test_an_answer_without_conversations_is_empty(body: bytes) -> None:
    assert split(body) == SplitBody(conversations=(), total_hits=None)


def test_an_answer_by_id_is_one_conversation() -> None:
    body = b'{"conversationId":"a","participants":[]}'
    assert split(body) == SplitBody(conversations=(guessed("a", body),), total_hits=None)


def test_an_answer_with_a_number_of_hits_alone_is_empty() -> None:
    assert split(b'{"totalHits":0}') == SplitBody(conversations=(), total_hits=0)


@pytest.mark.parametrize(
    ("said", "hits"), [("7", 7), ("0", 0), ("null", None), ('"7"', None), ("-1", None), ("7.5", None)]
)
def test_a_number_of_hits_that_is_none_is_not_known(said: str, hits: int | None) -> None:
    assert split(b'{"totalHits":%s}' % said.encode()).total_hits == hits


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>502 Bad Gateway</body></html>",
        b'{"conversations":[{"conversationId":"a"',
        b"[]",
        b'"text"',
        b"null",
        b'{"conversations":{}}',
        b'{"conversations":"none"}',
        b"\xff\xfe",
        b'{"message":"maintenance","code":"x"}',
        b'{"error":"temporarily_unavailable"}',
        b'{"status":"ok","note":"conversations"}',
        b'{"conversations":[' + b"[" * 100_000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_no_answer_of_this_api_is_refused(body: bytes) -> None:
    with pytest.raises(errors.MalformedBody):
        split(body)


def test_half_a_character_in_one_conversation_does_not_take_the_others_with_it() -> None:
    page = rb'{"conversations":[{"conversationId":"a"},%s,{"conversationId":"c"}]}'
    said = rb'{"conversationId":"b","x":"\ud83d\ude00 \\ud83d \ud83d \uDE00\n"}'
    read = rb'{"conversationId":"b","x":"\ud83d\ude00 \\ud83d \ufffd \ufffd\n"}'
    assert bytes(split(page % said).conversations[1].raw) == read
    assert len(split(page % said).conversations) == 3


@pytest.mark.parametrize(
    "poison",
    [
        b'"note":"a\x01b"',
        b'"value":NaN',
        b'"note":"\\x"',
        b'"a":1,,"b":2',
        b'"note":"}],{[\\"\x00"',
        b'"value":' + b"[" * 5000 + b"]" * 5000,
    ],
    ids=lambda poison: repr(poison[:20]),
)
def test_a_conversation_that_is_no_json_does_not_take_the_others_with_it(poison: bytes) -> None:
    bad = b'{"conversationId":"b",%s}' % poison
    page = b'{"totalHits": 3, "conversations" : [ {"conversationId":"a","x":[{}]},%s , {"conversationId":"c"}\n]}'
    found = split(page % bad)
    assert [(each.id, bytes(each.raw)) for each in found.conversations] == [
        ("a", b'{"conversationId":"a","x":[{}]}'),
        ("b", bad),
        ("c", b'{"conversationId":"c"}'),
    ]
    assert found.total_hits == 3


@pytest.mark.parametrize(
    "body",
    [
        b'{"conversations":[{"a":NaN}',
        b'{"conversations":[{"a":NaN}]',
        b'{"conversations":[{"a":NaN},5]}',
        b'{"conversations":[{"a":NaN} {"b":1} 5]}',
        b'{"conversations":[{"a":NaN}],"totalHits":NaN}',
        b'{"x":{"conversations":[{"a":NaN}]}}',
        b'{"conversations":[{"a":"NaN]}',
        b'{"conversations":[NaN]}',
    ],
)
def test_a_body_that_is_broken_elsewhere_is_refused(body: bytes) -> None:
    with pytest.raises(errors.MalformedBody):
        split(body)


@pytest.mark.parametrize(
    ("raw", "guessed"),
    [
        (b'{"conversationEnd":"x","conversationId":"a-1"}', "a-1"),
        (b'{ "conversationId" :\n "a-1" }', "a-1"),
        (b'{"associatedConversationId":"b","conversationId":"a-1"}', "a-1"),
        (b'{"note":"\\"conversationId\\":\\"b\\"","conversationId":"a-1"}', "a-1"),
        (b'{"conversationId":"\\u0061"}', None),
        (b'{"conversationId":"\xc3\xa4"}', None),
        (b'{"conversationId":""}', None),
        (b'{"conversationId":7}', None),
        (b'{"conversationId"', None),
        (b'{"conversationId":"%s"}' % (b"a" * 256), None),
        (b'{"id":"a-1"}', None),
        (b"5", None),
    ],
)
def test_an_id_is_read_off_the_bytes(raw: bytes, guessed: str | None) -> None:
    assert guess_id(raw) == guessed


def test_one_spaced_json_is_guessed_like_another() -> None:
    content: dict[str, Any] = {"conversationId": "a-1", "x": [1, 2]}
    assert {guess_id(json.dumps(content, indent=indent).encode()) for indent in (None, 0, 2)} == {"a-1"}
