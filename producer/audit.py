"""Audit events: what they are made of, as records of the schema `AuditEvent`. Pure.

Only PAGE_PROCESSED carries `recordCount`, so the sum of it per request id is the number of records on the topic.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from producer import errors
from producer.model.actions import Action
from producer.model.instants import iso_millis, to_millis
from producer.model.reads import Read, ReadEnd, Split

COMPLIANCE_VERSION = "1.0"
Record = dict[str, Any]


NULLABLE = (
    "recordCount",
    "conversationsRead",
    "unchanged",
    "stale",
    "deadLetters",
    "durationMs",
    "pageNumber",
    "part",
    "totalHits",
    "totalPagesFetched",
    "totalRecordsExtracted",
    "totalLatencyMs",
    "paginationSuccessRate",
)


def event(
    action: Action,
    *,
    audit_id: str,
    request_id: str,
    source: str,
    at: datetime,
    details: Mapping[str, Any] | None = None,
    **numbers: float | None,
) -> Record:
    """One audit event. `details` become JSON text; `numbers` are fields of the schema, those not named are null."""
    unknown = numbers.keys() - set(NULLABLE)
    if unknown:
        raise errors.ProducerError(f"audit event has no field {sorted(unknown)}")
    return {
        "auditId": audit_id,
        "requestId": request_id,
        "source": source,
        "timestamp": to_millis(at),
        "action": action.value,
        "complianceVersion": COMPLIANCE_VERSION,
        **dict.fromkeys(NULLABLE),
        **numbers,
        "details": {name: json.dumps(value, separators=(",", ":")) for name, value in (details or {}).items()},
    }


def subject_of(read: Read) -> dict[str, Any]:
    """What a read asks for, for the details of EXTRACTION_STARTED."""
    subject: dict[str, Any] = {"kind": read.kind.value, "tier": read.tier}
    if read.slice is not None:
        return subject | {"window": str(read.slice)}
    return subject | {"ids": len(read.ids)}


def end_of(read: Read, end: ReadEnd) -> dict[str, Any]:
    """What was read and how it ended, for the details of EXTRACTION_COMPLETED."""
    window = read.slice.window if read.slice else None
    return {
        **({"start": iso_millis(window.start), "end": iso_millis(window.end)} if window else {}),
        "verdict": end.verdict.value,
        "firstHits": end.first_hits,
        "lastHits": end.last_hits,
        "unique": end.unique,
        "repeated": end.repeated,
        "attempts": end.attempts,
        **({"unread": end.unread} if end.unread else {}),
    }


def failure_of(error: errors.ProducerError | None, *, hole: bool) -> dict[str, Any]:
    """Why a read failed, for the details of EXTRACTION_FAILED; None when the process ended in the middle of it."""
    if error is None:
        return {
            "error": {"code": "interrupted", "message": "the read was interrupted and is made again"},
            "hole": False,
        }
    code = getattr(error, "code", "") or type(error).__name__
    correlation_id = getattr(error, "correlation_id", None)
    details: dict[str, Any] = {"error": {"code": code, "message": str(error)}, "hole": hole}
    return details | ({"correlationId": correlation_id} if correlation_id else {})


def split_of(split: Split) -> dict[str, Any]:
    """Into what a window was split, for the details of WINDOW_SPLIT."""
    return {"hits": split.hits, "parts": [str(part) for part in split.parts]}
