"""A search that stays right while time flies: it changes by the conversations that change, and is never made anew.

It holds what was found in the order asked for, and for every conversation that may still come, go or move the instant
at which it may. Going on to a later instant looks at those whose instant has come, and at nothing else.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable

from producer.simulator.population import Plan
from producer.simulator.query import Query

NEVER = 1 << 62
Judge = Callable[[Plan, int], bool]
"""Whether a conversation passes the filters with so many of its states visible."""


class Search:
    """What a query finds at the instant `at`. Instants are UTC milliseconds."""

    def __init__(self, query: Query, judge: Judge, at: int) -> None:
        self.query = query
        self.at = at
        self._judge = judge
        self._by_end = query.order_by in ("conversationEnd", "segmentEnd")
        self._values = array("q")
        self._keys = array("q")
        self._placed: dict[int, int] = {}
        """Where each one is, when they are ordered by what can change."""
        self._changes: list[tuple[int, int]] = []
        """A heap: when a conversation may change its place, and its key."""

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def weight(self) -> int:
        """How much memory it takes, in rows."""
        return len(self._keys) + 8 * (len(self._changes) + len(self._placed)) + 100

    @property
    def keys(self) -> array[int]:
        """All that was found, in the order asked for."""
        return self.page(0, len(self._keys))

    @property
    def until(self) -> int:
        """Nothing changes before this instant but by conversations that begin."""
        return self._changes[0][0] if self._changes else NEVER

    @property
    def simple(self) -> bool:
        """Whether one that began in the interval is found for good as soon as it is visible, ordered by its start."""
        return not self.query.filters.any and not self._by_end

    def page(self, first: int, size: int) -> array[int]:
        """The keys from a place on."""
        if self.query.order != "desc":
            return self._keys[first : first + size]
        last = len(self._keys) - first
        return self._keys[max(0, last - size) : max(0, last)][::-1]

    def behind(self, start: int, key: int, most: int) -> array[int]:
        """The keys behind a conversation, of a search in ascending order of the start."""
        place = self._place(start, key)
        there = place < len(self._keys) and self._keys[place] == key
        return self._keys[place + there : place + there + most]

    def fill(self, rows: Iterable[tuple[int, int]], changes: Iterable[tuple[int, int]]) -> None:
        """Take in values with their keys, and instants with keys, of conversations that are not in there yet."""
        pairs = sorted([*zip(self._values, self._keys, strict=True), *rows])
        self._values = array("q", [value for value, _ in pairs])
        self._keys = array("q", [key for _, key in pairs])
        if self._by_end:
            self._placed = {key: value for value, key in pairs}
        self._changes += changes
        heapq.heapify(self._changes)

    def look(self, plan: Plan, now: int) -> tuple[int | None, int]:
        """What the conversation is ordered by, None when it is not found; and when that may be otherwise."""
        count = plan.visible(now)
        later = plan.states[count].visible_at if count < len(plan.states) else NEVER
        if not count:
            return None, later
        end = plan.states[count - 1].end
        if end is None and now < self.query.start:
            return None, min(later, self.query.start)
        if (end is not None and end < self.query.start) or not (self.simple or self._passes(plan, count)):
            return None, later
        if self._by_end:
            return NEVER if end is None else end, later
        return plan.start, NEVER if self.simple and plan.start >= self.query.start else later

    def go_on(self, now: int, plan_of: Callable[[int], Plan]) -> None:
        """Apply every change until `now`, included."""
        changed = set()
        while self._changes and self._changes[0][0] <= now:
            changed.add(heapq.heappop(self._changes)[1])
        for key in changed:
            plan = plan_of(key)
            value, later = self.look(plan, now)
            self._move(key, self._placed.get(key, NEVER) if self._by_end else plan.start, value)
            if later != NEVER:
                heapq.heappush(self._changes, (later, key))
        self.at = max(self.at, now)

    def _passes(self, plan: Plan, count: int) -> bool:
        return not self.query.filters.any or self._judge(plan, count)

    def _move(self, key: int, before: int, value: int | None) -> None:
        place = self._place(before, key)
        there = place < len(self._keys) and self._keys[place] == key
        if there and value == before:
            return
        if there:
            del self._values[place], self._keys[place]
            self._placed.pop(key, None)
        if value is not None:
            place = self._place(value, key)
            self._values.insert(place, value)
            self._keys.insert(place, key)
            if self._by_end:
                self._placed[key] = value

    def _place(self, value: int, key: int) -> int:
        """Where the pair is, or would be: by value, then by key."""
        place = bisect_left(self._values, value)
        if place < len(self._values) and self._values[place] == value:
            same = bisect_left(self._values, value + 1, place)
            place = bisect_left(self._keys, key, place, same)
        return place
