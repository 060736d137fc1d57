"""The last reads, as the events told of them: those that are open and those that ended. Bounded."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from producer import events
from producer.model.reads import Read
from producer.telemetry.lines.form import subject_of
from producer.telemetry.snapshot import ReadRow

MOST_READS = 50
MOST_OPEN_READS = 50


@dataclass(slots=True, kw_only=True)
class ReadRows:
    """Follows the reads. `now` is product time."""

    now: Callable[[], datetime]
    _open: OrderedDict[str, ReadRow] = field(default_factory=OrderedDict)
    _ended: deque[ReadRow] = field(default_factory=lambda: deque(maxlen=MOST_READS))

    def newest(self) -> tuple[ReadRow, ...]:
        """The open ones, then the last that ended, the newest first."""
        return (*reversed(self._open.values()), *reversed(self._ended))[:MOST_READS]

    def open(self, request_id: str) -> ReadRow | None:
        """The open read of a request id."""
        return self._open.get(request_id)

    def began(self, event: events.ReadStarted) -> None:
        """A read is open."""
        self._open[event.read.request_id] = self._row(event.source, event.read)
        if len(self._open) > MOST_OPEN_READS:
            self._open.popitem(last=False)

    def moved(self, event: events.PageFetched) -> None:
        """A read has one page more."""
        row = self._open.get(event.read.request_id)
        if row is not None:
            self._open[event.read.request_id] = replace(row, pages=row.pages + 1)

    def ended(self, source: str, read: Read, **facts: Any) -> None:
        """A read is over."""
        row = self._open.pop(read.request_id, None) or self._row(source, read)
        self._ended.append(replace(row, **facts))

    def dropped(self, event: events.BatchDiscarded) -> None:
        """What was being read goes with the transaction that was given up."""
        for row in [row for row in self._open.values() if event.source in ("", row.source)]:
            self._ended.append(replace(self._open.pop(row.request_id), verdict="dropped", remark=event.reason))

    def _row(self, source: str, read: Read) -> ReadRow:
        return ReadRow(
            source=source,
            request_id=read.request_id,
            kind=read.kind.value,
            window=subject_of(read),
            began_at=self.now(),
        )
