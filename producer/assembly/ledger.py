"""What a read does to coverage, and what may be promised of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from producer.model.checkpoint import Checkpoint, Published
from producer.model.coverage import HEAD, Coverage, Hole
from producer.model.reads import Read
from producer.model.windows import Interval, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Coverage after a read, the holes that it opened, and those that it closed, each with the part that it read."""

    coverage: Coverage
    opened: tuple[Hole, ...] = ()
    closed: tuple[tuple[Hole, Interval], ...] = ()


def moved(before: Coverage, window: Window, read: Read, reason: str | None, at: datetime) -> Move:
    """Coverage moved past a window by a read of it; `reason` says why it is missed, None: it is covered."""
    if reason is None:
        after = before.covered(window, max(read.tier, read.satisfies))
        gone = [hole for hole in before.holes if hole not in after.holes]
        closed = [(hole, Interval(max(hole.start, window.start), min(hole.end, window.end))) for hole in gone]
        return Move(coverage=after, closed=tuple(closed))
    after = before.failed(window, read.tier, reason, at)
    mark = before.watermarks[read.tier]
    if after.watermarks[read.tier] == mark:  # it was a hole before, and that was told
        return Move(coverage=after)
    grown = [hole for hole in after.holes if hole not in before.holes]  # of one that grew only what is new is told
    return Move(coverage=after, opened=tuple(replace(hole, start=max(hole.start, mark)) for hole in grown))


def promised(checkpoint: Checkpoint) -> Published:
    """What may be promised of a committed checkpoint; promises never decrease."""
    coverage, before = checkpoint.coverage, checkpoint.published
    final = len(coverage.watermarks) - 1
    return Published(
        head=max(before.head, coverage.complete_to(HEAD)), final=max(before.final, coverage.complete_to(final))
    )
