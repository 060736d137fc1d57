"""What the next transaction will carry: records, states, and the news to tell once it is committed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from producer import audit, events
from producer.assembly.pages import PageResult
from producer.assembly.records import audit_record
from producer.model.actions import Action
from producer.model.batch import Outgoing
from producer.model.conversation import ConversationState
from producer.model.delivery import Delivery
from producer.model.instants import Millis, to_millis
from producer.model.reads import Read
from producer.ports import Encode


@dataclass(slots=True, kw_only=True)
class Draft:
    """One batch in the making. `size` counts the bytes of the values; `room` is for so many deliveries."""

    source: str
    encode_audit: Encode
    new_id: Callable[[], str]
    deliver: Callable[[audit.Record], Delivery | None]
    room: int
    records: list[Outgoing] = field(default_factory=list)
    states: dict[str, ConversationState] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    deliveries: list[Delivery] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    size: int = 0
    news: list[events.Event] = field(default_factory=list)
    _pages: list[tuple[events.PageCompared, list[Millis]]] = field(default_factory=list)

    def append(self, record: Outgoing) -> None:
        """Add a record."""
        self.records.append(record)
        self.size += len(record.value or b"")

    def audit(
        self,
        action: Action,
        request_id: str,
        at: datetime,
        details: Mapping[str, Any] | None = None,
        **numbers: float | None,
    ) -> None:
        """Add an audit event; `numbers` are its nullable fields."""
        event = audit.event(
            action,
            audit_id=self.new_id(),
            request_id=request_id,
            source=self.source,
            at=at,
            details=details,
            **numbers,
        )
        self.append(audit_record(event, self.encode_audit))
        delivery = self.deliver(event)
        if delivery is not None:
            self._tell(delivery)

    def take_page(self, result: PageResult, read: Read, number: int) -> None:
        """Add everything that came of a page."""
        self.records += result.records
        self.states |= result.states
        self.size += result.size
        self.news += result.letters
        self._pages.append((result.told(self.source, read, number), result.newest))

    def _tell(self, delivery: Delivery) -> None:
        if len(self.deliveries) < self.room:
            self.deliveries.append(delivery)
            return
        given_up = events.WebhookGivenUp(
            source=self.source,
            delivery_id=delivery.id,
            about=delivery.about,
            reason="full",
            message="too many are pending",
        )
        self.news.append(given_up)

    def told(self, now: datetime) -> list[events.Event]:
        """What to tell of a commit at `now`: how fresh the records of each page were, then the rest in order."""
        at = to_millis(now)
        fresh = [
            replace(page, freshness=tuple((at - instant) / 1_000 for instant in newest)) if newest else page
            for page, newest in self._pages
        ]
        return [*fresh, *self.news]
