"""A stretch of time that the API never answers becomes a hole within a few polls, wherever it lies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from producer import errors
from producer.genesys.options import ClientOptions
from producer.model.reads import Split
from producer.model.windows import Direction, Ended, Slice, Window
from tests.support.clock import NOON, FakeClock
from tests.support.genesys_api import QUERY, Answer, GenesysApi, Seen, error_answer
from tests.support.genesys_source import Bench, bench

MINUTE = timedelta(minutes=1)
STUCK = Window(NOON + 7 * MINUTE, NOON + 8 * MINUTE)
OPTIONS = ClientOptions(retries=1, timeout=timedelta(seconds=5))
GATEWAY_TIMEOUT = error_answer(504, "gateway.timeout", "The request timed out")


def never_answered(seen: Seen) -> Answer | None:
    """Any question that touches the stuck minute times out."""
    if seen.path != QUERY:
        return None
    start, end = (datetime.fromisoformat(each) for each in seen.json["interval"].split("/"))
    return GATEWAY_TIMEOUT if start < STUCK.end and STUCK.start < end else None


async def poll(made: Bench, part: Slice, missed: list[Slice]) -> None:
    """Read a window and its parts as the reading loop does: what is refused is missed, other failures end the poll."""
    try:
        *_, last = await made.read(part)
    except errors.WindowRefused:
        missed.append(part)
        return
    for each in last.parts if isinstance(last, Split) else ():
        await poll(made, each, missed)


@pytest.mark.parametrize(
    "window",
    [lambda number: Window(NOON, NOON + 60 * MINUTE), lambda number: Window(NOON, STUCK.end + number * MINUTE / 4)],
    ids=["a slice of a catch-up", "the live edge, which moves"],
)
async def test_a_minute_that_is_never_answered_is_missed_within_three_polls_and_costs_few_requests(
    api: GenesysApi, window: Callable[[int], Window]
) -> None:
    api.refuse = never_answered
    clock = FakeClock()
    polls: list[int] = []
    async with bench(api.url, options=OPTIONS, clock=clock) as made:
        missed: list[Slice] = []
        while not missed:
            polls.append(len(api.seen))
            assert len(polls) < 10
            try:
                await poll(made, Slice(window=window(len(polls))), missed)
            except errors.SourceUnavailable:
                clock.advance(10 * MINUTE)
    assert {each.window for each in missed} == {STUCK}
    assert len(missed) == len(Ended) * len(Direction)
    assert (len(polls), len(api.seen) < 250) == (3, True)
