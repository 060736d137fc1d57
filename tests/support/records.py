"""Records of the conversations topic as the daemon writes them, for tests that read them back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from producer.assembly.pages import PageWorker
from producer.encoding.plain import PlainReader
from producer.encoding.schemas import Subject
from producer.kafka.reader import RawRecord
from producer.model.batch import Topic
from producer.model.conversation import ConversationState
from producer.model.instants import Millis, from_millis
from producer.model.reads import Page, Read, ReadKind
from producer.model.windows import Slice, Window
from producer.transform.flat import row_of
from producer.transform.normalize import Detail
from producer.transform.revision import Comparison
from tests.support.conversations import AVRO, NOON, comparison, seen

ENCODE = AVRO.encoder(Subject.CONVERSATION)
ENCODE_FLAT = AVRO.encoder(Subject.CONVERSATION_FLAT)
READER = PlainReader(AVRO.framing)
READ = Read(
    request_id="9d2f7c1e-0000-4000-8000-000000000001",
    kind=ReadKind.HEAD,
    slice=Slice(window=Window(from_millis(NOON - 60_000), from_millis(NOON))),
)


def nothing_known(_source: str, _ids: object) -> Mapping[str, ConversationState]:
    """Every conversation is seen for the first time."""
    return {}


def raw_record(content: Any, detail: Detail = Detail.FULL, compare: Comparison | None = None) -> RawRecord:
    """What the daemon writes of a conversation that it sees for the first time, in the platform's form or another."""
    flat = detail is Detail.FLAT
    worker = PageWorker(
        source="default",
        compare=compare or comparison(detail),
        encode=(lambda record: ENCODE_FLAT(row_of(record))) if flat else ENCODE,
        known=nothing_known,
        limits={Topic.CONVERSATIONS: 1 << 20, Topic.DEAD_LETTERS: 1 << 20},
        conversations_topic="conversations",
    )
    instant = from_millis(NOON)
    page = Page(number=1, conversations=(seen(content),), total_hits=1, as_of=instant, observed_at=instant, size=1_000)
    (record,) = worker.work(READ, page, pending={}, horizon_day=0, now=from_millis(NOON + 150)).records
    return RawRecord(
        topic="conversations",
        partition=2,
        offset=7,
        timestamp=Millis(1_000),
        key=record.key,
        value=record.value,
        headers=record.headers,
    )


def altered(raw: RawRecord, alter: Callable[[dict[str, Any]], dict[str, Any]]) -> RawRecord:
    """The record with other fields under the same key and headers."""
    return RawRecord(
        topic=raw.topic,
        partition=raw.partition,
        offset=raw.offset,
        timestamp=raw.timestamp,
        key=raw.key,
        value=ENCODE(alter(READER.read(raw.value or b""))),
        headers=raw.headers,
    )
