from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from producer.assembly.pages import PageResult, PageWorker
from producer.events import ConversationDeadLettered
from producer.model.batch import Outgoing, Topic
from producer.model.conversation import ConversationState
from producer.model.instants import to_millis
from producer.model.outcome import Change, Drift, Emitted, Outcome, Sighting
from producer.model.reads import Page, RawConversation, Read, ReadKind
from producer.ports import Compare
from tests.support.build import at, head_read, page, raw
from tests.support.plain_compare import encode, plain_compare

AS_OF = to_millis(at("10:06"))
NOW = at("10:06:30")
SPAN = b"2025-03-10T10:00:00.000Z/2025-03-10T10:05:00.000Z"


@dataclass(slots=True)
class Memory:
    """What was committed, and what was asked of it."""

    states: dict[str, ConversationState] = field(default_factory=dict)
    asked: list[set[str]] = field(default_factory=list)

    def known(self, source: str, ids: Iterable[str]) -> Mapping[str, ConversationState]:
        wanted = set(ids)
        self.asked.append(wanted)
        return {each: self.states[each] for each in wanted if each in self.states}


def work(
    conversations: Page,
    *,
    memory: Memory | None = None,
    pending: Mapping[str, ConversationState] | None = None,
    read: Read | None = None,
    limit: int = 1_000,
    compare: Compare = plain_compare,
) -> PageResult:
    worker = PageWorker(
        source="default",
        compare=compare,
        encode=encode,
        known=(memory or Memory()).known,
        limits={Topic.CONVERSATIONS: limit, Topic.DEAD_LETTERS: limit},
        conversations_topic="genesys.conversations.v1",
    )
    return worker.work(read or head_read(), conversations, pending=pending or {}, horizon_day=0, now=NOW)


def emitted_state(text: RawConversation, *, revision: int = 1, version: int = AS_OF) -> ConversationState:
    """What is remembered once `text` was emitted."""
    digest = text.hash
    return ConversationState(
        id=text.id or "", fingerprint=digest, raw_hash=digest, revision=revision, version=version, as_of=AS_OF
    )


def contents(records: Iterable[Outgoing]) -> list[tuple[Topic, dict[str, Any]]]:
    return [(record.topic, json.loads(record.value or b"")) for record in records]


def test_a_new_conversation_is_a_record_a_state_and_a_count() -> None:
    new = raw(id="a", v=1, newest=to_millis(at("10:04")), drift=["$.x"])
    result = work(page(new))
    value = encode(
        {"id": "a", "v": 1, "newest": to_millis(at("10:04")), "drift": ["$.x"], "revision": 1, "version": AS_OF}
    )
    headers = (
        ("ce_specversion", b"1.0"),
        ("ce_id", b"a:%d" % AS_OF),
        ("ce_source", b"/genesys/default"),
        ("ce_type", b"io.genesysproducer.conversation.v1"),
        ("ce_time", b"2025-03-10T10:06:30.000Z"),
        ("content-type", b"application/avro"),
        ("request-id", b"r1"),
        ("ce_subject", b"a"),
    )
    assert result == PageResult(
        records=[Outgoing(Topic.CONVERSATIONS, b"a", value, headers)],
        states={"a": emitted_state(new)},
        emitted=Counter({Change.NEW: 1}),
        newest=[to_millis(at("10:04"))],
        drift={Drift("$.x", "field")},
        size=len(value),
        first_seen=1,
    )


def test_known_content_is_only_counted() -> None:
    known = raw(id="a", v=1)
    result = work(page(known), memory=Memory({"a": emitted_state(known)}))
    assert result == PageResult(unchanged=1)


def test_known_content_without_a_name_is_compared_and_its_new_record_says_nothing_of_freshness() -> None:
    content = raw(id="a", v=1)
    nameless = msgspec.structs.replace(emitted_state(content), names_missing=("queue:q",))

    def compare(raw: RawConversation, known: Callable[[str], ConversationState | None], sighting: Sighting) -> Outcome:
        before = known("a")
        assert before == nameless
        after = msgspec.structs.replace(nameless, revision=2, names_missing=())
        return Emitted(record={"id": "a"}, state=after, change=Change.NAMED, newest=AS_OF)

    result = work(page(content), memory=Memory({"a": nameless}), compare=compare)
    assert (result.emitted, result.unchanged, result.newest) == (Counter({Change.NAMED: 1}), 0, [])
    assert (len(result.records), result.told("default", head_read(), 1).named) == (1, 1)


