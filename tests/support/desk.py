"""A reader at a desk of its own: what it does in words, what is committed, and a source that is scripted."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from producer import events
from producer.assembly.batch import Assembly
from producer.flow.reader import Reader, ReadPolicy
from producer.flow.reading import Readings
from producer.model import steps
from producer.model.batch import Receipt
from producer.model.checkpoint import Checkpoint
from producer.model.reads import Read
from producer.model.windows import Slice
from producer.planning.head import HeadPolicy
from tests.support.build import read_end, told
from tests.support.lane import SOURCE, assembly, checkpoint, counted
from tests.support.scripted_source import Item, ScriptedSource
from tests.support.virtual_time import LoopClock

POLICY = ReadPolicy(
    head=HeadPolicy(head_lag=timedelta(seconds=30), overlap=timedelta(minutes=5), catch_up_slice=timedelta(hours=1)),
    poll_interval=timedelta(seconds=15),
    budget=125.0,
    head_share=0.8,
)


def of(part: Slice) -> str:
    cuts = [cut.value for cut in (part.ended, part.direction) if cut]
    return " ".join([told(part.window), *cuts])


def telling(step: steps.Step) -> str:
    """A step in a few words."""
    match step:
        case steps.Started(read=read):
            story = f"started {of(read.slice)}" if read.slice else "started"
        case steps.Arrived(page=arrived):
            story = f"page {arrived.number}: {' '.join(each.id or '?' for each in arrived.conversations)}"
        case steps.Parted(split=split):
            story = f"parted into {len(split.parts)}"
        case steps.Ended(covers=covers):
            story = f"ended, covers {told(covers)}" if covers else "ended"
        case steps.Failed(error=error, misses=misses):
            story = f"failed {type(error).__name__}" + (f", misses {told(misses)}" if misses else "")
        case steps.Settled(window=whole, reason=reason):
            story = f"settled {told(whole)}" + (f", {reason}" if reason else "")
        case steps.Identified(organisation_id=organisation):
            story = f"identified {organisation}"
        case _:
            raise AssertionError(step)
    return story


@dataclass(slots=True, kw_only=True)
class Desk:
    """A reader at work: its steps are taken by an assembly and committed whenever it waits for that."""

    answer: Callable[[Read], Iterable[Item]]
    stands: Checkpoint = field(default_factory=lambda: checkpoint("09:59"))
    expected: str | None = None
    organisations: deque[str | Exception | None] = field(default_factory=lambda: deque([None]))
    clock: LoopClock = field(default_factory=LoopClock)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    story: list[str] = field(default_factory=list)
    events: list[events.Event] = field(default_factory=list)
    commits: int = 0
    source: ScriptedSource = field(init=False)
    made: Assembly = field(init=False)

    def __post_init__(self) -> None:
        self.source = ScriptedSource(clock=self.clock, answer=self.answer, organisations=self.organisations)
        self.made = assembly(self.stands)

    async def put(self, step: steps.Step) -> None:
        self.story.append(telling(step))
        self.made.take(step, self.clock.now())

    async def settled(self) -> None:
        batch = self.made.build(self.clock.now())
        receipt = Receipt(offsets=(), committed_at=self.clock.now(), took=timedelta(0), records=0)
        self.made.committed(batch, receipt, self.clock.now())
        self.commits += 1

    async def run(self, seconds: float) -> list[str]:
        """Let it read for so long, then stop it; returns the story."""
        asyncio.get_running_loop().call_later(seconds, self.stop.set)
        reader = Reader(
            name=SOURCE,
            source=self.source,
            clock=self.clock,
            observe=self.events.append,
            policy=POLICY,
            readings=Readings(
                name=SOURCE,
                source=self.source,
                clock=self.clock,
                observe=self.events.append,
                new_id=counted("r"),
                put=self.put,
            ),
            chores=(),
            checkpoint=lambda: self.made.checkpoint,
            put=self.put,
            settled=self.settled,
            expected_organisation=self.expected,
        )
        await reader.run(self.stop)
        assert self.source.closed == len(self.source.reads)
        return self.story


def empty(read: Read) -> Iterable[Item]:
    return [read_end(pages=0)]


def started_at(desk: Desk) -> list[str]:
    return [told(read.slice.window) for read in desk.source.reads if read.slice]
