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
from producer.model.instants import Millis, to_millis
from producer.model.reads import Read
from producer.ports import Encode


@dataclass(slots=True, kw_only=True)
class Draft:
    """One batch in the making. `size` counts the bytes of the values."""

    source: str
    encode_audit: Encode
    new_id: Callable[[], str]
    records: list[Outgoing] = field(default_factory=list)
    states: dict[str, ConversationState] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
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

    def take_page(self, result: PageResult, read: Read, number: int) -> None:
        """Add everything that came of a page."""
        self.records += result.records
        self.states |= result.states
        self.size += result.size
        self.news += result.letters
        self._pages.append((result.told(self.source, read, number), result.newest))

    def told(self, now: datetime) -> list[events.Event]:
        """What to tell of a commit at `now`: how fresh the records of each page were, then the rest in order."""
        at = to_millis(now)
        fresh = [
            replace(page, freshness=tuple((at - instant) / 1_000 for instant in newest)) if newest else page
            for page, newest in self._pages
        ]
        return [*fresh, *self.news]
