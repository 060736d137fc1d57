"""When a conversation is asked for by id, and when it may be forgotten. Pure.

By id is the only way to a conversation that began on an earlier UTC day: no window of today returns it. What is
remembered is why it is watched (`ConversationState.watch`); when it is due follows from that and from the time.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from producer.model.conversation import Agenda, ConversationState, Watch
from producer.model.coverage import HEAD, Coverage
from producer.model.instants import DAY, ONE_DAY, Millis, from_millis, to_millis, utc_midnight
from producer.model.reads import Due, ReadKind
from producer.model.windows import Ended, Slice, Window, windows_between

IDS_AT_ONCE = 100
"""Ids of one call."""
CONFIRM_AFTER = timedelta(seconds=60)
"""After what time a state that looks older than the known one is asked for again."""
WRAP_UP_EVERY = timedelta(minutes=5)
THREAD_EVERY = ONE_DAY
OPEN_EVERY: tuple[tuple[int, timedelta], ...] = (
    (2, timedelta(minutes=1)),
    (8, timedelta(minutes=15)),
    (91, timedelta(hours=1)),
)
"""How often an open one is asked for while it began less than so many days ago; later ones weekly."""
OLD_EVERY = timedelta(days=7)
KEPT_DAYS = 400
"""How long a source keeps conversations, in days, with something to spare."""
ABSENT_EVERY = timedelta(hours=1)
"""What was asked for and was not there is asked for no more often than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPolicy:
    """How long what has ended is looked after, and how far back open conversations are looked for at the first start.

    `wrap_up`: for the wrap-up of an agent who was asked for one; `message` and `email`: threads that may reopen.
    `by_id`: the source can be asked for conversations by id; where it can't, windows alone show them.
    """

    by_id: bool = True

    wrap_up: timedelta = timedelta(hours=4)
    message: timedelta = timedelta(hours=72)
    email: timedelta = timedelta(days=30)
    adopt: timedelta = timedelta(days=30)

    def spans(self, state: ConversationState) -> Iterator[tuple[timedelta, timedelta]]:
        """For each reason that an ended conversation is watched for: how often, and for how long."""
        reasons = state.reasons
        if Watch.WRAP_UP in reasons:
            yield WRAP_UP_EVERY, self.wrap_up
        if Watch.MESSAGE in reasons:
            yield THREAD_EVERY, self.message
        if Watch.EMAIL in reasons:
            yield THREAD_EVERY, self.email


def agenda_of(state: ConversationState, now: datetime, policy: WatchPolicy, *, restoring: bool = False) -> Agenda:
    """What the future holds for a conversation that was seen `now`.

    `restoring`: nobody knows when it was last asked for, and many are restored at once: their first turns are spread by
    id over the time between two of them. Each id has an instant of its own in every such time, so that restarts do not
    put its turn off again and again.
    """
    at = to_millis(now)
    due = _next_turn(state, at, policy, _share(state.id) if restoring else None)
    return Agenda(due=due, forget_day=_forget_day(state, policy), open=Watch.OPEN in state.reasons)


def _next_turn(state: ConversationState, now: Millis, policy: WatchPolicy, share: float | None) -> Millis | None:
    """When it is asked for next; `share`, from 0 to 1, is where its own instant lies between two turns; None: a
    whole wait begins now.
    """
    if state.redacted or not policy.by_id:
        return None
    if state.regression is not None:
        confirmed = Millis(state.regression.seen_at + CONFIRM_AFTER // _MILLISECOND)
        return confirmed if now < confirmed else _after(now, CONFIRM_AFTER, share)
    if Watch.OPEN in state.reasons:
        midnight = (state.start_day + 1) * DAY
        if now < midnight:  # until then every window of today shows it; many are due at once then
            return Millis(midnight + round(_share(state.id) * (OPEN_EVERY[0][1] // _MILLISECOND)))
        every = open_every(now // DAY - state.start_day)
        return _after(now, max(every, ABSENT_EVERY) if state.absent_reads else every, share)
    turns = [
        turn
        for every, span in policy.spans(state)
        if (turn := _after(now, every, share)) <= state.as_of + span // _MILLISECOND
    ]
    return min(turns, default=None)


def open_every(days: int) -> timedelta:
    """How often an open conversation is asked for that began so many UTC days ago."""
    return next((every for below, every in OPEN_EVERY if days < below), OLD_EVERY)


def _forget_day(state: ConversationState, policy: WatchPolicy) -> int | None:
    """The last day on which something is expected of it; None for what is never forgotten: open, or redacted.

    Where nobody can ask for an open one its end may never be seen: it is remembered for as long as a source keeps it.
    """
    if state.redacted:
        return None
    if Watch.OPEN in state.reasons:
        return None if policy.by_id else state.start_day + KEPT_DAYS
    longest = max((span for _, span in policy.spans(state)), default=timedelta(0))
    return max(state.last_day, (state.as_of + longest // _MILLISECOND) // DAY)


def may_forget(state: ConversationState, coverage: Coverage, now: datetime, policy: WatchPolicy) -> bool:
    """True when no read can return it any more: every tier has passed the days that it lived on, and no hole is there.

    By what was read, not by the clock alone: after an outage its windows are still to be read again.
    """
    forget_day = _forget_day(state, policy)
    doubted = state.regression is not None and policy.by_id
    if forget_day is None or forget_day >= to_millis(now) // DAY or doubted:
        return False
    start, end = from_millis(state.start_day * DAY), from_millis((state.last_day + 1) * DAY)
    holes = any(hole.start < end and start < hole.end for hole in coverage.holes)
    return not holes and min(coverage.watermarks) >= end


def forgettable_before(coverage: Coverage, now: datetime) -> int:
    """The first day of which nothing may be forgotten yet."""
    return min(to_millis(min(coverage.watermarks)), to_millis(utc_midnight(now))) // DAY


def adoption(now: datetime, policy: WatchPolicy) -> tuple[Due, ...]:
    """What a first start asks for: all that is open and began before, one day after the other, the youngest first."""
    windows = windows_between(utc_midnight(now - policy.adopt), now.replace(microsecond=0))
    return tuple(_open_ones(window) for window in reversed(list(windows)))


def _open_ones(window: Window) -> Due:
    return Due(kind=ReadKind.WATCH, slice=Slice(window=window, ended=Ended.OPEN), tier=HEAD, covers=False)


def _after(now: Millis, every: timedelta, share: float | None) -> Millis:
    span = every // _MILLISECOND
    return Millis(now + (span if share is None else (round(share * span) - now) % span))


def _share(identifier: str) -> float:
    """A number from 0 to 1 that is always the same for an id."""
    return zlib.crc32(identifier.encode()) / 0xFFFF_FFFF


_MILLISECOND = timedelta(milliseconds=1)
