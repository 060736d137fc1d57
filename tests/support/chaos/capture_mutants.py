"""The product broken on purpose, each in one way that makes capture incomplete; the judge must find every one out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace as but

from producer import app
from producer.flow import chores, reader
from producer.flow.behind import Chore
from producer.flow.chores import Chores
from producer.genesys.source import GenesysSource
from producer.model.conversation import ConversationState
from producer.model.coverage import Coverage
from producer.model.instants import DAY, Millis, to_millis
from producer.model.outcome import Outcome, Sighting
from producer.model.reads import Page, RawConversation, Read, ReadKind
from producer.model.windows import Interval, Slice
from producer.planning.head import HeadPolicy
from producer.planning.watch import WatchPolicy
from producer.transform import revision
from producer.transform import split as splitting
from producer.transform.revision import Comparison, Known
from tests.support.chaos.taps import Taps, exchange

LATE_SECONDS = 2.5
FORGOTTEN_AFTER = timedelta(minutes=2)


def without_watch(_taps: Taps) -> None:
    """Nothing is asked for by id, but what the first start adopts is read."""

    def ask_by_id(asking: Chores) -> Chore | None:
        return None if asking.checkpoint().adoption_done else ask(asking)

    ask = exchange(Chores, "ask_by_id", ask_by_id)


def without_rereads(_taps: Taps) -> None:
    """No window is read a second time."""
    exchange(chores, "plan_rereads", lambda *_: None)


def without_overlap(_taps: Taps) -> None:
    """The head goes on exactly where it stopped."""

    def plan_head(coverage: Coverage, now: datetime, policy: HeadPolicy) -> tuple[Slice, ...]:
        slices: tuple[Slice, ...] = plan(coverage, now, replace(policy, overlap=timedelta(0)))
        return slices

    plan = exchange(reader, "plan_head", plan_head)


def without_fingerprint(_taps: Taps) -> None:
    """Nobody remembers what the content was: whatever is read is new."""
    exchange(splitting, "raw_hash", lambda _: os.urandom(16))
    exchange(revision, "fingerprint", lambda _: os.urandom(16))


def without_as_of_order(taps: Taps) -> None:
    """An answer that comes late is believed, whatever was read since it was asked for."""
    late_rereads(taps)
    _as_if_known(lambda state: but(state, as_of=Millis(0), hints=None))


def without_adoption(_taps: Taps) -> None:
    """The first start looks for nothing that is open."""
    exchange(chores, "adoption", lambda *_: ())


def evicted_by_clock(_taps: Taps) -> None:
    """What ended is forgotten after two minutes, whether or not it will be read again."""

    def may_forget(state: ConversationState, _coverage: Coverage, now: datetime, _policy: WatchPolicy) -> bool:
        return state.ended and state.as_of < to_millis(now - FORGOTTEN_AFTER)

    for where in (app, chores):
        exchange(where, "may_forget", may_forget)
    exchange(chores, "forgettable_before", lambda _coverage, now: to_millis(now) // DAY + 40)


def checkpoint_over_a_hole(_taps: Taps) -> None:
    """A window that could not be read counts as covered."""

    def failed(coverage: Coverage, interval: Interval, tier: int, _reason: str, _at: datetime) -> Coverage:
        return coverage.covered(interval, tier)

    exchange(Coverage, "failed", failed)


def late_rereads(_taps: Taps) -> None:
    """No mutant, but bad luck: what re-reads are answered comes late."""

    async def read_late(source: GenesysSource, read: Read) -> AsyncGenerator[Any, None]:
        async with aclosing(read_on(source, read)) as answers:
            async for answer in answers:
                if read.kind is ReadKind.REREAD and isinstance(answer, Page):
                    await asyncio.sleep(LATE_SECONDS)
                yield answer

    read_on = exchange(GenesysSource, "read", read_late)


CAPTURE_MUTANTS: Mapping[str, Callable[[Taps], None]] = MappingProxyType(
    {
        each.__name__: each
        for each in (
            without_watch,
            without_rereads,
            without_overlap,
            without_fingerprint,
            without_as_of_order,
            without_adoption,
            evicted_by_clock,
            checkpoint_over_a_hole,
            late_rereads,
        )
    }
)


def _as_if_known(as_if: Callable[[ConversationState], ConversationState]) -> None:
    """The comparison remembers something else of every conversation."""

    def compared(comparison: Comparison, raw: RawConversation, known: Known, sighting: Sighting) -> Outcome:
        def misremembered(identifier: str) -> ConversationState | None:
            state = known(identifier)
            return None if state is None else as_if(state)

        outcome: Outcome = compare(comparison, raw, misremembered, sighting)
        return outcome

    compare = exchange(Comparison, "__call__", compared)
