"""Forty days without a process, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise

from producer import events
from producer.model.conversation import Agenda, ConversationState
from producer.model.instants import to_millis
from producer.model.reads import Read, ReadKind
from tests.support.build import page, raw, read_end
from tests.support.scripted_source import Item
from tests.support.virtual_time import LOOP_BEGAN, in_virtual_time
from tests.support.whole_lane import World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
AGES = (15 * MINUTE, 2 * HOUR, DAY, 8 * DAY)
OUTAGE = 40 * DAY
BORN = {"before": -HOUR, "in it": 20 * DAY, "long": -2 * HOUR}
"""When they begin, counted from the first start; `long` ends only in the outage."""


@in_virtual_time
async def test_after_forty_days_all_is_caught_up_oldest_first_and_what_was_open_is_known_to_have_ended() -> None:
    def content(name: str) -> int:
        return 2 if name == "long" and made.clock.now() > LOOP_BEGAN + 10 * DAY else 1

    def answer(read: Read) -> Iterable[Item]:
        now = made.clock.now()
        if read.ids:
            found = [raw(id=name, v=content(name)) for name in read.ids]
        else:
            assert read.slice is not None
            window = read.slice.window
            names = [name for name, born in BORN.items() if window.start <= LOOP_BEGAN + born < window.end]
            found = [raw(id=name, v=content(name)) for name in names]
        yield timedelta(milliseconds=300)
        yield page(*found, asked=now)
        yield read_end(pages=1)

    def open_ones(state: ConversationState, /, *, restoring: bool) -> Agenda:
        due = to_millis(made.clock.now() + MINUTE) if state.id == "long" else None
        return Agenda(due, None, open=state.id == "long")

    made = World(answer=answer)
    made.configured(ages=AGES, capture_start=LOOP_BEGAN - 12 * HOUR)
    made.sink.plan = open_ones
    await made.run(10 * MINUTE.total_seconds())
    left_at = made.sink.checkpoints["default"].coverage.watermarks[0]

    await asyncio.sleep(OUTAGE.total_seconds())
    began = len(made.source.reads)
    await made.run(2 * HOUR.total_seconds())

    coverage, now = made.sink.checkpoints["default"].coverage, made.clock.now()
    assert made.contents() == {"before": [1], "in it": [1], "long": [1, 2]}
    assert coverage.holes == ()
    assert coverage.uncovered(now - 2 * MINUTE) == timedelta(0)
    assert coverage.complete_to(len(AGES)) >= now - 9 * DAY - HOUR
    head = [each.slice.window for each in made.source.reads[began:] if each.kind is ReadKind.HEAD and each.slice]
    assert head[0].start <= left_at
    assert all(before.start <= after.start <= before.end for before, after in pairwise(head))  # oldest first, no gap
    assert max(window.length for window in head) <= HOUR + 5 * MINUTE
    told = [event for event in made.happened(events.CoverageMeasured) if isinstance(event, events.CoverageMeasured)]
    assert max(event.uncovered for event in told) > 39 * DAY
    assert told[-1].uncovered < 2 * MINUTE
