"""Finds the conversations of a search without looking at a whole day's.

Conversations lie in buckets of time per stream, made when first needed and kept while there is room. A search takes
the buckets its interval covers, and looks back before it only as far as a stream reaches. What it found is kept and
changed as time goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterator

from producer.simulator.buckets import Bucket, span_of
from producer.simulator.clock import DAY, MINUTE
from producer.simulator.options import SimulatorOptions
from producer.simulator.population import STREAMS, Plan, Population, millis_of
from producer.simulator.query import Query
from producer.simulator.search import NEVER, Judge, Search

_ROOM = 1_500_000
"""Conversations kept in buckets, at about 50 bytes each."""
_PLANS = 50_000
_FOUND = 4_000_000
"""Rows kept in searches, at 16 bytes each."""
_PATIENCE = 0.01
"""Seconds of work between two turns of the event loop."""
_BEHIND = 5 * MINUTE
"""A request that has waited may speak of an instant before the one its search has come to; this far it is near enough,
for what is shown of each conversation is of its own instant in any case.
"""


class _Taking:
    """What a search is about to take in: rows by what they are ordered by, and instants of later changes."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int]] = []
        self.changes: list[tuple[int, int]] = []


class Index:
    """The population, searchable."""

    def __init__(self, options: SimulatorOptions, population: Population) -> None:
        self._population = population
        self._retention = millis_of(options.retention.total_seconds())
        self._spans = [span_of(options.rate_per_day * stream.share, stream.bucket) for stream in STREAMS]
        self._buckets: OrderedDict[tuple[int, int], Bucket] = OrderedDict()
        self._held = 0
        self._plans: OrderedDict[int, Plan] = OrderedDict()
        self._found: OrderedDict[str, Search] = OrderedDict()
        self._weights: dict[str, int] = {}
        self._weight = 0
        self._under_way: dict[str, asyncio.Event] = {}

    def plan(self, key: int) -> Plan:
        """The plan of a key that exists."""
        plan = self._plans.get(key)
        if plan is not None:
            self._plans.move_to_end(key)
            return plan
        return self._remember(self._population.plan(key))

    def find(self, key: int) -> Plan | None:
        """The plan of a key, if there is such a conversation."""
        if key in self._plans:
            return self.plan(key)
        plan = self._population.find(key)
        return None if plan is None else self._remember(plan)

    def retained(self, plan: Plan, now: int) -> bool:
        """Whether the conversation is young enough to be there still."""
        return plan.start >= now - self._retention

    async def search(self, query: Query, now: int, judge: Judge) -> Search:
        """The conversations that match at `now`. `judge` applies the filters to a plan and its visible states.

        What is returned goes on with the next search of the same query.
        """
        while query.fingerprint in self._under_way:
            await self._under_way[query.fingerprint].wait()
        known = self._found.get(query.fingerprint)
        if known is not None and known.at <= now + _BEHIND and not self._is_fading(query, now):
            self._go_on(known, now)
            self._found.move_to_end(query.fingerprint)
        else:
            known = await self._made(query, now, judge)
        self._weigh(query.fingerprint, known)
        return known

    async def _made(self, query: Query, now: int, judge: Judge) -> Search:
        """A search from the beginning, letting others run in between; who asks the same meanwhile waits for it."""
        done = self._under_way[query.fingerprint] = asyncio.Event()
        try:
            search, taking = Search(query, judge, now), _Taking()
            began = time.monotonic()
            for place in self._places(query, now):
                self._take(taking, search, place, now)
                if time.monotonic() - began > _PATIENCE:
                    await asyncio.sleep(0)
                    began = time.monotonic()
            search.fill(taking.rows, taking.changes)
            self._found[query.fingerprint] = search
            return search
        finally:
            del self._under_way[query.fingerprint]
            done.set()

    def _go_on(self, search: Search, now: int) -> None:
        """Bring a search to a later instant: by what began since, and by what changed."""
        if now <= search.at:
            return
        if search.at < search.query.end and any(search.at // span != now // span for span in self._spans):
            taking = _Taking()
            for number, span in enumerate(self._spans):
                for bucket in range(search.at // span + 1, min(search.query.end - 1, now) // span + 1):
                    self._take(taking, search, (number, bucket), now)
            search.fill(taking.rows, taking.changes)
        search.go_on(now, self.plan)

    def _is_fading(self, query: Query, now: int) -> bool:
        """Whether conversations that the query finds are being deleted because of their age."""
        return now - self._retention > query.start - query.start % DAY

    def _weigh(self, fingerprint: str, search: Search) -> None:
        self._weight += search.weight - self._weights.get(fingerprint, 0)
        self._weights[fingerprint] = search.weight
        while self._weight > _FOUND and len(self._found) > 1:
            oldest, _ = self._found.popitem(last=False)
            self._weight -= self._weights.pop(oldest)

    def _places(self, query: Query, now: int) -> Iterator[tuple[int, int]]:
        """The buckets that a search must look into."""
        midnight = query.start - query.start % DAY
        for number, (stream, span) in enumerate(zip(STREAMS, self._spans, strict=True)):
            reach = self._population.reach(stream)
            first = max(midnight, query.start - reach, now - self._retention)
            if query.only_open:
                first = max(first, now - reach)
            for bucket in range(first // span, min(query.end - 1, now) // span + 1):
                yield number, bucket

    def _bucket(self, place: tuple[int, int]) -> Bucket:
        known = self._buckets.get(place)
        if known is not None:
            self._buckets.move_to_end(place)
            return known
        number, index = place
        parts = self._spans[number] // STREAMS[number].bucket
        plans = [
            plan for part in range(index * parts, (index + 1) * parts) for plan in self._population.plans(number, part)
        ]
        made = self._buckets[place] = Bucket(plans)
        self._held += len(made.keys) + 1
        while self._held > _ROOM and len(self._buckets) > 1:
            _, dropped = self._buckets.popitem(last=False)
            self._held -= len(dropped.keys) + 1
        return made

    def _take(self, taking: _Taking, search: Search, place: tuple[int, int], now: int) -> None:
        """Look into a bucket: at all that began in the interval, and at what had not ended before it."""
        query, bucket = search.query, self._bucket(place)
        oldest = max(query.start - query.start % DAY, now - self._retention)
        rows = bucket.started(max(oldest, query.start), query.end)
        if search.simple:
            self._take_simply(taking, bucket, rows, now)
        elif not query.only_open:
            for key in bucket.keys[rows]:
                self._look(taking, search, key, now)
        before = place[1] * self._spans[place[0]] < query.start
        for row in bucket.outlasting(now if query.only_open else query.start) if before or query.only_open else ():
            start = bucket.starts[row]
            if not oldest <= start < (query.end if query.only_open else query.start):
                continue
            if search.simple and bucket.appears[row] <= now and bucket.settles[row] <= now:
                if bucket.ends[row] >= query.start:
                    taking.rows.append((start, bucket.keys[row]))
                continue
            self._look(taking, search, bucket.keys[row], now)

    def _take_simply(self, taking: _Taking, bucket: Bucket, rows: slice, now: int) -> None:
        """Those that began in the interval are found as soon as they appear."""
        found = zip(bucket.starts[rows], bucket.keys[rows], strict=True)
        if bucket.last <= now:
            taking.rows += found
            return
        for pair, appears in zip(found, bucket.appears[rows], strict=True):
            if appears <= now:
                taking.rows.append(pair)
            else:
                taking.changes.append((appears, pair[1]))

    def _look(self, taking: _Taking, search: Search, key: int, now: int) -> None:
        value, later = search.look(self.plan(key), now)
        if value is not None:
            taking.rows.append((value, key))
        if later != NEVER:
            taking.changes.append((later, key))

    def _remember(self, plan: Plan) -> Plan:
        self._plans[plan.key] = plan
        if len(self._plans) > _PLANS:
            self._plans.popitem(last=False)
        return plan
