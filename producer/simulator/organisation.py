"""The organisation: what it shows of its conversations at an instant, page by page or by id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import NamedTuple

import orjson

from producer.simulator import identity
from producer.simulator.contents import Contents
from producer.simulator.cursors import Place
from producer.simulator.directory import Directory
from producer.simulator.index import Index
from producer.simulator.options import SimulatorOptions
from producer.simulator.population import STREAMS, Plan, Population
from producer.simulator.query import Query


class Row(NamedTuple):
    """A conversation in the state with index `number`, as it is served."""

    key: int
    number: int
    content: bytes


class Page(NamedTuple):
    """Rows of a page, and how many conversations match, roughly."""

    rows: list[Row]
    total_hits: int


class Organisation:
    """All conversations of one seed. Instants are UTC milliseconds of its clock."""

    def __init__(self, options: SimulatorOptions) -> None:
        self.seed = options.seed
        self.directory = Directory(options.seed, queues=options.queues, unlisted=options.unlisted)
        self.population = Population(options)
        self._retention = options.retention
        self._contents = Contents(options, self.directory)
        self._index = Index(options, self.population)
        self._misjudged = options.total_hits_error_probability
        self._dice = Random(identity.spread(options.seed, "hits"))

    async def page(self, query: Query, now: int, *, stale: bool = False) -> Page:
        """A page of a search. `stale` shows every conversation in its state before the present one, if there is one."""
        found = await self._index.search(query, now, lambda plan, count: self._passes(query, plan, count))
        keys = found.page(query.first, query.page_size)
        rows = [row for key in keys if (row := self._row(self._index.plan(key), now, stale=stale))]
        return Page(rows, self._roughly(len(found)))

    async def flat_page(
        self, query: Query, begin: Place, size: int, now: int, *, stale: bool = False
    ) -> tuple[list[Row], Place | None]:
        """The flat conversations of a search behind a place, and where the next page begins; None behind the last."""

        def chosen(plan: Plan, count: int) -> bool:
            """Whether the filters take it."""
            return query.filters.accept(orjson.loads(self._contents.json(plan, count, flat=True)))

        found = await self._index.search(query, now, chosen)
        keys = found.behind(*begin, size + 1)
        plans = [self._index.plan(key) for key in keys[:size]]
        rows = [row for plan in plans if (row := self._row(plan, now, stale=stale, flat=True))]
        return rows, Place(plans[-1].start, plans[-1].key) if len(keys) > size else None

    def by_id(self, identifiers: Iterable[str], now: int, *, stale: bool = False, flat: bool = False) -> list[Row]:
        """The conversations among those ids that are visible, in the order asked for."""
        rows = []
        for identifier in dict.fromkeys(identifiers):
            plan = self.find(identifier)
            if (
                plan is not None
                and self._index.retained(plan, now)
                and (row := self._row(plan, now, stale=stale, flat=flat))
            ):
                rows.append(row)
        return rows

    def find(self, identifier: str) -> Plan | None:
        """The plan behind an id, visible or not."""
        key = identity.key_of(self.seed, identifier)
        return None if key is None else self._index.find(key)

    def identifier(self, key: int) -> str:
        """The id of a key."""
        return identity.conversation_id(self.seed, key)

    def content(self, plan: Plan, number: int, *, flat: bool = False) -> bytes:
        """The JSON of the state with index `number`."""
        return self._contents.json(plan, number + 1, flat=flat)

    def appearing(self, since: int, until: int, open_at: int | None = None) -> Iterator[Plan]:
        """The conversations whose first state becomes visible in [since, until), in no order.

        With `open_at` only those that look open at that instant: of most streams only the last hours are made for it.
        """
        for number, stream in enumerate(STREAMS):
            earliest = since - self.population.longest_delay - 1
            if open_at is not None:
                earliest = max(earliest, open_at - self.population.reach(stream))
            for bucket in range(earliest // stream.bucket, (until - 1) // stream.bucket + 1):
                for plan in self.population.plans(number, bucket):
                    if since <= plan.states[0].visible_at < until and (open_at is None or _looks_open(plan, open_at)):
                        yield plan

    def _row(self, plan: Plan, now: int, *, stale: bool, flat: bool = False) -> Row | None:
        count = plan.visible(now)
        if stale and count > 1:
            count -= 1
        return Row(plan.key, count - 1, self._contents.json(plan, count, flat=flat)) if count else None

    def _passes(self, query: Query, plan: Plan, count: int) -> bool:
        return query.filters.accept(orjson.loads(self._contents.json(plan, count)))

    def _roughly(self, hits: int) -> int:
        """`totalHits` is approximate: now and then it is off by up to a hundredth."""
        if hits == 0 or self._dice.random() >= self._misjudged:
            return hits
        return max(1, hits + self._dice.choice((-1, 1)) * (1 + self._dice.randrange(1 + hits // 100)))


def _looks_open(plan: Plan, at: int) -> bool:
    count = plan.visible(at)
    return count > 0 and plan.states[count - 1].end is None
