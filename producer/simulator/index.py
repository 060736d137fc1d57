"""Finds the conversations of a search without looking at a whole day's.

Conversations lie in buckets of time per stream, made when first needed and kept while there is room. A search takes
the buckets its interval covers, and looks back before it only as far as a stream reaches. What it found stays valid
until the next instant at which something of it can change, which it computes along the way.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from producer.simulator.clock import DAY
from producer.simulator.options import SimulatorOptions
from producer.simulator.population import STREAMS, Plan, Population, millis_of
from producer.simulator.query import Query

_NEVER = 1 << 62
_ROOM = 1_500_000
"""Conversations kept in buckets, at about 50 bytes each."""
_PLANS = 50_000
_FOUND = 4_000_000
"""Keys kept in results, at 8 bytes each."""
_PATIENCE = 0.01
"""Seconds of work between two turns of the event loop."""

Judge = Callable[[Plan, int], bool]


class _Bucket:
    """Columns of the conversations of one bucket, by start. `last` is when the last of them appears."""

    __slots__ = ("_by_settling", "_settling", "appears", "ends", "keys", "last", "settles", "starts")

    def __init__(self, plans: list[Plan]) -> None:
        self.keys = array("q", [plan.key for plan in plans])
        self.starts = array("q", [plan.start for plan in plans])
        self.appears = array("q", [plan.states[0].visible_at for plan in plans])
        settled = [_settled(plan) for plan in plans]
        self.settles = array("q", [instant for instant, _ in settled])
        self.ends = array("q", [end for _, end in settled])
        self.last = max(self.appears, default=0)
        self._by_settling = array("i", sorted(range(len(plans)), key=self.settles.__getitem__))
        self._settling = array("q", [self.settles[row] for row in self._by_settling])

    def started(self, begin: int, end: int, now: int) -> tuple[list[tuple[int, int]], int]:
        """Start and key of those that began between two instants and have appeared, and until when that is all."""
        pairs = list(zip(self.starts, self.keys, strict=True))
        until = _NEVER
        if self.last > now:
            pairs = [pair for pair, appears in zip(pairs, self.appears, strict=True) if appears <= now]
            until = min(appears for appears in self.appears if appears > now)
        if pairs and not begin <= pairs[0][0] <= pairs[-1][0] < end:
            pairs = [pair for pair in pairs if begin <= pair[0] < end]
        return pairs, until

    def outlasting(self, instant: int) -> array[int]:
        """The rows whose end is not visible for good before the instant; all others ended before it, visibly."""
        return self._by_settling[bisect_left(self._settling, instant) :]


def _settled(plan: Plan) -> tuple[int, int]:
    """When the conversation's end is visible for good, and that end."""
    end = plan.states[-1].end
    if end is None:
        return _NEVER, _NEVER
    settles = plan.states[-1].visible_at
    for state in reversed(plan.states):
        if state.end != end:
            break
        settles = state.visible_at
    return settles, end


@dataclass(frozen=True, slots=True)
class Found:
    """The keys of a search in its order, and until when (exclusive) they are right."""

    keys: array[int]
    until: int


