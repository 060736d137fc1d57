"""What the receiver is told: pure functions from what happened to a payload. Field names and values are contracts."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from producer.model.actions import Action
from producer.model.delivery import Delivery
from producer.model.instants import Millis, from_millis, iso_millis, to_millis

EXTRACTION = "conversation_extraction_complete"
HOLE = "conversation_hole_opened"

Firing = Literal["query", "failure", "hole"]
"""What may be told: a query that ended, a read of the daemon that failed, a hole in coverage."""

_LONGEST_MESSAGE = 2_000  # characters; messages quote what came from outside
_METRICS = ("totalPagesFetched", "totalRecordsExtracted", "paginationSuccessRate", "totalLatencyMs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an extraction failed."""

    code: str
    message: str

    @staticmethod
    def of(error: BaseException) -> Failure:
        """The API's own code where there is one, else the class of the error; as the audit says it."""
        return Failure(code=getattr(error, "code", "") or type(error).__name__, message=str(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractionEnded:
    """An extraction that somebody asked for is over, at `at` (product time): well, or with a failure.

    `success_ratio` is the part of the requests for pages that brought conversations, from 0 to 1; None: none was made.
    """

    source: str
    request_id: str
    at: datetime
    pages: int
    records: int
    took: timedelta
    success_ratio: float | None = None
    failure: Failure | None = None


def of_extraction(ended: ExtractionEnded, fires: Collection[Firing]) -> Delivery | None:
    """The delivery about an extraction; its id is that of the request. None when queries do not fire."""
    if "query" not in fires:
        return None
    numbers = (ended.pages, ended.records, ended.success_ratio, ended.took // timedelta(milliseconds=1))
    return _extraction(
        ended.source,
        delivery_id=ended.request_id,
        request_id=ended.request_id,
        at=to_millis(ended.at),
        metrics=dict(zip(_METRICS, numbers, strict=True)),
        failure=ended.failure,
    )


def of_audit(event: Mapping[str, Any], fires: Collection[Firing]) -> Delivery | None:
    """The delivery that an audit event gives rise to; its id is the `auditId`. None when it fires nothing."""
    if event["action"] == Action.EXTRACTION_FAILED.value and "failure" in fires:
        error = json.loads(event["details"]["error"])
        return _extraction(
            event["source"],
            delivery_id=event["auditId"],
            request_id=event["requestId"],
            at=Millis(event["timestamp"]),
            metrics={name: event[name] for name in _METRICS},
            failure=Failure(code=error["code"], message=error["message"]),
        )
    if event["action"] == Action.HOLE_OPENED.value and "hole" in fires:
        details = {name: json.loads(value) for name, value in event["details"].items()}
        return _delivery(HOLE, event["source"], event["auditId"], event["requestId"], event["timestamp"], hole=details)
    return None


def _extraction(
    source: str,
    *,
    delivery_id: str,
    request_id: str,
    at: Millis,
    metrics: Mapping[str, float | None],
    failure: Failure | None,
) -> Delivery:
    error = failure and {"code": failure.code, "message": failure.message[:_LONGEST_MESSAGE]}
    status = "FAILURE" if failure else "SUCCESS"
    return _delivery(EXTRACTION, source, delivery_id, request_id, at, status=status, metrics=dict(metrics), error=error)


def _delivery(about: str, source: str, delivery_id: str, request_id: str, at: int, **facts: Any) -> Delivery:
    payload = {
        "event": about,
        "timestamp": iso_millis(from_millis(Millis(at))),
        "source": source,
        "requestId": request_id,
        **facts,
    }
    return Delivery(
        source=source,
        id=delivery_id,
        about=about,
        created_at=Millis(at),
        body=json.dumps(payload, separators=(",", ":")),
    )
