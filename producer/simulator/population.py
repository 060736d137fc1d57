"""Which conversations there are: generated per stream and bucket of time from the seed, never stored.

Pure: the same seed gives the same conversations, whoever asks, in whatever order. A stream is a family of profiles of a
similar lifetime; its `reach` bounds how long after its start one of its conversations can still be open, so a search
looks back only so far.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate
from random import Random
from typing import NamedTuple

from producer.simulator import identity, outlines
from producer.simulator.clock import DAY, HOUR, MINUTE, SECOND, millis
from producer.simulator.options import SimulatorOptions
from producer.simulator.outlines import Beat, Cause, Profile

_HOURLY = (2, 1, 1, 1, 2, 3, 6, 12, 22, 32, 36, 35, 31, 33, 36, 35, 31, 25, 18, 13, 10, 7, 5, 3)
"""The relative load of each UTC hour of a working day."""
_MEAN_HOUR = sum(_HOURLY) / 24
_WEEKEND = 0.35
_REFRESH = SECOND
"""Changes become visible at whole seconds only, as in an index that is refreshed once a second."""
_WORKING_DAYS = 5
_FIRST_MONDAY = 4  # days after 1970-01-01, a Thursday


class Stream(NamedTuple):
    """A family of profiles. `bucket` divides a day; `life` bounds the span from a start to the last end."""

    name: str
    share: float
    bucket: int
    life: int
    profiles: tuple[Profile, ...]


STREAMS = (
    Stream("brief", 0.885, MINUTE, 40 * MINUTE, outlines.BRIEF),
    Stream("long", 0.08, 10 * MINUTE, 9 * HOUR, outlines.LONG),
    Stream("threads", 0.03, HOUR, 12 * DAY, outlines.THREADS),
    Stream("ages", 0.005, DAY, 400 * DAY, outlines.AGES),
)


class State(NamedTuple):
    """A content a conversation has from `at` on, and shows from `visible_at` on. `end` is its conversationEnd then."""

    cause: Cause
    at: int
    visible_at: int
    end: int | None


class Plan(NamedTuple):
    """Everything that is decided about a conversation but its wording."""

    key: int
    profile: Profile
    start: int
    poison: bool
    huge: bool
    states: tuple[State, ...]

    def visible(self, now: int) -> int:
        """The number of its states that are visible; the last of them is what an answer shows."""
        states = self.states
        if states[-1].visible_at <= now:
            return len(states)
        count = 0
        for state in states:
            if state.visible_at > now:
                break
            count += 1
        return count


class Population:
    """The conversations of one organisation."""

    def __init__(self, options: SimulatorOptions) -> None:
        self._seed = options.seed
        self._rate = options.rate_per_day
        self._lifetimes = options.lifetimes
        self._births_until = millis(options.births_until) if options.births_until else None
        self._median = millis_of(options.visibility_median.total_seconds())
        self.longest_delay = millis_of(options.visibility_tail.total_seconds())
        self._tail_probability = options.visibility_tail_probability
        self._poison = options.poison_probability
        self._huge = options.huge_probability
        self._weights = [list(accumulate(profile.weight for profile in stream.profiles)) for stream in STREAMS]

    def reach(self, stream: Stream) -> int:
        """How long after its start a conversation of the stream can look open, unless it looks so for ever."""
        life = int(stream.life * self._lifetimes)
        return life + self.longest_delay + MINUTE  # a minute more, for states that queue up behind a late one

    def count(self, stream: int, bucket: int) -> int:
        """How many conversations start in a bucket."""
        family = STREAMS[stream]
        mean = self._rate * family.share * family.bucket / DAY * _load(bucket * family.bucket, family.bucket)
        dice = Random(identity.spread(self._seed, "count", stream, bucket))
        return min(math.floor(mean + dice.random()), 1 << 18)

    def plans(self, stream: int, bucket: int) -> list[Plan]:
        """The conversations that start in a bucket, by start."""
        made = [self.plan(identity.pack(stream, bucket, ordinal)) for ordinal in range(self.count(stream, bucket))]
        return sorted(filter(self._born, made), key=lambda plan: (plan.start, plan.key))

    def find(self, key: int) -> Plan | None:
        """The conversation with this key, if there is one."""
        stream, bucket, ordinal = identity.unpack(key)
        if stream >= len(STREAMS) or ordinal >= self.count(stream, bucket):
            return None
        plan = self.plan(key)
        return plan if self._born(plan) else None

    def _born(self, plan: Plan) -> bool:
        return self._births_until is None or plan.start < self._births_until

    def plan(self, key: int) -> Plan:
        """Make the conversation with a key that exists."""
        stream, bucket, _ = identity.unpack(key)
        family = STREAMS[stream]
        dice = Random(identity.spread(self._seed, "plan", key))
        profile = family.profiles[bisect_right(self._weights[stream], dice.random() * self._weights[stream][-1])]
        start = _start_within(dice, bucket, family.bucket)
        beats = profile.outline(dice, start)
        if beats[-1].end is not None:
            end = beats[-1].end
            last = beats[-1].at
            beats += [Beat(beat.cause, max(beat.at, last), end) for beat in outlines.aftermath(dice, end)]
            beats.sort(key=lambda beat: beat.at)
        if self._lifetimes != 1:
            beats = [beat.scaled(start, self._lifetimes) for beat in beats]
        return Plan(
            key=key,
            profile=profile,
            start=start,
            poison=dice.random() < self._poison,
            huge=dice.random() < self._huge,
            states=self._show(dice, beats),
        )

    def _show(self, dice: Random, beats: list[Beat]) -> tuple[State, ...]:
        """Give every beat the instant at which it becomes visible, each later than the one before it."""
        states = []
        shown = 0
        for beat in beats:
            ripe = beat.at + self._delay(dice)
            shown = max(shown + _REFRESH, -(-ripe // _REFRESH) * _REFRESH)
            states.append(State(beat.cause, beat.at, shown, beat.end))
        return tuple(states)

    def _delay(self, dice: Random) -> int:
        if dice.random() < self._tail_probability:
            low = min(30 * SECOND, self.longest_delay)
            return low + int((self.longest_delay - low) * dice.random() ** 3)
        return min(int(self._median * math.exp(0.5 * dice.gauss(0.0, 1.0))), self.longest_delay)


def millis_of(seconds: float) -> int:
    """A span in milliseconds."""
    return round(seconds * SECOND)


def _load(instant: int, span: int) -> float:
    """The load at the middle of a span, relative to the mean of a working day."""
    day, within = divmod(instant + span // 2, DAY)
    factor = _WEEKEND if (day - _FIRST_MONDAY) % 7 >= _WORKING_DAYS else 1.0
    if span >= DAY:
        return factor
    hour, rest = divmod(within - HOUR // 2, HOUR)
    before, after = _HOURLY[hour % 24], _HOURLY[(hour + 1) % 24]
    return factor * (before + (after - before) * rest / HOUR) / _MEAN_HOUR


def _start_within(dice: Random, bucket: int, span: int) -> int:
    """An instant in the bucket; in a bucket of a whole day, by the daily curve."""
    instant = bucket * span
    if span < DAY:
        return instant + int(span * dice.random())
    while True:
        offset = int(span * dice.random())
        if dice.random() * max(_HOURLY) <= _HOURLY[offset // HOUR]:
            return instant + offset
