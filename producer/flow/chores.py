"""What is due behind the head, from committed coverage and from what is remembered of conversations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from producer.flow.behind import Chore
from producer.model import steps
from producer.model.batch import Mark
from producer.model.checkpoint import Checkpoint
from producer.model.instants import to_millis
from producer.model.reads import Due, ReadKind
from producer.planning.rereads import plan_hole, plan_rereads
from producer.planning.watch import IDS_AT_ONCE, WatchPolicy, adoption, forgettable_before, may_forget
from producer.ports import Clock, Sink

ADOPT_AGAIN = timedelta(minutes=5)
"""How long a look for open conversations that failed waits."""


@dataclass(slots=True, kw_only=True)
class Chores:
    """The chores of one source. `longest` bounds the windows of what is late. The state: how far it has forgotten,
    and when it last looked for what is open.
    """

    name: str
    sink: Sink
    clock: Clock
    checkpoint: Callable[[], Checkpoint]
    watch: WatchPolicy
    longest: timedelta
    forgotten_at_once: int = 1_000
    _mark: Mark | None = None
    _adopted_at: datetime | None = None

    def ask_by_id(self) -> Chore | None:
        """At the first start all that is open; then the conversations whose turn it is, the oldest due first."""
        if not self.watch.by_id:
            return None
        now = self.clock.now()
        wanted = bool(self.watch.adopt) and not self.checkpoint().adoption_done
        if wanted and (self._adopted_at is None or now - self._adopted_at >= ADOPT_AGAIN):
            self._adopted_at = now  # should it fail again and again, those that are known are asked for all the same
            return Chore(reads=adoption(now, self.watch), then=steps.Adopted(at=now))
        ids = tuple(self.sink.due(self.name, to_millis(now), IDS_AT_ONCE))
        if not ids:
            return None
        due = Due(kind=ReadKind.WATCH, ids=ids, covers=False)
        many = len(ids) == IDS_AT_ONCE  # a few are not worth a call of their own: more will be due with the next look
        return Chore(reads=(due,), after=lambda: self.sink.asked(self.name, ids), more=many)

    def read_again(self) -> Chore | None:
        """A hole whose turn it is; else the window that has come to its age; else history."""
        coverage, now = self.checkpoint().coverage, self.clock.now()
        hole = plan_hole(coverage, now, self.longest)
        due = hole
        if hole is None or hole.kind is ReadKind.BACKFILL:
            due = plan_rereads(coverage, now, self.longest) or hole
        return Chore(reads=(due,)) if due else None

    def forget(self) -> Chore | None:
        """Conversations that no read can return any more. What a hole holds back is passed over until next time."""
        coverage, now = self.checkpoint().coverage, self.clock.now()
        before = forgettable_before(coverage, now)
        marks = self.sink.forgettable(self.name, before, self._mark, self.forgotten_at_once)
        self._mark = marks[-1] if marks else None
        if not marks:
            return None
        states = self.sink.known(self.name, [mark.id for mark in marks])
        ids = [each for each, state in states.items() if may_forget(state, coverage, now, self.watch)]
        # what is held back is looked through page by page, one with each look
        return Chore(then=steps.Forgotten(ids=tuple(ids)) if ids else None, more=bool(ids))
