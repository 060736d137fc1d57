"""A lane from end to end in memory: a scripted organisation, a sink that may fail, virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from producer import events
from producer.assembly.batch import AssemblyTools, BatchBounds
from producer.flow.reader import ReadPolicy
from producer.model.batch import Restored, Topic
from producer.model.reads import Read, ReadKind
from producer.pipeline import Lane, LanePolicy
from producer.planning.head import HeadPolicy
from producer.planning.watch import WatchPolicy
from producer.ports import Courier
from producer.webhook.payload import Firing, of_audit
from tests.support.build import page, raw, read_end
from tests.support.lane import SOURCE, audit_of, counted, tools, values
from tests.support.memory_sink import MemorySink
from tests.support.scripted_source import Item, ScriptedSource
from tests.support.virtual_time import LOOP_BEGAN, LoopClock

POLICY = LanePolicy(
    capture_start=None,
    ages=(),
    watch=WatchPolicy(adopt=timedelta(0)),
    shares={ReadKind.HEAD: 0.8},
    reads=ReadPolicy(
        head=HeadPolicy(
            head_lag=timedelta(seconds=30), overlap=timedelta(minutes=5), catch_up_slice=timedelta(hours=1)
        ),
        poll_interval=timedelta(seconds=15),
        budget=125.0,
        head_share=0.8,
    ),
    bounds=BatchBounds(records=1_000, size=1_000_000),
    linger=timedelta(seconds=1),
    grace=timedelta(seconds=10),
    expected_organisation=None,
    config_digest="digest-1",
)
_PAGE_SIZE = 3


def nothing(read: Read) -> Iterable[Item]:
    return [read_end(pages=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A conversation: when it starts, and after how long it changes, each time to a content of its own."""

    name: str
    start: timedelta
    changes: tuple[timedelta, ...] = ()

    def content(self, now: datetime) -> int:
        return 1 + sum(LOOP_BEGAN + self.start + after <= now for after in self.changes)


def organisation(lives: Iterable[Life], clock: LoopClock) -> Callable[[Read], Iterable[Item]]:
    """Answers with the conversations that began in the window, as they are now, a few on a page."""

    def answer(read: Read) -> Iterable[Item]:
        assert read.slice is not None
        now, window = clock.now(), read.slice.window
        begun = [life for life in lives if window.start <= LOOP_BEGAN + life.start < min(window.end, now)]
        found = [raw(id=life.name, v=life.content(now)) for life in begun]
        for first in range(0, len(found), _PAGE_SIZE):
            yield page(*found[first : first + _PAGE_SIZE], number=first // _PAGE_SIZE + 1, asked=now)
        yield read_end(pages=-(-len(found) // _PAGE_SIZE), unique=len(found))

    return answer


@dataclass(slots=True, kw_only=True)
class World:
    """One sink and as many successive processes over it as a test starts; `observed` is of all of them."""

    answer: Callable[[Read], Iterable[Item]] = nothing
    policy: LanePolicy = POLICY
    clock: LoopClock = field(default_factory=LoopClock)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    observed: list[events.Event] = field(default_factory=list)
    sink: MemorySink = field(init=False)
    source: ScriptedSource = field(init=False)
    new_id: Callable[[], str] = field(default_factory=lambda: counted("r"))
    new_audit_id: Callable[[], str] = field(default_factory=lambda: counted("a"))
    fires: tuple[Firing, ...] = ()
    courier: Callable[[], Courier] | None = None

    def __post_init__(self) -> None:
        self.sink = MemorySink(clock=self.clock)
        self.source = ScriptedSource(clock=self.clock, answer=self.answer)

    def tools(self, restored: Restored) -> AssemblyTools:
        return replace(
            tools(self.sink.known, restored.max_record_bytes),
            new_id=self.new_audit_id,
            deliver=lambda event: of_audit(event, self.fires),
        )

    def process(self, details: Mapping[str, Any] | None = None) -> Lane:
        """A process that begins anew, with nothing but what is on the topics."""
        return Lane(
            name=SOURCE,
            source=self.source,
            sink=self.sink,
            clock=self.clock,
            real_clock=self.clock,
            observe=self.observed.append,
            policy=self.policy,
            tools=self.tools,
            new_id=self.new_id,
            started_details=details or {},
            courier=self.courier,
        )

    async def run(self, seconds: float) -> None:
        """A process that is told to stop after so long, and ends."""
        self.stop = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, self.stop.set)
        await self.process().run(self.stop)

    def configured(self, **changes: Any) -> None:
        self.policy = replace(self.policy, **changes)

    @property
    def trail(self) -> list[str]:
        return audit_of(record for batch in self.sink.batches for record in batch.records)

    def happened(self, *kinds: type[events.Event]) -> list[events.Event]:
        return [event for event in self.observed if isinstance(event, kinds)]

    def contents(self) -> dict[str, list[int]]:
        """What a consumer saw of every conversation, in order."""
        seen: dict[str, list[int]] = {}
        for each in values(self.sink.records(Topic.CONVERSATIONS), Topic.CONVERSATIONS):
            seen.setdefault(each["id"], []).append(each["v"])
        return seen