def test_changed_content_takes_the_next_revision_and_a_higher_version() -> None:
    before = emitted_state(raw(id="a", v=1), revision=3, version=AS_OF + 5)
    result = work(page(raw(id="a", v=2)), memory=Memory({"a": before}))
    assert contents(result.records) == [(Topic.CONVERSATIONS, {"id": "a", "v": 2, "revision": 4, "version": AS_OF + 6})]
    assert (result.emitted, result.first_seen) == (Counter({Change.CHANGED: 1}), 0)


def test_known_content_in_other_bytes_is_remembered_and_counted_as_unchanged() -> None:
    before = emitted_state(raw(id="a", v=1))
    other = raw(id="a", v=1, touched=True)
    touched = msgspec.structs.replace(before, raw_hash=other.hash)
    result = work(page(other), memory=Memory({"a": before}))
    assert result == PageResult(states={"a": touched}, unchanged=1)


def test_a_stale_answer_changes_nothing() -> None:
    result = work(page(raw(id="a", v=1, stale=True)), memory=Memory({"a": emitted_state(raw(id="a", v=2))}))
    assert result == PageResult(stale=1)


def test_a_regression_is_remembered_and_not_sent() -> None:
    before = emitted_state(raw(id="a", v=2))
    suspect = raw(id="a", v=1, regressed=True)
    remembered = msgspec.structs.replace(before, raw_hash=suspect.hash)
    result = work(page(suspect), memory=Memory({"a": before}))
    assert result == PageResult(states={"a": remembered}, regressed=1)


def test_one_poisoned_conversation_is_a_dead_letter_and_the_others_arrive() -> None:
    poisoned = raw(id="b", poison="bad_instant")
    result = work(page(raw(id="a", v=1), poisoned, raw(id="c", v=1)))
    assert [(record.topic, record.key) for record in result.records] == [
        (Topic.CONVERSATIONS, b"a"),
        (Topic.DEAD_LETTERS, b"b"),
        (Topic.CONVERSATIONS, b"c"),
    ]
    digest = poisoned.hash
    assert result.states["b"] == ConversationState(id="b", raw_hash=digest, as_of=AS_OF, dead_lettered=digest)
    assert result.letters == [
        ConversationDeadLettered(
            source="default",
            read=head_read(),
            conversation_id="b",
            reason="bad_instant",
            path="$.at",
            message="bad_instant found at $.at",
        )
    ]
    assert (result.emitted.total(), result.size) == (2, sum(len(record.value or b"") for record in result.records))


def test_a_dead_letter_is_the_raw_conversation_with_its_story_in_headers() -> None:
    poisoned = raw(id="b", poison="bad_instant")
    (letter,) = work(page(poisoned)).records
    assert (letter.topic, letter.key, letter.value) == (Topic.DEAD_LETTERS, b"b", bytes(poisoned.raw))
    assert dict(letter.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"r1:2000",
        "ce_source": b"/genesys/default",
        "ce_type": b"io.genesysproducer.dead-letter.v1",
        "ce_time": b"2025-03-10T10:06:30.000Z",
        "content-type": b"application/json",
        "request-id": b"r1",
        "ce_subject": b"b",
        "__connect.errors.topic": b"genesys.conversations.v1",
        "__connect.errors.stage": b"normalising",
        "__connect.errors.exception.class.name": b"Malformed",
        "__connect.errors.exception.message": b"bad_instant found at $.at",
        "reason": b"bad_instant",
        "path": b"$.at",
        "window": SPAN,
    }


def test_a_dead_letter_without_an_id_has_no_key_and_no_subject() -> None:
    nameless = raw(poison="no_id")
    result = work(page(nameless))
    (letter,) = result.records
    assert (letter.key, dict(letter.headers).get("ce_subject")) == (None, None)
    assert list(result.states) == [f"#{nameless.hash.hex()}"]
    assert [told.conversation_id for told in result.letters] == [None]


def test_a_dead_letter_of_a_read_by_id_says_so() -> None:
    (letter,) = work(page(raw(poison="no_id")), read=Read(request_id="r2", kind=ReadKind.WATCH, ids=("b",))).records
    assert dict(letter.headers)["window"] == b"by id"


def test_a_dead_letter_is_sent_once() -> None:
    poisoned = raw(id="b", poison="bad_instant")
    first = work(page(poisoned, poisoned))
    assert (len(first.letters), first.unchanged) == (1, 1)
    assert work(page(poisoned), memory=Memory(first.states)) == PageResult(unchanged=1)


