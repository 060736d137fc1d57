"""Which windows the head reads next.

Pure: takes coverage and the time, returns slices. After an outage of any length it catches up in slices of at most
`catch_up_slice`, oldest first, never skipping; it begins `overlap` before its watermark, so that what became visible
late is read again (known content is dropped later, by fingerprint, not here).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from producer.model.coverage import HEAD, Coverage
from producer.model.instants import floor_millis
from producer.model.windows import Slice, windows_between

MOST_HOLES = 1_000
"""Holes that a checkpoint carries at most: beyond them something is wrong that no further hole would mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadPolicy:
    """How the head moves. `head_lag` leaves the source time to show what happened; all spans are positive."""

    head_lag: timedelta
    overlap: timedelta
    catch_up_slice: timedelta


def due_edge(now: datetime, policy: HeadPolicy) -> datetime:
    """Up to where the head is due: the present less the head lag."""
    return floor_millis(now - policy.head_lag)


def plan_head(coverage: Coverage, now: datetime, policy: HeadPolicy) -> tuple[Slice, ...]:
    """The windows to read now, oldest first, cut at UTC midnights.

    None when the head is where it should be, or when it has left so many holes that it has to wait for them.
    """
    if len(coverage.holes) >= MOST_HOLES:
        return ()
    mark = coverage.watermarks[HEAD]
    end = min(due_edge(now, policy), mark + policy.catch_up_slice)
    if end <= mark:
        return ()
    start = max(coverage.since, mark - policy.overlap)
    return tuple(Slice(window=window) for window in windows_between(start, end))
