"""Looking up names beside everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from producer import errors, events
from producer.flow import naming
from producer.flow.naming import Naming
from producer.model.names import NameKey, NameKind
from producer.planning.names import Directory, DirectoryPolicy
from tests.support.virtual_time import LOOP_BEGAN, LoopClock, in_virtual_time

SPACING = timedelta(seconds=12)
MINUTE = timedelta(minutes=1)
QUEUE, WRAP_UP, *_ = NameKind

Answer = Callable[[NameKind, Sequence[str]], Mapping[str, str]]


@dataclass
class World:
    """A directory that is kept, and an organisation that answers as the test says; a look-up takes a second."""

    answer: Answer = lambda _kind, ids: {each: f"name of {each}" for each in ids}
    clock: LoopClock = field(default_factory=LoopClock)
    observed: list[events.Event] = field(default_factory=list)
    asked: list[tuple[int, str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.directory = Directory(DirectoryPolicy(spacing=SPACING))
        self.naming = Naming(
            name="default", source=self, clock=self.clock, observe=self.observed.append, directory=self.directory
        )

    async def names(self, kind: NameKind, ids: Sequence[str]) -> Mapping[str, str]:
        self.asked.append((self.seconds(), kind.value, len(ids)))
        await asyncio.sleep(1)
        return self.answer(kind, ids)

    def seconds(self) -> int:
        return round((self.clock.now() - LOOP_BEGAN).total_seconds())

    def find(self, ids: Iterable[object], kind: NameKind = QUEUE) -> list[str | None]:
        return [self.naming.name_of(NameKey(kind, str(each)).text) for each in ids]

    async def run(self, seconds: float, *, identified: bool = True) -> None:
        is_identified, stop = asyncio.Event(), asyncio.Event()
        if identified:
            is_identified.set()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(self.naming.run(is_identified, stop))
            await asyncio.sleep(seconds)
            stop.set()
            is_identified.set()
            await running

    def told(self, *kinds: type[events.Event]) -> list[events.Event]:
        return [event for event in self.observed if isinstance(event, kinds)]


@in_virtual_time
async def test_what_is_wanted_is_looked_up_at_most_as_often_as_the_share_allows() -> None:
    world = World()
    world.find(range(250))
    world.find(["w"], WRAP_UP)
    await world.run(60)
    assert world.asked == [(0, "queue", 100), (1, "wrapup", 1), (26, "queue", 100), (39, "queue", 50)]
    assert world.find([0, 249]) == ["name of 0", "name of 249"]
    assert world.told(events.NamesMeasured)[-1] == events.NamesMeasured(
        source="default", known=251, unknown=0, wanted=0
    )


@in_virtual_time
async def test_nothing_is_looked_up_of_an_organisation_that_may_be_the_wrong_one() -> None:
    world = World()
    world.find(range(3))
    await world.run(60, identified=False)
    assert world.asked == []


@in_virtual_time
async def test_a_missing_permission_is_told_waited_out_and_no_reason_for_the_other_kind() -> None:
    def answer(kind: NameKind, ids: Sequence[str]) -> Mapping[str, str]:
        if kind is QUEUE and world.seconds() < 100:
            raise errors.PermissionMissing("403: routing:queue:view", code="403", correlation_id="c-1")
        return dict.fromkeys(ids, "named")

    world = World(answer)
    world.find(["q"])
    world.find(["w"], WRAP_UP)
    await world.run(10)
    assert (world.find(["q"]), world.find(["w"], WRAP_UP)) == ([None], ["named"])
    await world.run(400)
    assert world.find(["q"]) == ["named"]
    waits = [event.wait for event in world.observed if isinstance(event, events.NamesUnavailable)]
    assert waits == [MINUTE, 2 * MINUTE]
    assert world.told(events.NamesUnavailable)[0] == events.NamesUnavailable(
        source="default",
        kind="queue",
        reason="PermissionMissing",
        message="403: routing:queue:view",
        what_to_do=errors.PermissionMissing.what_to_do,
        wait=MINUTE,
        correlation_id="c-1",
    )
    assert world.told(events.NamesAvailable) == [events.NamesAvailable(source="default", kind="queue")]


@in_virtual_time
async def test_a_refused_look_up_is_made_in_halves() -> None:
    def answer(_kind: NameKind, ids: Sequence[str]) -> Mapping[str, str]:
        if "2" in ids:
            raise errors.WindowRefused("400", code="bad.request")
        return dict.fromkeys(ids, "named")

    world = World(answer)
    world.find(range(4))
    await world.run(200)
    assert [count for _, _, count in world.asked] == [4, 2, 2, 1, 1]
    assert world.find(range(4)) == ["named", "named", None, "named"]
    assert world.told(events.NamesUnavailable, events.NamesAvailable) == []


@in_virtual_time
async def test_one_id_that_is_refused_again_and_again_says_nothing_of_the_directory() -> None:
    def answer(_kind: NameKind, ids: Sequence[str]) -> Mapping[str, str]:
        if "2" in ids:
            raise errors.WindowRefused("400", code="bad.request")
        return dict.fromkeys(ids, "named")

    world = World(answer)
    for _ in range(60):
        world.find(range(4))
        await world.run(60)
    assert len([count for _, _, count in world.asked if count == 1]) > 4
    assert world.told(events.NamesUnavailable, events.NamesAvailable) == []


@in_virtual_time
async def test_a_directory_that_refuses_whatever_it_is_asked_is_told_and_asked_less_and_less() -> None:
    def answer(_kind: NameKind, ids: Sequence[str]) -> Mapping[str, str]:
        if world.seconds() < 600:
            raise errors.WindowRefused("400", code="bad.request", correlation_id="c-1")
        return dict.fromkeys(ids, "named")

    world = World(answer)
    world.find(range(20))
    await world.run(1_200)
    told = world.told(events.NamesUnavailable, events.NamesAvailable)
    waits = [event.wait.total_seconds() for event in told if isinstance(event, events.NamesUnavailable)]
    assert waits == [5, 10, 20, 40, 80, 160, 300]
    assert getattr(told[0], "what_to_do", None) == naming._WHEN_REFUSED
    assert told[len(waits) :] == [events.NamesAvailable(source="default", kind="queue")]
    world.find(range(20))  # what was refused is asked for at its next use
    await world.run(60)
    assert None not in world.find(range(20))


@in_virtual_time
async def test_a_stop_does_not_wait_for_a_look_up() -> None:
    world = World()
    world.find(["q"])
    await world.run(0.5)
    assert (world.seconds(), world.find(["q"])) == (0, [None])


@in_virtual_time
async def test_where_there_is_no_directory_at_all_it_is_asked_for_less_and_less() -> None:
    def answer(_kind: NameKind, _ids: Sequence[str]) -> Mapping[str, str]:
        raise errors.SourceUnavailable("404: nothing is at this address", code="404")

    world = World(answer)
    world.find(["q"])
    await world.run(3_600)
    waits = [event.wait.total_seconds() for event in world.observed if isinstance(event, events.NamesUnavailable)]
    assert waits[:8] == [5, 10, 20, 40, 80, 160, 300, 300]
    assert len(world.asked) < 20
