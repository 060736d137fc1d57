from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from producer.errors import SinkRefused, StateTooNew
from producer.kafka.state import (
    StateKey,
    decode_checkpoint,
    decode_conversation,
    decode_delivery,
    encode_checkpoint,
    encode_conversation,
    encode_delivery,
    parse_key,
)
from producer.model.checkpoint import Checkpoint, OpenRead, Published, Usage
from producer.model.conversation import Attributes, ConversationState, Hints, PendingRegression
from producer.model.coverage import Coverage, Hole, Loss
from producer.model.delivery import Delivery
from producer.model.instants import Millis

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOLE = Hole(start=START, end=START + HOUR, tier=1, reason="too-large", attempts=3, opened_at=START + HOUR)
LOSS = Loss(start=START, end=START + HOUR, tier=0, reason="history", accepted_at=START + HOUR)
CHECKPOINT = Checkpoint(
    source="emea",
    capture_start=START,
    coverage=Coverage(since=START, watermarks=(START + HOUR, START), holes=(HOLE,), losses=(LOSS,), ages=(HOUR,)),
    published=Published(head=START + HOUR, final=START),
    horizon_day=20_514,
    organisation_id="0b1c",
    adoption_done=True,
    offsets=(5, 0, 7),
    usage=Usage(at=START + timedelta(microseconds=7), recent=12, learned=200),
    open_reads=(OpenRead(request_id="r1", kind="head", subject="10:00/11:00", started_at=START),),
    running_jobs=("job",),
    commands_offset=3,
    written_at=Millis(1_772_445_600_123),
)
CONVERSATION = ConversationState(
    id="ключ|a",
    fingerprint=bytes(range(16)),
    fingerprint_version=2,
    raw_hash=bytes(16),
    revision=4,
    version=1_772_445_600_123,
    as_of=Millis(1_772_445_600_000),
    start_day=20_514,
    last_day=20_515,
    ended=True,
    watch="open",
    absent_reads=1,
    absent_since=Millis(5),
    hints=Hints(ended=True, participants=2, sessions=3, segments=9, metrics=30, latest=Millis(7)),
    regression=PendingRegression(fingerprint=bytes(16), seen_at=Millis(9)),
    attributes=Attributes(values={"k": "v"}, digest=bytes(16), as_of=Millis(8)),
    names_missing=("queue",),
    dead_lettered=bytes(16),
    redacted=True,
)

DELIVERY = Delivery(
    source="emea",
    id="hook|1",
    about="conversation_hole_opened",
    created_at=Millis(1_772_445_600_123),
    body='{"event":"conversation_hole_opened"}',
)


def test_a_checkpoint_is_json_that_a_person_can_read_behind_the_format_byte() -> None:
    stored = encode_checkpoint(
        replace(
            CHECKPOINT, coverage=Coverage(since=START, watermarks=(START, START), ages=(HOUR * 1.5,)), open_reads=()
        )
    )
    assert stored[:1] == b"\x01"
    assert msgspec.json.decode(stored[1:]) == {
        "source": "emea",
        "capture_start": "2026-03-02T10:00:00Z",
        "coverage": {
            "since": "2026-03-02T10:00:00Z",
            "watermarks": ["2026-03-02T10:00:00Z", "2026-03-02T10:00:00Z"],
            "holes": [],
            "losses": [],
            "ages": ["PT5400S"],
        },
        "published": {"head": "2026-03-02T11:00:00Z", "final": "2026-03-02T10:00:00Z"},
        "horizon_day": 20_514,
        "organisation_id": "0b1c",
        "config_digest": "",
        "adoption_done": True,
        "offsets": [5, 0, 7],
        "usage": {"at": "2026-03-02T10:00:00.000007Z", "recent": 12, "learned": 200, "learned_at": None},
        "open_reads": [],
        "running_jobs": ["job"],
        "commands_offset": 3,
        "written_at": 1_772_445_600_123,
        "records": "Conversation",
    }


