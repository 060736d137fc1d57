"""Audit events and watermarks as records of their topics. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from producer.assembly import envelope
from producer.model.batch import Outgoing, Topic
from producer.model.checkpoint import Checkpoint, Published
from producer.model.coverage import Hole, Loss
from producer.model.instants import from_millis, to_millis
from producer.ports import Encode


def audit_record(event: Mapping[str, Any], encode: Encode) -> Outgoing:
    """An audit event on its topic, keyed by the request id, so that one read's events stay in order."""
    request_id: str = event["requestId"]
    headers = envelope.headers(
        envelope.AUDIT,
        event_id=event["auditId"],
        source=event["source"],
        subject=request_id,
        at=from_millis(event["timestamp"]),
        request_id=request_id,
    )
    return Outgoing(Topic.AUDIT, request_id.encode(), encode(event), headers)


def watermark(committed: Checkpoint, published: Published) -> dict[str, Any]:
    """The record `Watermark`: what was committed before its own transaction, and where on the topic that ends."""
    return {
        "source": committed.source,
        "headThrough": to_millis(published.head),
        "finalThrough": to_millis(published.final),
        "committedAt": committed.written_at,
        "offsets": list(committed.offsets),
        "holes": [_span(hole) for hole in committed.coverage.holes],
        "acceptedLosses": [_span(loss) for loss in committed.coverage.losses],
    }


def watermark_record(
    record: Mapping[str, Any], encode: Encode, event_id: str, request_id: str, now: datetime
) -> Outgoing:
    """A watermark on its topic, keyed by the source."""
    source: str = record["source"]
    headers = envelope.headers(
        envelope.WATERMARK, event_id=event_id, source=source, subject=source, at=now, request_id=request_id
    )
    return Outgoing(Topic.WATERMARKS, source.encode(), encode(record), headers)


def _span(span: Hole | Loss) -> dict[str, Any]:
    return {"start": to_millis(span.start), "end": to_millis(span.end), "tier": span.tier, "reason": span.reason}
