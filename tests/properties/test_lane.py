"""A lane through outages of the API and of Kafka, kills and restarts: nothing lost, doubled or out of order.

Times are seconds of virtual time. Whatever went wrong is over at the end, and a last process then reads in peace.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from producer import errors
from producer.model.batch import Topic
from producer.model.reads import Read
from tests.support.lane import announced, delivered, values
from tests.support.memory_sink import Failing
from tests.support.scripted_source import Item
from tests.support.virtual_time import LOOP_BEGAN, VirtualLoop
from tests.support.whole_lane import Life, World, organisation

TROUBLE = 90  # seconds during which things go wrong and conversations begin
CHANGING = 60  # seconds after its start during which a conversation changes
PEACE = 100


def seconds_up_to(most: int) -> st.SearchStrategy[timedelta]:
    return st.integers(0, most).map(lambda seconds: timedelta(seconds=seconds))


lives = st.lists(
    st.tuples(seconds_up_to(TROUBLE), st.lists(seconds_up_to(CHANGING), max_size=2)), min_size=1, max_size=8
).map(
    lambda all_: [
        Life(name=f"c{number}", start=start, changes=tuple(changes)) for number, (start, changes) in enumerate(all_)
    ]
)
DOWN = errors.SinkUnavailable("down")
commits = st.lists(st.sampled_from([None, None, Failing(error=DOWN), Failing(error=DOWN, applied=True)]), max_size=10)
outages = st.lists(st.tuples(st.integers(0, TROUBLE), st.integers(0, 30)), max_size=3)
kills = st.lists(st.floats(0, TROUBLE, allow_nan=False), max_size=3).map(sorted)


@settings(max_examples=60, deadline=None)
@given(lives, commits, outages, kills)
def test_nothing_is_lost_doubled_or_out_of_order_whatever_fails(
    population: list[Life],
    failing: list[Failing | None],
    down: list[tuple[int, int]],
    killed: list[float],
) -> None:
    world = World()
    world.configured(capture_start=LOOP_BEGAN)
    world.sink.commits.extend(failing)
    in_peace = organisation(population, world.clock)

    def answer(read: Read) -> Iterable[Item]:
        now = asyncio.get_running_loop().time()
        if not any(begin <= now < begin + length for begin, length in down):
            yield from in_peace(read)
            return
        for item in list(in_peace(read))[:1]:  # the first page still comes, then the API is down
            yield item
            yield errors.SourceUnavailable("down")

    world.source.answer = answer
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(_live(world, killed))
    _judge(world, population)


async def _live(world: World, killed: list[float]) -> None:
    loop = asyncio.get_running_loop()
    for instant in killed:
        async with asyncio.TaskGroup() as group:
            process = group.create_task(world.process().run(asyncio.Event()))
            await asyncio.sleep(max(0.0, instant - loop.time()))
            process.cancel()
    await world.run(TROUBLE - loop.time() + PEACE)


def _judge(world: World, population: list[Life]) -> None:
    records = [record for batch in world.sink.batches for record in batch.records]
    seen: dict[str, list[tuple[int, int]]] = {}
    for each in values(records, Topic.CONVERSATIONS):
        seen.setdefault(each["id"], []).append((each["v"], each["version"]))
    last = {name: states[-1][0] for name, states in seen.items()}
    assert last == {life.name: 1 + len(life.changes) for life in population}
    for states in seen.values():
        assert all(one[0] < other[0] and one[1] < other[1] for one, other in pairwise(states))
    assert announced(records) == delivered(records)
    began = sorted(line.split(":")[0] for line in world.trail if line.endswith("EXTRACTION_STARTED"))
    ended = sorted(line.split(":")[0] for line in world.trail if line.endswith(("_COMPLETED", "EXTRACTION_FAILED")))
    assert began == ended
