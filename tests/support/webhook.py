"""Deliveries and options for tests of the webhook."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from producer.model.delivery import Delivery
from producer.model.instants import to_millis
from producer.webhook.options import WebhookOptions
from producer.webhook.payload import ExtractionEnded
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


def ended(request_id: str = "q-1", when: datetime | None = None, **changes: Any) -> ExtractionEnded:
    """A query of three pages that went well."""
    given: dict[str, Any] = {
        "pages": 3,
        "records": 250,
        "took": timedelta(milliseconds=1_234),
        "success_ratio": 0.75,
    }
    return ExtractionEnded(source="default", request_id=request_id, at=when or at("10:00"), **(given | changes))


@dataclass(slots=True)
class MemoryPending:
    """`ports.Pending` that remembers what was settled."""

    left: list[Delivery] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)

    def waiting(self) -> list[Delivery]:
        return self.left

    async def settle(self, delivery: Delivery) -> None:
        self.settled.append(delivery.id)
