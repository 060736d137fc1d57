"""One record: what it says of itself twice, and that any change of it shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from producer import errors
from producer.encoding.plain import PlainReader
from producer.encoding.schemas import Subject
from producer.kafka.reader import RawRecord
from producer.model.instants import Millis
from producer.transform.normalize import Detail
from producer.transform.revision import Comparison
from producer.transform.token_records import TokenForm
from producer.verify.contents import LEADING, Contents
from producer.verify.facts import NEVER
from producer.verify.shape import shape_of
from tests.support.conversations import AVRO, NOON, SAMPLES, SCHEMA, conversation
from tests.support.records import READ, READER, altered, raw_record

RICH = json.loads((SAMPLES / "blueprint-chat-conversation1.json").read_bytes())
UNSEEN = {"asOf", "observedAt", "origin", "resumed", "revision"}
"""Fields that no second place in the same record tells of: neighbours, state and audit do (`trails`, `reads`)."""


def contents(*, whole: bool = True) -> Contents:
    reader = READER if whole else PlainReader(AVRO.framing, leading=LEADING)
    return Contents(reader, shape_of("platform", SCHEMA.text), whole=whole)


def problems(raw: RawRecord, *, whole: bool = True) -> list[str]:
    return contents(whole=whole).look(raw).problems


def with_field(name: str, value: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda record: record | {name: value}


def test_the_facts_of_a_record() -> None:
    raw = raw_record(conversation())
    facts, origin, wrong = contents().look(raw)
    record = READER.read(raw.value or b"")

    assert (wrong, origin) == ([], "QUERY")
    assert (facts.id, facts.partition, facts.offset, facts.at) == ("c-1", 2, 7, 1_000)
    assert (facts.source, facts.version, facts.revision, facts.resumed) == ("default", NOON, 1, 0)
    assert facts.content.hex() == record["contentHash"]
    assert (facts.request, facts.as_of, facts.attributes_as_of, facts.ended) == (READ.request_id, NOON, NEVER, NEVER)
    ended = raw_record(conversation(conversationEnd="2025-03-10T10:00:00.500Z"))
    assert contents().look(ended).facts.ended == READER.read(ended.value or b"")["endTime"]


def test_without_contents_the_facts_are_the_same_but_for_the_attributes() -> None:
    raw = raw_record(RICH)
    whole, leading = contents().look(raw), contents(whole=False).look(raw)
    assert leading.problems == []
    assert leading.facts._replace(attributes_as_of=NEVER) == whole.facts
    assert leading.facts.attributes_as_of == leading.facts.version


def other(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The value with one scalar in it changed, for every scalar that it holds; and where."""
    if isinstance(value, dict):
        for name, inner in value.items():
            for where, changed in other(inner, f"{path}.{name}"):
                yield where, value | {name: changed}
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            for where, changed in other(inner, f"{path}[{index}]"):
                yield where, [*value[:index], changed, *value[index + 1 :]]
    elif value is not None:
        yield path, changed_scalar(value)