def test_everything_comes_back_as_it_was() -> None:
    assert decode_checkpoint(encode_checkpoint(CHECKPOINT)) == CHECKPOINT
    assert decode_conversation(encode_conversation(CONVERSATION)) == CONVERSATION
    assert decode_delivery(encode_delivery(DELIVERY)) == DELIVERY


def test_a_pending_delivery_is_json_that_a_person_can_read_behind_the_format_byte() -> None:
    stored = encode_delivery(DELIVERY)
    assert stored[:1] == b"\x01"
    assert msgspec.json.decode(stored[1:]) == {
        "source": "emea",
        "id": "hook|1",
        "about": "conversation_hole_opened",
        "created_at": 1_772_445_600_123,
        "body": '{"event":"conversation_hole_opened"}',
    }


def test_fields_that_a_later_version_added_are_passed_over_and_missing_ones_have_their_default() -> None:
    later = b"\x01" + msgspec.msgpack.encode([*msgspec.to_builtins(CONVERSATION, builtin_types=(bytes,)), "added"])
    assert decode_conversation(later) == CONVERSATION
    assert decode_conversation(b"\x01" + msgspec.msgpack.encode(["a"])) == ConversationState(id="a")
    fields = msgspec.json.decode(encode_checkpoint(CHECKPOINT)[1:]) | {"added": {"by": "a later version"}}
    assert decode_checkpoint(b"\x01" + msgspec.json.encode(fields)) == CHECKPOINT


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (StateKey("emea"), "c|emea"),
        (StateKey("emea", "a"), "f|emea|a"),
        (StateKey("emea", "#00ff"), "f|emea|#00ff"),
        (StateKey("emea", "a|b|ключ"), "f|emea|a|b|ключ"),
        (StateKey("emea", "hook|1", delivery=True), "w|emea|hook|1"),
    ],
)
def test_keys(key: StateKey, text: str) -> None:
    assert key.encoded() == text.encode()
    assert parse_key(text.encode()) == key


@pytest.mark.parametrize("key", [None, b"", b"z|emea|hook", b"\xff\xfe"])
def test_a_key_of_an_unknown_kind_is_too_new(key: bytes | None) -> None:
    with pytest.raises(StateTooNew, match="a key of an unknown kind"):
        parse_key(key)


@pytest.mark.parametrize("decode", [decode_checkpoint, decode_conversation, decode_delivery])
def test_other_formats_are_too_new_and_damage_is_refused(
    decode: Callable[[bytes], object],
) -> None:
    with pytest.raises(StateTooNew, match="format 2, and this version knows 1"):
        decode(b"\x02")
    with pytest.raises(SinkRefused, match="in the state topic can't be read"):
        decode(b"\x01\xc1")


@pytest.mark.parametrize("decode", [decode_checkpoint, decode_conversation])
def test_state_without_its_format_byte_is_too_new(decode: Callable[[bytes], object]) -> None:
    with pytest.raises(StateTooNew, match="format missing"):
        decode(b"")
    with pytest.raises(StateTooNew, match="format 123, and this version knows 1"):
        decode(b"{}")


def test_a_delivery_that_a_person_wrote_back_without_its_format_byte_is_read() -> None:
    assert decode_delivery(encode_delivery(DELIVERY)[1:]) == DELIVERY


def damaged(**fields: object) -> bytes:
    return msgspec.json.encode(msgspec.json.decode(encode_delivery(DELIVERY)[1:]) | fields)


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"\x01[]", "Expected `object`, got `array`"),
        (encode_delivery(DELIVERY).replace(b"hole", b"h\xfcle"), "codec can't decode"),
        (damaged(created_at=9_000_000_000_000_000_000), "created_at is 9000000000000000000"),
        (damaged(created_at=-1), "created_at is -1, which is no time of a delivery"),
        (damaged(added=None).replace(b"null", b"[" * 100_000), "recursion"),
    ],
)
def test_what_is_no_delivery_is_refused_whatever_it_is(stored: bytes, why: str) -> None:
    with pytest.raises(SinkRefused, match=f"a pending delivery in the state topic can't be read: .*{why}"):
        decode_delivery(stored)
