"""What a 429 teaches about a limit that nobody told us, and how long we keep to it.

Pure. A server that counts by the minute asks us to wait until the minute that it counts is over (fixed) or until there
is room in it again (sliding). Either way it lets in, in a minute, what we had of it in the span that the wait leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)
HOLD = timedelta(minutes=10)
"""How long a learned cap stands before it rises: a limit that stays is then run into at most once in this span."""
FEELING = timedelta(minutes=10)
"""How long it then rises slowly, by six hundredths in all: here a limit that stays is met, and hardly exceeded."""
LEAST_SHARE = 24
"""A learned cap is at least this part of the configured one: others' bursts must not choke a source."""
_FELT = 0.06
_RISE = 0.01
"""Of the configured cap, times the square of the minutes since: ever faster, so that a limit that was raised is used to
nine tenths half an hour later, wherever the learned cap stood.
"""
_FIRST_SHARE = 0.97
"""How much of what was let in we take from then on; less than all, for what others take is never quite the same."""
_AGAIN_SHARE = 0.93
"""The same when the cap learned just before was too high: others take their part, and this window had less of it."""
_SECOND = timedelta(seconds=1)
_ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Learned:
    """A cap per minute, learned from a 429 at an instant."""

    cap: int
    at: datetime

    def risen(self, now: datetime, configured: int) -> int:
        """The cap as it is now; at or above the configured one it no longer binds."""
        rising = max(_ZERO, now - self.at - HOLD)
        felt = _FELT * self.cap * (min(rising, FEELING) / FEELING)
        minutes = max(_ZERO, rising - FEELING) / MINUTE
        return self.cap + int(felt + _RISE * configured * minutes * minutes)


def lesson(
    before: Learned | None, accepted: Sequence[datetime], *, now: datetime, wait: timedelta, configured: int
) -> Learned:
    """What a 429 at `now` teaches that asks for `wait`. `accepted` are the answers of the last minute, oldest first.

    The wait may speak of something else than a minute's limit, so half of what was accepted counts at least. Had we
    less than half of what we may have, it was hardly our doing: half of that stays.
    """
    known = before.risen(now, configured) if before else configured
    counted = max(_counted(accepted, now, wait), len(accepted) / 2)
    share = _AGAIN_SHARE if before and now - before.at < HOLD else _FIRST_SHARE
    cap = int(counted * share)
    if 2 * len(accepted) < known:
        cap = max(cap, known // 2)
    return Learned(min(configured, max(min(cap, known), configured // LEAST_SHARE, 1)), now)


def _counted(accepted: Sequence[datetime], now: datetime, wait: timedelta) -> float:
    """How many were in the span that the wait leaves of a minute. It is told in whole seconds, rounded up."""
    if not _SECOND <= wait < MINUTE:
        return len(accepted)
    span = MINUTE - wait + _SECOND
    return sum(instant > now - span for instant in accepted) * (1 - _SECOND / 2 / span)
