"""An extraction that is stopped, at any await of its caller, leaves no task, no connection, no half an audit trail."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Coroutine, Generator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import pytest

from producer import Connection, ConversationRetriever, ExtractionEnded, Query, Status
from producer.model.actions import Action
from tests.support.slow_api import SlowApi, slow_api

NOW = datetime(2026, 3, 10, 10, tzinfo=UTC)
QUERY = Query(channel_types=("ALL",), start_time="2026-03-08T00:00:00Z", end_time="2026-03-09T12:00:00Z", size=150)
"""Two windows of two pages of a hundred conversations: chunks that no page fills."""
WHOLE = [150, 150, 100]

ENDS = {Action.EXTRACTION_COMPLETED.value: Status.SUCCESS, Action.EXTRACTION_FAILED.value: Status.FAILURE}


class StillClock:
    """It is always the same moment, and waiting takes none."""

    def now(self) -> datetime:
        return NOW

    async def sleep(self, duration: object) -> None:
        await asyncio.sleep(0)


class Stopped:
    """A coroutine whose task is told to stop when it waits for the `at`-th time. `waits` counts how often it did."""

    def __init__(self, work: Coroutine[Any, Any, None], at: int) -> None:
        self._work = work
        self._at = at
        self.waits = 0

    def __await__(self) -> Generator[Any, Any, None]:
        inner = self._work.__await__()
        while True:
            try:
                waited_for = next(inner)
            except StopIteration:
                return
            self.waits += 1
            if self.waits == self._at:
                task = asyncio.current_task()
                assert task is not None
                asyncio.get_running_loop().call_soon(task.cancel)
            try:
                yield waited_for
            except BaseException as error:  # noqa: BLE001 - handed on to where it belongs
                try:
                    waited_for = inner.throw(error)
                except StopIteration:
                    return
                self.waits += 1
                yield waited_for


class Program:
    """Uses the library, and remembers what it was told; telling it an audit event takes a moment, or none."""

    def __init__(self, api: SlowApi, *, at_once: bool = False) -> None:
        self.trail: list[Mapping[str, Any]] = []
        self.ended: list[ExtractionEnded] = []
        self.chunks: list[int] = []
        self.begun = asyncio.Event()
        self.retriever = ConversationRetriever(
            Connection(api_url=api.url, login_url=api.url, client_id="slow", client_secret="slow-secret"),
            audit=self.trail.append if at_once else self._take,
            finished=self.ended.append,
            clock=StillClock(),
        )

    async def _take(self, event: Mapping[str, Any]) -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        self.trail.append(event)

    async def run(self) -> None:
        """Extract all of it."""
        async with aclosing(self.retriever.execute(QUERY)) as chunks:
            async for chunk in chunks:
                self.chunks.append(len(chunk))
                self.begun.set()

    def refuse_half_a_trail(self) -> None:
        """Nothing, or a start, whole pages in order, and one end that is told to both."""
        actions = [event["action"] for event in self.trail]
        if not actions:
            assert self.ended == []
            return
        assert (actions[0], len(self.ended)) == (Action.EXTRACTION_STARTED.value, 1)
        assert ENDS[actions[-1]] is self.ended[0].status
        pages = [event["pageNumber"] for event in self.trail[1:-1]]
        assert pages == list(range(1, len(pages) + 1))
        assert {event["action"] for event in self.trail[1:-1]} <= {Action.PAGE_PROCESSED.value, Action.EMPTY_PAGE.value}
        assert self.trail[-1]["totalRecordsExtracted"] == sum(self.chunks)
        assert self.trail[-1]["totalPagesFetched"] >= len(pages)


async def refuse_leaks(api: SlowApi) -> None:
    """No task is left at once but this one and those of the server, and soon nobody is connected to it."""
    ours = [task for task in asyncio.all_tasks() if task is not asyncio.current_task() and "SlowApi" not in repr(task)]
    assert [repr(task) for task in ours] == []
    assert await api.all_closed()


@pytest.fixture
async def api() -> AsyncGenerator[SlowApi, None]:
    async with slow_api() as serving:
        yield serving


async def test_stopped_at_every_await_it_leaves_nothing_behind(api: SlowApi) -> None:
    program, done, at = Program(api), False, 0
    while not done:
        at += 1
        program = Program(api)
        stopped = Stopped(program.run(), at)

        async def run(work: Stopped = stopped) -> None:
            await work

        task = asyncio.create_task(run())
        await asyncio.wait({task}, timeout=10)
        assert task.done()
        program.refuse_half_a_trail()
        await refuse_leaks(api)
        done = not task.cancelled()
    assert program.chunks == WHOLE
    assert at > 20


@pytest.mark.parametrize("ticks", [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144])
async def test_stopped_after_so_many_turns_of_the_loop_it_leaves_nothing_behind(api: SlowApi, ticks: int) -> None:
    program = Program(api)
    task = asyncio.create_task(program.run())
    for _ in range(ticks):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task}, timeout=10)
    assert task.done()
    program.refuse_half_a_trail()
    await refuse_leaks(api)


async def test_told_to_stop_again_and_again_it_still_leaves_nothing_behind(api: SlowApi) -> None:
    program = Program(api)
    task = asyncio.create_task(program.run())
    await program.begun.wait()
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)
    await refuse_leaks(api)
    assert [ended.error_code for ended in program.ended] == ["interrupted"]


@pytest.mark.parametrize("taken", [1, 2, 3])
async def test_closed_after_some_chunks_it_says_what_was_given(api: SlowApi, taken: int) -> None:
    program = Program(api)
    async with aclosing(program.retriever.execute(QUERY)) as chunks:
        for _ in range(taken):
            program.chunks.append(len(await anext(chunks)))
    program.refuse_half_a_trail()
    await refuse_leaks(api)
    (ended,) = program.ended
    assert (ended.status, ended.error_code) == (Status.FAILURE, "interrupted")
    assert ended.metrics.total_records_extracted == sum(WHOLE[:taken])


async def test_when_its_caller_has_closed_it_nothing_is_left_at_once(api: SlowApi) -> None:
    program = Program(api, at_once=True)
    chunks = program.retriever.execute(QUERY)
    program.chunks.append(len(await anext(chunks)))
    await chunks.aclose()
    await refuse_leaks(api)
    program.refuse_half_a_trail()


async def test_one_that_is_never_walked_over_asks_nothing_and_says_nothing(api: SlowApi) -> None:
    program = Program(api)
    chunks = program.retriever.execute(QUERY)
    await chunks.aclose()
    del chunks
    gc.collect()
    assert (program.trail, program.ended, api.requests) == ([], [], 0)
    await refuse_leaks(api)


async def test_extractions_at_the_same_time_share_connections_and_end_for_themselves(api: SlowApi) -> None:
    program = Program(api)
    asked = program.retriever.execute(QUERY)
    program.chunks.append(len(await anext(asked)))
    other: list[int] = [len(chunk) async for chunk in program.retriever.execute(QUERY)]
    assert other == WHOLE
    program.chunks += [len(chunk) async for chunk in asked]
    assert program.chunks == WHOLE
    assert {ended.status for ended in program.ended} == {Status.SUCCESS}
    await refuse_leaks(api)