def test_a_record_that_its_schema_refuses_is_a_dead_letter_and_takes_no_revision() -> None:
    before = emitted_state(raw(id="a", v=1), revision=2)
    wide = raw(id="a", v=2, wide=True)
    result = work(page(wide), memory=Memory({"a": before}))
    (letter,) = result.records
    headers = dict(letter.headers)
    assert (letter.topic, letter.value) == (Topic.DEAD_LETTERS, bytes(wide.raw))
    assert (headers["__connect.errors.stage"], headers["reason"], headers["path"]) == (
        b"encoding",
        b"schema",
        b"$.wide",
    )
    digest = wide.hash
    assert result.states == {"a": msgspec.structs.replace(before, raw_hash=digest, dead_lettered=digest)}
    assert (result.emitted.total(), result.newest) == (0, [])


def test_a_record_that_was_never_sent_and_can_not_be_is_remembered_without_content() -> None:
    wide = raw(id="a", v=2, wide=True)
    digest = wide.hash
    assert work(page(wide)).states == {"a": ConversationState(id="a", raw_hash=digest, dead_lettered=digest)}


def test_one_that_can_not_be_sent_waits_for_no_name() -> None:
    wide = raw(id="a", v=2, wide=True)
    before = ConversationState(id="a", revision=1, version=AS_OF, names_missing=("queue:q",))
    (state,) = work(page(wide), memory=Memory({"a": before})).states.values()
    assert (state.dead_lettered, state.names_missing) == (wide.hash, ())


def test_a_record_too_large_for_its_topic_is_a_truncated_dead_letter() -> None:
    large = raw(id="a", v="x" * 200)
    (letter,) = work(page(large), limit=100).records
    headers = dict(letter.headers)
    assert (letter.topic, letter.value) == (Topic.DEAD_LETTERS, bytes(large.raw)[:100])
    assert headers["truncated-from"] == str(len(bytes(large.raw))).encode()
    assert headers["reason"] == b"too_large"
    assert headers["__connect.errors.exception.message"] == b"254 bytes, the topic takes 100, at $"


def test_a_record_as_large_as_its_topic_takes_is_sent() -> None:
    fitting = raw(id="a", v="x" * 33)
    exact = len(work(page(fitting)).records[0].value or b"")
    assert [record.topic for record in work(page(fitting), limit=exact).records] == [Topic.CONVERSATIONS]
    assert [record.topic for record in work(page(fitting), limit=exact - 1).records] == [Topic.DEAD_LETTERS]


def test_the_same_conversation_twice_in_a_page_is_compared_with_its_first() -> None:
    result = work(page(raw(id="a", v=1), raw(id="a", v=2), raw(id="a", v=2)))
    assert contents(result.records) == [
        (Topic.CONVERSATIONS, {"id": "a", "v": 1, "revision": 1, "version": AS_OF}),
        (Topic.CONVERSATIONS, {"id": "a", "v": 2, "revision": 2, "version": AS_OF + 1}),
    ]
    assert (result.emitted, result.unchanged, result.first_seen) == (Counter({Change.NEW: 1, Change.CHANGED: 1}), 1, 1)


@pytest.mark.parametrize("where", ["committed", "pending"])
def test_the_page_itself_is_younger_than_the_batch_and_that_than_what_was_committed(where: str) -> None:
    before = {"a": emitted_state(raw(id="a", v=1))}
    again = page(raw(id="a", v=2), raw(id="a", v=2))
    memory, pending = (Memory(before), {}) if where == "committed" else (Memory(), before)
    result = work(again, memory=memory, pending=pending)
    assert (result.emitted, result.unchanged) == (Counter({Change.CHANGED: 1}), 1)


def test_the_batch_in_the_making_is_younger_than_what_was_committed() -> None:
    committed, pending = emitted_state(raw(id="a", v=1)), emitted_state(raw(id="a", v=2), revision=2)
    memory = Memory({"a": committed})
    result = work(page(raw(id="a", v=2), raw(id="b", v=1)), memory=memory, pending={"a": pending})
    assert (result.unchanged, list(result.states)) == (1, ["b"])
    assert memory.asked == [{"b"}]  # one look for the whole page, and only for what the batch does not know


def test_an_id_that_only_parsing_finds_is_asked_for_by_itself() -> None:
    hidden = msgspec.structs.replace(raw(id="a", v=1), id=None)
    memory = Memory({"a": emitted_state(raw(id="a", v=1))})
    assert work(page(hidden), memory=memory) == PageResult(unchanged=1)
    assert memory.asked == [set(), {"a"}]
