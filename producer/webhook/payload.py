"""What the receiver is told: pure functions from what happened to a payload. Field names and values are contracts."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Literal, Protocol

from producer.model.actions import Action
from producer.model.delivery import Delivery
from producer.model.instants import Millis, from_millis, iso_millis, to_millis

EXTRACTION = "conversation_extraction_complete"
HOLE = "conversation_hole_opened"
SUCCESS, FAILURE = "SUCCESS", "FAILURE"

Firing = Literal["query", "failure", "hole"]
"""What may be told: a query that ended, a read of the daemon that failed, a hole in coverage."""

_LONGEST_MESSAGE = 2_000  # characters; messages quote what came from outside
_METRICS = ("totalPagesFetched", "totalRecordsExtracted", "paginationSuccessRate", "totalLatencyMs")


class Figures(Protocol):
    """The figures of an extraction."""

    def told(self) -> Mapping[str, float | None]:
        """By the names that the payload has for them; None where not known."""


class Ended(Protocol):
    """How an extraction that somebody asked for ended, at `timestamp` (product time): `SUCCESS` or `FAILURE`.

    `error_code` and `error_message` are None after a success; they hold no secret.
    """

    @property
    def request_id(self) -> str:
        """Of the audit trail."""

    @property
    def status(self) -> str:
        """SUCCESS or FAILURE."""

    @property
    def timestamp(self) -> datetime:
        """When it ended."""

    @property
    def metrics(self) -> Figures:
        """What it came to."""

    @property
    def error_code(self) -> str | None:
        """The API's own code where there is one, else the class of the error."""

    @property
    def error_message(self) -> str | None:
        """What it says."""


def of_extraction(ended: Ended, source: str, fires: Collection[Firing]) -> Delivery | None:
    """The delivery about an extraction; its id is that of the request. None when queries do not fire."""
    if "query" not in fires:
        return None
    failed = ended.status == FAILURE
    return _extraction(
        source,
        delivery_id=ended.request_id,
        request_id=ended.request_id,
        at=to_millis(ended.timestamp),
        metrics=ended.metrics.told(),
        error=_error(ended.error_code, ended.error_message) if failed else None,
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
            error=_error(error["code"], error["message"]),
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
    error: Mapping[str, str] | None,
) -> Delivery:
    status = FAILURE if error else SUCCESS
    return _delivery(EXTRACTION, source, delivery_id, request_id, at, status=status, metrics=dict(metrics), error=error)


def _error(code: str | None, message: str | None) -> Mapping[str, str]:
    return {"code": code or "", "message": (message or "")[:_LONGEST_MESSAGE]}


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
