from __future__ import annotations

from typing import Any

import pytest

from producer import errors
from producer.transform.content import canonical, parse, usable_id


@pytest.mark.parametrize(
    ("raw", "content"),
    [
        (b'{"a":null,"b":[],"c":{"d":null,"e":[[],null]},"f":[{"g":[]}]}', {"c": {"e": [[], None]}, "f": [{}]}),
        (b'{"a":5.0,"b":1e3,"c":-0.0,"d":5.25,"e":1E400}', {"a": 5, "b": 1000, "c": 0, "d": 5.25, "e": "1E400"}),
        (b'{"a":18446744073709551617}', {"a": 2**64 + 1}),
        (b'{"codecs":["b","a"],"cc":["b","a"]}', {"codecs": ["a", "b"], "cc": ["b", "a"]}),
        (b'{"x":[{"divisionIds":["b","a"]}]}', {"x": [{"divisionIds": ["a", "b"]}]}),
        (b'{"a":["b",{"c":null},[{"d":[]}]]}', {"a": ["b", {}, [{}]]}),
        (b'{"codecs":["b",1,null]}', {"codecs": ["b", 1, None]}),
        (b'{"a":1,"a":2}', {"a": 2}),
    ],
)
def test_content_is_parsed_into_one_form(raw: bytes, content: Any) -> None:
    parsed = parse(raw)
    assert parsed == content
    assert [type(value) for value in parsed.values()] == [type(value) for value in content.values()]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"a":', "not_json"),
        (b'{"a":"\\ud800"}', "not_json"),
        (b'{"a":"\xff"}', "not_json"),
        (b'{"a":' + b"[" * 100_000, "not_json"),
        (b"null", "wrong_shape"),
        (b"[]", "wrong_shape"),
        (b'"text"', "wrong_shape"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_what_is_no_object_is_malformed(raw: bytes, reason: str) -> None:
    with pytest.raises(errors.Malformed) as caught:
        parse(raw)
    assert (caught.value.reason, caught.value.path) == (reason, "$")


@pytest.mark.parametrize("found", [None, 7, "", "#0123", "a" * 256, ["a"]])
def test_an_id_that_could_be_no_key_is_not_usable(found: Any) -> None:
    with pytest.raises(errors.Malformed) as caught:
        usable_id({"conversationId": found})
    assert (caught.value.reason, caught.value.path) == ("no_id", "$.conversationId")


def test_the_canonical_form_has_its_keys_sorted_and_nothing_else() -> None:
    assert canonical({"b": "ä", "a": [1, {"d": True, "c": 0.5}]}) == '{"a":[1,{"c":0.5,"d":true}],"b":"ä"}'.encode()
