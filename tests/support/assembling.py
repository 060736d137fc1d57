"""Steps of one read, and what an assembly makes of them."""

from __future__ import annotations

from datetime import timedelta

from producer import errors, events
from producer.assembly.batch import Assembly
from producer.model import steps
from producer.model.batch import Batch, Receipt
from producer.model.reads import Read
from tests.support.build import at, head_read, page, raw, read_end, window
from tests.support.lane import assembly, audit_of

NOW = at("10:06:30")
READ = head_read("10:00", "10:05")
WHOLE = window("10:00", "10:05")
SPAN = "2025-03-10T10:00:00.000Z/2025-03-10T10:05:00.000Z"
REFUSED = errors.WindowRefused("400: no", code="bad.request", correlation_id="c-1")


def started(read: Read = READ) -> steps.Started:
    return steps.Started(read=read, at=at("10:05:30"))


def arrived(*ids: str, read: Read = READ, number: int = 1) -> steps.Arrived:
    return steps.Arrived(read=read, page=page(*(raw(id=each, v=1) for each in ids), number=number))


def ended(read: Read = READ, *, unread: str | None = None) -> steps.Ended:
    return steps.Ended(read=read, end=read_end(unread=unread), at=NOW, covers=WHOLE)


def taken(*taken_steps: steps.Step, by: Assembly | None = None) -> Assembly:
    made = by or assembly()
    for step in taken_steps:
        made.take(step, NOW)
    return made


def commit(made: Assembly, *, offsets: tuple[int, ...] = (1, 2, 3)) -> tuple[Batch, list[events.Event]]:
    batch = made.build(NOW)
    receipt = Receipt(offsets=offsets, committed_at=NOW, took=timedelta(0), records=len(batch.records))
    return batch, made.committed(batch, receipt, NOW)


def trail(batch: Batch) -> list[str]:
    return audit_of(batch.records)
