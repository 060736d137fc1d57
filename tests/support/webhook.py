"""Deliveries and options for tests of the webhook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from producer.model.delivery import Delivery
from producer.model.instants import to_millis
from producer.webhook.options import WebhookOptions
from tests.support.build import at
from tests.support.receiver import SECRET


def delivery(name: str = "d-1", mark: str = "10:00", *, source: str = "default") -> Delivery:
    """One about an extraction at that time of the day."""
    body = f'{{"event":"conversation_extraction_complete","requestId":"{name}"}}'
    about = "conversation_extraction_complete"
    return Delivery(source=source, id=name, about=about, created_at=to_millis(at(mark)), body=body)


def options(url: str, *, secrets: str = SECRET, **changes: Any) -> WebhookOptions:
    """How a receiver is reached; http is allowed, and an attempt may take long."""
    given: dict[str, Any] = {
        "fires": ("query", "failure", "hole"),
        "allow_http": True,
        "timeout": timedelta(seconds=30),
        "give_up_after": timedelta(days=1),
        "user_agent": "tests",
    }
    return WebhookOptions(url=lambda: url, secrets=lambda: secrets, **(given | changes))


@dataclass(frozen=True, slots=True)
class Figures:
    """What a query came to."""

    values: Mapping[str, float | None]

    def told(self) -> Mapping[str, float | None]:
        return self.values


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """`payload.Ended`."""

    request_id: str
    timestamp: datetime
    metrics: Figures
    status: str = "SUCCESS"
    error_code: str | None = None
    error_message: str | None = None


FIGURES = Figures(
    {
        "totalPagesFetched": 3,
        "totalRecordsExtracted": 250,
        "paginationSuccessRate": 0.75,
        "totalLatencyMs": 1_234,
    }
)


def ended(request_id: str = "q-1", when: datetime | None = None, error: tuple[str, str] | None = None) -> Extraction:
    """A query of three pages that went well, or that ended with a code and a message."""
    code, message = error or (None, None)
    return Extraction(
        request_id=request_id,
        timestamp=when or at("10:00"),
        metrics=FIGURES,
        status="FAILURE" if error else "SUCCESS",
        error_code=code,
        error_message=message,
    )


@dataclass(slots=True)
class MemoryPending:
    """`ports.Pending` that remembers what was settled."""

    left: list[Delivery] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)

    def waiting(self) -> list[Delivery]:
        return self.left

    async def settle(self, delivery: Delivery) -> None:
        self.settled.append(delivery.id)