def changed_scalar(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if value in {"CHAT", "UNKNOWN"}:  # the channel, which has to be one that there is
        return "EMAIL"
    return value[:-1] + chr(ord(value[-1]) ^ 1) if value else "x"


def test_every_value_of_a_record_that_is_altered_shows() -> None:
    raw = raw_record(RICH | {"colour": [1, "red"], "queueTone": None})
    changes = list(other(READER.read(raw.value or b""), "$"))
    assert len(changes) > 100
    unseen = {
        where
        for where, record in changes
        if not problems(altered(raw, lambda _, record=record: record))  # type: ignore[misc] # bound now on purpose
    }
    assert {where.partition(".")[2].partition(".")[0] for where in unseen} <= UNSEEN


FLAT = {
    "id": "rec-1",
    "interactionId": "int-1",
    "channelType": "chat",
    "startTimestamp": "2025-03-10T10:00:00Z",
    "endTimestamp": "2025-03-10T10:05:00.000Z",
    "participantCount": 3,
    "queueName": "Claims",
    "wrapUpCode": "resolved",
    "attributes": {"tier": "gold", "score": 7},
    "sentiment": {"score": 0.5},
}


def test_a_record_of_the_token_dialect_is_made_again_and_every_value_but_its_attributes_shows() -> None:
    raw = raw_record(FLAT, compare=Comparison(TokenForm()))
    look = Contents(READER, shape_of("token", SCHEMA.text), whole=True)
    changes = list(other(READER.read(raw.value or b""), "$"))
    unseen = {where for where, record in changes if not look.look(altered(raw, lambda _, it=record: it)).problems}  # type: ignore[misc] # bound now on purpose

    assert look.look(raw).problems == []
    assert (look.made_again, look.not_to_be_made) == (len(changes) + 1, 0)
    assert {where.partition(".")[2] for where in unseen} <= UNSEEN | {
        "attributes.tier",
        "attributesAsOf",
        "extras.$.attributes.score",
    }


def test_rows_of_the_token_dialect_can_not_be_put_together_again_and_are_counted() -> None:
    look = Contents(READER, shape_of("token", SCHEMA.text), whole=True)
    row = raw_record(FLAT, Detail.FLAT, Comparison(TokenForm()))
    assert (look.look(row).problems, look.made_again, look.not_to_be_made) == ([], 0, 1)


@pytest.mark.parametrize("name", ["participants", "divisionIds", "extras", "metrics", "startTime", "direction"])
def test_a_field_that_is_taken_away_shows(name: str) -> None:
    raw = raw_record(conversation(participants=[*RICH["participants"]], colour="red"))
    empty: Any = {"extras": {}, "metrics": {}, "participants": [], "divisionIds": []}.get(name)
    assert READER.read(raw.value or b"")[name] != empty
    if name == "participants":
        assert contents().look(altered(raw, with_field(name, empty))).problems == []  # it then looks like a summary
    else:
        assert problems(altered(raw, with_field(name, empty)))


def test_attributes_that_do_not_follow_from_participants_show() -> None:
    content = conversation()
    content["participants"][0]["attributes"] = {"a": "b"}
    raw = raw_record(content)
    assert problems(raw) == []
    assert problems(altered(raw, with_field("attributes", {"a": "c"})))
    bare = raw_record(conversation())
    for name, value in {"attributes": {"a": "b"}, "attributesAsOf": NOON}.items():
        assert problems(altered(bare, with_field(name, value)))
        taken_over = altered(bare, lambda record, name=name, value=value: record | {name: value, "revision": 2})  # type: ignore[misc] # bound now on purpose
        assert problems(taken_over) == []


def test_a_name_follows_from_no_content_and_belongs_to_an_id() -> None:
    queue = {"queueId": "q-1", "segmentStart": "2025-03-10T10:00:01.000Z", "segmentType": "interact"}
    offered = {"purpose": "acd", "sessions": [{"mediaType": "voice", "segments": [queue]}]}
    raw = raw_record(conversation(offered))
    named = altered(raw, with_field("queueName", "Support"))
    assert (problems(named), problems(named, whole=False)) == ([], [])
    assert [contents(whole=whole).look(named).facts.names for whole in (True, False)] == ["1", "0"]
    assert contents().look(raw).facts.names == "0"
    without_code = altered(raw, with_field("wrapUpCodeName", "Resolved"))
    assert problems(without_code) == ["these do not follow from its content: wrapUpCodeName"]


@pytest.mark.parametrize("text", ["oops", "7", ""])
def test_a_row_whose_lists_are_none_is_malformed(text: str) -> None:
    row = raw_record(conversation(), Detail.FLAT)
    record = PlainReader(AVRO.framing).read(row.value or b"")
    damaged = replace(row, value=AVRO.encoder(Subject.CONVERSATION_FLAT)(record | {"userIds": text}))
    with pytest.raises(errors.Malformed, match="a list or a map of a row is"):
        contents().look(damaged)


def test_names_by_id_belong_to_ids_of_the_content_and_each_is_told_apart() -> None:
    people = [{"purpose": "agent", "userId": each, "sessions": [{"mediaType": "voice"}]} for each in ("u-1", "u-2")]
    raw = raw_record(conversation(*people) | {"divisionIds": ["d-1"]})
    users, divisions = with_field("userNames", {"u-2": "Zoë"}), with_field("divisionNames", {"d-1": "Home"})
    for alter, bits in ((users, "8"), (divisions, "10"), (with_field("userNames", {}), "0")):
        named = altered(raw, alter)
        assert (problems(named), contents().look(named).facts.names) == ([], bits)
    nobody = altered(raw, with_field("userNames", {"u-3": "Ana"}))
    assert problems(nobody) == ["these do not follow from its content: userNames"]


def test_what_key_and_headers_tell() -> None:
    raw = raw_record(conversation())
    moved = RawRecord(
        topic=raw.topic,
        partition=0,
        offset=0,
        timestamp=Millis(0),
        key=b"c-2",
        value=raw.value,
        headers=(*raw.headers[:-1], ("ce_subject", b"c-2")),
    )
    assert problems(moved) == ["recordId is c-1, the key c-2", "the value says c-1, its header ce_subject c-2"]
    bare = RawRecord(
        topic=raw.topic, partition=0, offset=0, timestamp=Millis(0), key=raw.key, value=raw.value, headers=()
    )
    assert len(problems(bare, whole=False)) == 5


@pytest.mark.parametrize(
    "alter",
    [
        with_field("contentHash", "no hash"),
        with_field("contentHash", "ab"),
        with_field("contentHash", "AB" * 16),
        with_field("observedAt", NOON + 151),
        with_field("normalizedAt", 1 << 62),
    ],
)
def test_envelopes_that_can_not_be(alter: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    assert problems(altered(raw_record(conversation()), alter), whole=False)


@pytest.mark.parametrize("detail", [Detail.SUMMARY, Detail.FLAT])
def test_what_has_no_detail_can_not_be_put_together_again_and_is_counted(detail: Detail) -> None:
    looking = contents()
    assert looking.look(raw_record(RICH, detail)).problems == []
    assert looking.look(raw_record(RICH)).problems == []
    assert (looking.made_again, looking.not_to_be_made) == (1, 1)


def test_the_facts_of_a_row_are_those_of_its_record() -> None:
    row, record = raw_record(RICH, Detail.FLAT), raw_record(RICH)
    assert contents().look(row).facts == contents().look(record).facts
    assert contents(whole=False).look(row).facts == contents(whole=False).look(record).facts


def test_a_tombstone_and_what_is_no_record() -> None:
    raw = raw_record(conversation())
    tombstone = RawRecord(
        topic=raw.topic, partition=0, offset=3, timestamp=Millis(5), key=b"c-1", value=None, headers=()
    )
    facts, _, wrong = contents().look(tombstone)
    assert (facts.id, facts.offset, facts.tombstone, wrong) == ("c-1", 3, True, [])
    for value in (b"", b"{}", (raw.value or b"")[:-1], (raw.value or b"") + b"x"):
        broken = RawRecord(
            topic=raw.topic, partition=0, offset=0, timestamp=Millis(0), key=raw.key, value=value, headers=raw.headers
        )
        with pytest.raises(errors.Malformed):
            contents().look(broken)
