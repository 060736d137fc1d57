"""Conversations that were sent without a name: once it is known they are read again, and go out with it.

Most need no request for it: the head reads its overlap again and again, and finds their names there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from producer.flow.behind import Chore
from producer.flow.naming import Naming
from producer.model.reads import Due, ReadKind
from producer.planning.watch import IDS_AT_ONCE
from producer.ports import Clock, Sink

LOOK_EVERY = timedelta(minutes=5)
"""How often they are looked through, at most, and first after a start: the head comes first."""
_SEEN_AT_ONCE = 1_000


@dataclass(slots=True, kw_only=True)
class Nameless:
    """The chore of one source. The state: how far a look has come (None: there is none), when it began, and after how
    much news.
    """

    name: str
    sink: Sink
    clock: Clock
    naming: Naming
    _mark: str | None = None
    _began: datetime | None = None
    _news: int = -1

    def next(self) -> Chore | None:
        """Those whose name is known by now, a hundred at a time.

        All are looked through whenever there is news of names; what is still unknown is wanted thereby.
        """
        now = self.clock.now()
        after = self._mark if self._mark is not None else self._begin(now)
        if after is None:
            return None
        states = self.sink.nameless(self.name, after, _SEEN_AT_ONCE)
        there = [each for each in states if not each.absent_reads]  # what is not there is not asked for its name
        named = [each.id for each in there if self.naming.ripe(each.names_missing, each.names_told)]
        asked = tuple(named[:IDS_AT_ONCE])
        more = len(states) == _SEEN_AT_ONCE or len(named) > len(asked)
        reached = (asked[-1] if len(named) > len(asked) else states[-1].id) if more else None

        def move() -> None:
            self._mark = reached

        reads = (Due(kind=ReadKind.WATCH, ids=asked, covers=False),) if asked else ()
        return Chore(reads=reads, after=move, more=False)  # one step with each poll: nothing is urgent

    def _begin(self, now: datetime) -> str | None:
        """Where a new look begins; None when there is no reason for one."""
        self._began = self._began or now
        news = self.naming.directory.news
        if now - self._began < LOOK_EVERY or self._news == news:
            return None
        self._mark, self._began, self._news = "", now, news
        return self._mark
