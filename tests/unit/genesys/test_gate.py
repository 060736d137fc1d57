"""What the breaker hears of: reads, and of the directory only what is the probe."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from producer import errors, events
from producer.genesys.breaker import BreakerPolicy
from producer.genesys.exchange import Endpoint, Request
from producer.genesys.gate import BreakerOpen, Gate
from producer.genesys.options import ClientOptions
from producer.genesys.outcome import Trouble
from producer.genesys.retry import Disposition
from producer.model.reads import ReadKind
from tests.support.clock import FakeClock

PAUSE = timedelta(seconds=60)
BROKEN = Trouble(
    disposition=Disposition.RETRY, error=errors.SourceUnavailable("503", code="503"), reason="5xx", status=503
)


class World:
    """A gate whose breaker opens at the second failure, and what it told."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.told: list[events.Event] = []
        options = ClientOptions(breaker=BreakerPolicy(failures=2, first_pause=PAUSE))
        self.gate = Gate(options, clock=self.clock, observe=self.told.append)

    async def ask(self, kind: ReadKind, trouble: Trouble | None = None) -> None:
        """One request, a second after the last one and a second long."""
        self.clock.advance(timedelta(seconds=1))
        async with self.gate.passage(kind) as sent_at:
            self.clock.advance(timedelta(seconds=1))
        if trouble is None:
            self.gate.answered(sent_at, {}, kind)
            return
        request = Request(endpoint=Endpoint.QUERY, method="GET", url="", request_id="r-1", read=kind, permission="")
        self.gate.troubled(sent_at, trouble, request)

    def states(self) -> list[str]:
        return [event.state for event in self.told if isinstance(event, events.BreakerChanged)]


async def test_the_directory_neither_opens_the_breaker_nor_keeps_it_closed() -> None:
    world = World()
    for _ in range(5):
        await world.ask(ReadKind.DIRECTORY, BROKEN)
    assert world.gate.closed
    await world.ask(ReadKind.HEAD, BROKEN)
    await world.ask(ReadKind.DIRECTORY)
    await world.ask(ReadKind.HEAD, BROKEN)
    assert world.states() == ["open"]


async def test_names_that_come_late_do_not_close_a_breaker_that_opened_meanwhile() -> None:
    world = World()
    async with AsyncExitStack() as slow:
        sent_at = await slow.enter_async_context(world.gate.passage(ReadKind.DIRECTORY))
        world.clock.advance(timedelta(seconds=1))
        await world.ask(ReadKind.HEAD, BROKEN)
        await world.ask(ReadKind.HEAD, BROKEN)
    world.gate.answered(sent_at, {}, ReadKind.DIRECTORY)
    assert world.states() == ["open"]
    with pytest.raises(BreakerOpen):
        await world.ask(ReadKind.HEAD)


async def test_once_it_is_open_a_look_up_may_be_the_probe() -> None:
    world = World()
    await world.ask(ReadKind.HEAD, BROKEN)
    await world.ask(ReadKind.HEAD, BROKEN)
    world.clock.advance(PAUSE)
    await world.ask(ReadKind.DIRECTORY)
    assert world.states() == ["open", "half_open", "closed"]