class Index:
    """The population, searchable."""

    def __init__(self, options: SimulatorOptions, population: Population) -> None:
        self._population = population
        self._retention = millis_of(options.retention.total_seconds())
        self._buckets: OrderedDict[tuple[int, int], _Bucket] = OrderedDict()
        self._held = 0
        self._plans: OrderedDict[int, Plan] = OrderedDict()
        self._found: OrderedDict[str, Found] = OrderedDict()
        self._found_keys = 0

    def plan(self, key: int) -> Plan:
        """The plan of a key that exists."""
        plan = self._plans.get(key)
        if plan is not None:
            self._plans.move_to_end(key)
            return plan
        plan = self._plans[key] = self._population.plan(key)
        if len(self._plans) > _PLANS:
            self._plans.popitem(last=False)
        return plan

    def retained(self, plan: Plan, now: int) -> bool:
        """Whether the conversation is young enough to be there still."""
        return plan.start >= now - self._retention

    async def search(self, query: Query, now: int, judge: Judge) -> Found:
        """The conversations that match at `now`. `judge` applies the filters to a plan and its visible states."""
        known = self._found.get(query.fingerprint)
        if known is not None and now < known.until:
            self._found.move_to_end(query.fingerprint)
            return known
        await self._prepare(query, now)
        pairs, until = self._alive(query, now)
        if query.filters.any or query.order_by in ("conversationEnd", "segmentEnd"):
            pairs, until = await self._judged(pairs, until, query, now, judge)
        pairs.sort(reverse=query.order == "desc")
        found = Found(array("q", [key for _, key in pairs]), until)
        self._keep(query.fingerprint, found)
        return found

    def _keep(self, fingerprint: str, found: Found) -> None:
        old = self._found.pop(fingerprint, None)
        self._found_keys += len(found.keys) - (len(old.keys) if old else 0)
        self._found[fingerprint] = found
        while self._found_keys > _FOUND and len(self._found) > 1:
            _, dropped = self._found.popitem(last=False)
            self._found_keys -= len(dropped.keys)

    def _places(self, query: Query, now: int) -> Iterator[tuple[int, int]]:
        """The buckets that a search must look into."""
        midnight = query.start - query.start % DAY
        for number, stream in enumerate(STREAMS):
            reach = self._population.reach(stream)
            first = max(midnight, query.start - reach, now - self._retention)
            if query.only_open:
                first = max(first, now - reach)
            for bucket in range(first // stream.bucket, min(query.end - 1, now) // stream.bucket + 1):
                yield number, bucket

    async def _prepare(self, query: Query, now: int) -> None:
        """Make the buckets that aren't there, letting others run in between."""
        began = time.monotonic()
        for place in self._places(query, now):
            self._bucket(place)
            if time.monotonic() - began > _PATIENCE:
                await asyncio.sleep(0)
                began = time.monotonic()

    def _bucket(self, place: tuple[int, int]) -> _Bucket:
        known = self._buckets.get(place)
        if known is not None:
            self._buckets.move_to_end(place)
            return known
        made = self._buckets[place] = _Bucket(self._population.plans(*place))
        self._held += len(made.keys) + 1
        while self._held > _ROOM and len(self._buckets) > 1:
            _, dropped = self._buckets.popitem(last=False)
            self._held -= len(dropped.keys) + 1
        return made

    def _alive(self, query: Query, now: int) -> tuple[list[tuple[int, int]], int]:
        """Start and key of the conversations alive in the interval, and until when that holds."""
        pairs: list[tuple[int, int]] = []
        until = _NEVER if query.end <= now else min((now // one.bucket + 1) * one.bucket for one in STREAMS)
        oldest = max(query.start - query.start % DAY, now - self._retention)
        for number, index in self._places(query, now):
            bucket = self._bucket((number, index))
            begin = index * STREAMS[number].bucket
            if query.start <= begin and not query.only_open:
                found, change = bucket.started(oldest, query.end, now)
            else:
                found, change = self._lasting(bucket, oldest, query, now)
            pairs += found
            until = min(until, change)
        return pairs, until

    def _lasting(self, bucket: _Bucket, oldest: int, query: Query, now: int) -> tuple[list[tuple[int, int]], int]:
        """As above, in a bucket that began before the interval, or when only open ones are wanted."""
        pairs = []
        until = _NEVER
        for row in bucket.outlasting(now if query.only_open else query.start):
            start = bucket.starts[row]
            if not oldest <= start < query.end:
                continue
            if bucket.appears[row] > now:
                until = min(until, bucket.appears[row])
                continue
            if bucket.settles[row] <= now:
                end = bucket.ends[row]
            else:
                plan = self.plan(bucket.keys[row])
                count = plan.visible(now)
                shown = plan.states[count - 1].end
                end = now if shown is None else shown
                until = min(until, plan.states[count].visible_at if count < len(plan.states) else _NEVER)
            if end >= query.start:
                pairs.append((start, bucket.keys[row]))
        return pairs, until

    async def _judged(
        self, pairs: list[tuple[int, int]], until: int, query: Query, now: int, judge: Judge
    ) -> tuple[list[tuple[int, int]], int]:
        """Those that pass the filters, each with what the query orders by."""
        passed = []
        began = time.monotonic()
        for start, key in pairs:
            plan = self.plan(key)
            count = plan.visible(now)
            if count < len(plan.states):
                until = min(until, plan.states[count].visible_at)
            if not query.filters.any or judge(plan, count):
                end = plan.states[count - 1].end
                by_end = query.order_by in ("conversationEnd", "segmentEnd")
                passed.append(((_NEVER if end is None else end) if by_end else start, key))
            if time.monotonic() - began > _PATIENCE:
                await asyncio.sleep(0)
                began = time.monotonic()
        return passed, until
