"""How far an open read has come, over as many transactions as it takes, and what the audit says of it at its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from producer.model.checkpoint import OpenRead
from producer.model.reads import RawConversation, Read, ReadEnd


@dataclass(slots=True, kw_only=True)
class Progress:
    """One open read. `found` are those of the ids that it asks for."""

    read: Read
    started_at: datetime
    pages: int = 0
    records: int = 0
    found: set[str | None] = field(default_factory=set)

    def page(self, conversations: Iterable[RawConversation], emitted: int) -> None:
        """One page more, of which so many records were made."""
        self.pages += 1
        self.records += emitted
        self.found.update(raw.id for raw in conversations if raw.id in self.read.ids)

    @property
    def absent(self) -> list[str]:
        """The ids that were asked for and did not come."""
        return [each for each in self.read.ids if each not in self.found]

    @property
    def open(self) -> OpenRead:
        """What a successor is told of it, should it find it open."""
        read = self.read
        return OpenRead(
            request_id=read.request_id,
            kind=read.kind.value,
            subject=str(read.slice) if read.slice else f"{len(read.ids)} ids",
            started_at=self.started_at,
        )

    def totals(self, at: datetime) -> dict[str, int]:
        """What it came to, however it ended."""
        took = (at - self.started_at) // timedelta(milliseconds=1)
        return {
            "durationMs": took,
            "totalPagesFetched": self.pages,
            "totalRecordsExtracted": self.records,
            "totalLatencyMs": took,
        }

    def outcome(self, at: datetime, end: ReadEnd) -> dict[str, float | None]:
        """What it came to as a whole."""
        return {
            **self.totals(at),
            "totalHits": end.last_hits,
            "totalPagesFetched": end.pages,
            "paginationSuccessRate": end.success_ratio,
        }
