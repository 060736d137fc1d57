from __future__ import annotations

from typing import Any

from producer.model.conversation import Attributes
from producer.model.instants import Millis
from producer.transform import attributes

NOW = Millis(1_000)


def people(*said: Any) -> dict[str, Any]:
    return {"participants": [{"participantId": str(number), "attributes": each} for number, each in enumerate(said)]}


def test_attributes_are_taken_out_and_put_back() -> None:
    content = people({"a": "1"}, {}, "no map")
    taken = attributes.take(content)
    assert content == {
        "participants": [{"participantId": "0"}, {"participantId": "1"}, {"participantId": "2", "attributes": "no map"}]
    }
    attributes.put_back(taken)
    assert content == people({"a": "1"}, {}, "no map")


def test_there_may_be_nothing_to_take() -> None:
    empty: list[dict[str, Any]] = [{}, {"participants": 5}, {"participants": [None, {}]}]
    assert [attributes.take(content) for content in empty] == [
        [],
        [],
        [],
    ]


def test_attributes_of_a_later_participant_replace_earlier_ones() -> None:
    def began(at: int, said: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"sessions": [{"segments": [{"segmentStart": at}]}]}, said

    taken = [began(7, {"a": "late", "b": "late"}), began(5, {"b": "early", "c": "early"})]
    merged = attributes.merge(taken)
    assert merged == {"a": "late", "b": "late", "c": "early"}
    assert attributes.remembered(merged, b"digest", NOW) == Attributes(values=merged, digest=b"digest", as_of=NOW)


def test_of_very_large_attributes_only_the_digest_is_kept() -> None:
    merged = {"a": "x" * attributes.LARGEST}
    assert attributes.remembered(merged, b"digest", NOW) == Attributes(values=None, digest=b"digest", as_of=NOW)


def test_what_is_known_older_or_nothing_is_no_news() -> None:
    taken = attributes.take(people({"a": "1"}, {}))
    digest = attributes.news(taken, None, NOW)
    assert digest is not None
    known = Attributes(values={"a": "1"}, digest=digest, as_of=NOW)
    other = attributes.take(people({"a": "2"}))
    assert attributes.news(taken, known, NOW) is None
    assert attributes.news(other, known, NOW) is not None
    assert attributes.news(other, known, Millis(NOW - 1)) is None
    assert attributes.news([], known, NOW) is None
    assert attributes.news(attributes.take(people({})), None, NOW) is None
    assert attributes.news(attributes.take(people({})), known, NOW) is not None
