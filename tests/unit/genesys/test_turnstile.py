from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import AsyncExitStack

from producer.genesys.turnstile import Turnstile
from producer.model.reads import ReadKind
from tests.support.virtual_time import in_virtual_time


def least(waiting: Collection[ReadKind]) -> ReadKind:
    """The least important goes first here, so that it is the choice that counts and not the order of coming."""
    return max(waiting, key=list(ReadKind).index)


class Queue:
    """Tasks at a turnstile; each notes that it had its turn."""

    def __init__(self) -> None:
        self.turnstile = Turnstile(least)
        self.turns: list[str] = []

    async def take(self, kind: ReadKind, name: str) -> None:
        async with self.turnstile.turn(kind):
            self.turns.append(name)
            await asyncio.sleep(1)

    async def line_up(self, *kinds: ReadKind) -> list[asyncio.Task[None]]:
        """One task for each kind, in this order; the turnstile is taken by somebody else until they all wait."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.turnstile.turn(ReadKind.HEAD))
            tasks = [asyncio.create_task(self.take(kind, f"{kind.value} {n}")) for n, kind in enumerate(kinds)]
            await asyncio.sleep(1)
            assert self.turnstile.waiting == len(kinds)
        return tasks


@in_virtual_time
async def test_the_chosen_kind_goes_first_and_within_it_who_came_first() -> None:
    queue = Queue()
    tasks = await queue.line_up(ReadKind.HEAD, ReadKind.REREAD, ReadKind.HEAD, ReadKind.REREAD, ReadKind.WATCH)
    await asyncio.gather(*tasks)
    assert queue.turns == ["reread 1", "reread 3", "watch 4", "head 0", "head 2"]
    assert queue.turnstile.waiting == 0


@in_virtual_time
async def test_who_is_told_to_stop_in_the_queue_leaves_it_and_the_others_pass() -> None:
    queue = Queue()
    tasks = await queue.line_up(ReadKind.WATCH, ReadKind.WATCH, ReadKind.HEAD)
    tasks[1].cancel()
    await asyncio.wait(tasks)
    assert queue.turns == ["watch 0", "head 2"]


@in_virtual_time
async def test_a_turn_that_comes_in_the_moment_of_a_stop_goes_to_the_next() -> None:
    queue = Queue()
    tasks = await queue.line_up(ReadKind.WATCH, ReadKind.HEAD)
    tasks[0].cancel()  # its turn has come, but it has not run yet
    await asyncio.wait(tasks)
    assert queue.turns == ["head 1"]
    await queue.take(ReadKind.HEAD, "later")
    assert queue.turns == ["head 1", "later"]


@in_virtual_time
async def test_all_that_wait_may_be_told_to_stop_at_once() -> None:
    queue = Queue()
    async with queue.turnstile.turn(ReadKind.HEAD):
        tasks = [asyncio.create_task(queue.take(ReadKind.WATCH, "never")) for _ in range(3)]
        await asyncio.sleep(1)
        for task in tasks:
            task.cancel()
    await asyncio.wait(tasks)
    assert queue.turns == []
    await queue.take(ReadKind.WATCH, "later")
    assert queue.turns == ["later"]
