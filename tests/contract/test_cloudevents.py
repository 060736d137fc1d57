"""The headers of every kind of record are CloudEvents (Kafka binary binding) as the CloudEvents SDK reads them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.kafka import KafkaMessage, from_binary

from producer.model.batch import Outgoing, Topic
from producer.model.reads import Read
from tests.support.build import page, raw, read_end
from tests.support.scripted_source import Item
from tests.support.virtual_time import in_virtual_time
from tests.support.whole_lane import World

ATTRIBUTES = {"specversion", "id", "source", "type", "time", "subject", "datacontenttype", "partitionkey"}


def _answers(read: Read) -> Iterable[Item]:
    return [page(raw(id="a", v=1), raw(id="b", poison="malformed"), raw(poison="no id")), read_end(unique=3)]


async def _records(topic: Topic) -> list[Outgoing]:
    world = World(answer=_answers)
    await world.run(120)
    return world.sink.records(topic)


def _read(record: Outgoing) -> dict[str, Any]:
    """The attributes of a record, by the SDK; `time` as an instant, and no header that is lost on the way."""
    names = [name for name, _ in record.headers]
    assert len(set(names)) == len(names)
    message = KafkaMessage(headers=dict(record.headers), key=record.key, value=record.value or b"")
    event = from_binary(message, data_unmarshaller=lambda value: value)
    assert event.get_data() == record.value
    attributes: dict[str, Any] = dict(event.get_attributes())
    assert attributes.keys() <= ATTRIBUTES
    assert datetime.fromisoformat(attributes.pop("time")).tzinfo == UTC
    return attributes


def _request(record: Outgoing) -> str:
    return dict(record.headers)["request-id"].decode()


@in_virtual_time
async def test_a_conversation() -> None:
    record, *_ = await _records(Topic.CONVERSATIONS)
    value = json.loads(record.value or b"")

    assert _read(record) == {
        "specversion": "1.0",
        "id": f"a:{value['version']}",
        "source": "/genesys/default",
        "type": "io.genesysproducer.conversation.v1",
        "subject": "a",
        "datacontenttype": "application/avro",
        "partitionkey": b"a",
    }
    assert _request(record)


@in_virtual_time
async def test_audit_events() -> None:
    records = await _records(Topic.AUDIT)

    for record in records:
        value = json.loads(record.value or b"")
        assert _read(record) == {
            "specversion": "1.0",
            "id": value["auditId"],
            "source": "/genesys/default",
            "type": "io.genesysproducer.audit.v1",
            "subject": value["requestId"],
            "datacontenttype": "application/avro",
            "partitionkey": value["requestId"].encode(),
        }
        assert _request(record) == value["requestId"]
    assert len(records) >= 4


@in_virtual_time
async def test_watermarks() -> None:
    records = await _records(Topic.WATERMARKS)

    for record in records:
        attributes = _read(record)
        assert attributes.pop("id").startswith(f"{_request(record)}:")
        assert attributes == {
            "specversion": "1.0",
            "source": "/genesys/default",
            "type": "io.genesysproducer.watermark.v1",
            "subject": "default",
            "datacontenttype": "application/avro",
            "partitionkey": b"default",
        }
    assert records


@in_virtual_time
async def test_dead_letters_with_and_without_an_id() -> None:
    known, unknown, *_ = await _records(Topic.DEAD_LETTERS)

    attributes = _read(known)
    assert attributes.pop("id").startswith(f"{_request(known)}:")
    assert attributes == {
        "specversion": "1.0",
        "source": "/genesys/default",
        "type": "io.genesysproducer.dead-letter.v1",
        "subject": "b",
        "datacontenttype": "application/json",
        "partitionkey": b"b",
    }
    assert _read(unknown).keys().isdisjoint({"subject", "partitionkey"})
    connect = {name for name, _ in known.headers if name.startswith("__connect.errors.")}
    assert connect == {
        f"__connect.errors.{name}" for name in ("topic", "stage", "exception.class.name", "exception.message")
    }


@in_virtual_time
@pytest.mark.parametrize("topic", [Topic.CONVERSATIONS, Topic.AUDIT, Topic.WATERMARKS, Topic.DEAD_LETTERS])
async def test_source_and_id_name_an_event_uniquely(topic: Topic) -> None:
    events = [(each["source"], each["id"]) for each in map(_read, await _records(topic))]

    assert len(set(events)) == len(events)
