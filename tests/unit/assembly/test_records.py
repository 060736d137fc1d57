from __future__ import annotations

import json
from dataclasses import replace

from producer.assembly.records import audit_record, watermark, watermark_record
from producer.audit import event
from producer.model.actions import Action
from producer.model.batch import Topic
from producer.model.checkpoint import Checkpoint, Published
from producer.model.coverage import Coverage, Hole, Loss
from producer.model.instants import to_millis
from tests.support.build import at
from tests.support.plain_compare import encode

COMMITTED = Checkpoint(
    source="emea",
    capture_start=at("08:00"),
    coverage=Coverage(
        since=at("08:00"),
        watermarks=(at("11:00"),),
        holes=(Hole(start=at("10:00"), end=at("10:30"), tier=0, reason="400", attempts=1, opened_at=at("11:00")),),
        losses=(Loss(start=at("09:00"), end=at("09:30"), tier=1, reason="gone", accepted_at=at("11:00")),),
    ),
    published=Published(head=at("09:00"), final=at("08:00")),
    horizon_day=20_157,
    offsets=(3, 0, 7),
    written_at=to_millis(at("11:00:30")),
)


def test_a_watermark_tells_what_was_committed_before_it_and_where_that_ends_on_the_topic() -> None:
    assert watermark(COMMITTED, Published(head=at("10:00"), final=at("08:30"))) == {
        "source": "emea",
        "headThrough": to_millis(at("10:00")),
        "finalThrough": to_millis(at("08:30")),
        "committedAt": to_millis(at("11:00:30")),
        "offsets": [3, 0, 7],
        "holes": [{"start": to_millis(at("10:00")), "end": to_millis(at("10:30")), "tier": 0, "reason": "400"}],
        "acceptedLosses": [
            {"start": to_millis(at("09:00")), "end": to_millis(at("09:30")), "tier": 1, "reason": "gone"}
        ],
    }


def test_a_watermark_record_is_keyed_by_its_source() -> None:
    told = watermark(
        replace(COMMITTED, coverage=Coverage(since=at("08:00"), watermarks=(at("11:00"),))), COMMITTED.published
    )
    record = watermark_record(told, encode, "run:1", "run", at("11:01"))
    assert (record.topic, record.key, json.loads(record.value or b"")) == (Topic.WATERMARKS, b"emea", told)
    assert dict(record.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"run:1",
        "ce_source": b"/genesys/emea",
        "ce_type": b"io.genesysproducer.watermark.v1",
        "ce_time": b"2025-03-10T11:01:00.000Z",
        "content-type": b"application/avro",
        "request-id": b"run",
        "ce_subject": b"emea",
    }


def test_audit_of_one_read_has_one_key_so_that_it_stays_in_order() -> None:
    told = event(Action.STARTED, audit_id="a-1", request_id="r-1", source="emea", at=at("11:01"))
    record = audit_record(told, encode)
    assert (record.topic, record.key, json.loads(record.value or b"")) == (Topic.AUDIT, b"r-1", told)
    assert dict(record.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"a-1",
        "ce_source": b"/genesys/emea",
        "ce_type": b"io.genesysproducer.audit.v1",
        "ce_time": b"2025-03-10T11:01:00.000Z",
        "content-type": b"application/avro",
        "request-id": b"r-1",
        "ce_subject": b"r-1",
    }
