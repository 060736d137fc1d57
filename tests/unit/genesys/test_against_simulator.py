"""The client against the simulated organisation: the faults of the field, with what a person would be told."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from producer import errors, events
from producer.clock import VirtualClock
from producer.genesys.options import ClientOptions
from producer.model.reads import Page, ReadEnd, Split, Verdict
from producer.model.windows import Window
from producer.simulator.options import SimulatorOptions
from producer.simulator.server import serve
from tests.support.genesys_source import Bench, bench, plain

ORIGIN = datetime(2025, 3, 10, 10, tzinfo=UTC)
SECRET = SimulatorOptions().client_secret
WINDOW = Window(ORIGIN - timedelta(minutes=31), ORIGIN - timedelta(minutes=30))
SMALL = ClientOptions(page_size=3, concurrency=1)
PATH = "details/query"


def virtual_time(speed: float) -> tuple[SimulatorOptions, VirtualClock]:
    """An organisation and a clock that agree on what time it is."""
    epoch = time.time()
    options = SimulatorOptions(
        client_id="client-1", origin=ORIGIN, epoch=epoch, speed=speed, rate_per_day=5_000, poison_probability=0
    )
    return options, VirtualClock(origin=ORIGIN, epoch=epoch, speed=speed)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("truncated", "body"),
        ("cut", "body"),
        ("bad-gateway", "5xx"),
        ("unavailable", "5xx"),
        ("gateway-timeout", "5xx"),
        ("server-error", "5xx"),
        ("stall", "timeout"),
        ("reset", "connection"),
        ("rate-limited", "429"),
        ("rate-limited-bare", "429"),
        ("unauthorized", "401"),
        ("too-large", "body"),
    ],
)
async def test_a_fault_on_the_second_page_costs_a_retry_and_no_conversation(kind: str, reason: str) -> None:
    options, clock = virtual_time(speed=100)
    patience = replace(SMALL, timeout=timedelta(seconds=2 if kind == "stall" else 20))
    async with serve(options) as simulator, bench(simulator.url, options=patience, clock=clock, secret=SECRET) as made:
        calm = await made.read(WINDOW)
        simulator.inject(kind, path=PATH, times=1, skip=1)
        shaken = await made.read(WINDOW)
    assert ids(shaken) == ids(calm)
    assert [each.reason for each in made.happened(events.RequestRetried)] == [reason]
    assert end_of(shaken).attempts == end_of(calm).attempts + 1


async def test_a_page_that_repeats_the_one_before_is_noticed() -> None:
    options, clock = virtual_time(speed=100)
    async with serve(options) as simulator, bench(simulator.url, options=SMALL, clock=clock, secret=SECRET) as made:
        calm = await made.read(WINDOW)
        simulator.inject("duplicate-page", path=PATH, times=1, skip=1)
        assert ids(await made.read(WINDOW)) == ids(calm)


async def test_tokens_that_end_early_and_a_secret_that_rotates_are_no_reason_to_stop() -> None:
    options, clock = virtual_time(speed=100)
    async with serve(options) as simulator, bench(simulator.url, options=SMALL, clock=clock, secret=SECRET) as made:
        await made.read(WINDOW)
        simulator.revoke_tokens()
        await made.read(WINDOW)
        simulator.rotate_secret("another")
        with pytest.raises(errors.CredentialsRefused, match="401 invalid_client authentication failed"):
            await made.read(WINDOW)
        simulator.rotate_secret(SECRET)
        await made.read(WINDOW)
    assert len(made.happened(events.TokenRefreshed)) == 3


async def test_a_client_nobody_knows_and_a_missing_permission_are_told_apart() -> None:
    options, clock = virtual_time(speed=100)
    async with serve(options) as simulator, bench(simulator.url, options=SMALL, clock=clock, secret=SECRET) as made:
        simulator.permit(allowed=False)
        with pytest.raises(errors.PermissionMissing, match="analytics:conversationDetail:view"):
            await made.read(WINDOW)
        assert await made.source.organisation_id()
    async with serve(SimulatorOptions(client_id="other")) as simulator, bench(simulator.url, secret=SECRET) as made:
        with pytest.raises(errors.CredentialsRefused, match="400 invalid_client client not found"):
            await made.read(WINDOW)


async def test_conversations_of_a_window_are_there_by_id() -> None:
    options, clock = virtual_time(speed=100)
    async with serve(options) as simulator, bench(simulator.url, clock=clock, secret=SECRET) as made:
        some = tuple(sorted(ids(await made.read(WINDOW))))[:100]
        found = await made.read(some)
    assert ids(found) == set(some)
    assert plain(found)[-1] == f"complete: {len(some)} unique, 1 pages, 1 attempts"


@pytest.mark.parametrize("counting", ["fixed", "sliding"])
async def test_under_load_the_budget_is_used_and_no_429_comes(counting: Literal["fixed", "sliding"]) -> None:
    speed, minutes = 20.0, 2.5  # slow enough for a machine that has other things to do
    options, clock = virtual_time(speed)
    options = replace(options, limit_window=counting, latency=timedelta(seconds=0.1 / speed))
    async with serve(options) as simulator, bench(simulator.url, clock=clock, secret=SECRET) as made:
        await _read_for(made, clock.now() + timedelta(minutes=minutes))
    requests = [each for each in made.happened(events.RequestFinished) if each.endpoint == "by_id"]
    assert not made.happened(events.RateLimitHit)
    assert {each.status for each in requests} == {200}
    assert 0.7 * 270 * minutes <= len(requests) <= 270 * minutes + 22


async def _read_for(made: Bench, until: datetime) -> None:
    """Eight readers that ask for as much as they may."""

    async def reader() -> None:
        while made.clock.now() < until:
            await made.read(("00000000-0000-4000-8000-000000000000",))

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(reader())


def ids(items: list[Page | Split | ReadEnd]) -> set[str]:
    return {found.id or "" for item in items if isinstance(item, Page) for found in item.conversations}


def end_of(items: list[Page | Split | ReadEnd]) -> ReadEnd:
    end = items[-1]
    assert isinstance(end, ReadEnd)
    assert end.verdict in {Verdict.COMPLETE, Verdict.PROVISIONAL}
    return end
