"""How much time is due and not covered at an instant after it was measured."""

from __future__ import annotations

from datetime import datetime, timedelta

from producer.events import CoverageMeasured


def uncovered_at(now: datetime, measured: CoverageMeasured) -> timedelta:
    """What is due grows with the clock, also when a stuck flow measures it no more; but not what the head has read."""
    return measured.uncovered + max(now - measured.clock - measured.ahead, timedelta(0))
