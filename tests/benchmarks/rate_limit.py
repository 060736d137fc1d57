"""How much of a rate limit is used under load, and how rarely the server has to refuse.

The real client and limiter against the simulator, whose clock runs faster: each of the scenarios of
tests/support/rate_scenarios.py, with headers that tell of the limit and without, in a fixed and in a sliding minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tests.benchmarks.figures import Figure, at_least, at_most
from tests.support.rate_scenarios import SCENARIOS, Outcome, Setting, Window

SPEED = 6.0
MINUTES = 5
"""Minutes that are counted, after those that a scenario takes to come to rest."""
_AS_SET = "limit as set"
_LONGEST = "increase"
"""Without headers it takes half an hour, so it begins first."""
_TOLD_OF = "announced decrease"
"""Happens with headers only."""
_AT_ONCE = 4
"""Scenarios that run at the same time: with more, one core is late with its requests, and lateness counts sixfold."""
_WINDOWS: tuple[Window, ...] = ("fixed", "sliding")


def rate_limit() -> list[Figure]:
    """The limit as it is set, under load."""
    return asyncio.run(_figures([_AS_SET]))


def rate_limit_changes() -> list[Figure]:
    """Everything else that can happen to a limit; some twenty minutes on a machine that does nothing besides."""
    return asyncio.run(_figures([name for name in SCENARIOS if name != _AS_SET]))


async def _figures(names: Sequence[str]) -> list[Figure]:
    turn = asyncio.Semaphore(_AT_ONCE)

    async def outcome(name: str, setting: Setting) -> Outcome:
        async with turn:
            return await SCENARIOS[name](setting)

    wanted = [
        (name, Setting(speed=SPEED, window=window, headers=headers, minutes=MINUTES))
        for name in sorted(names, key=lambda name: name != _LONGEST)
        for headers in (False, True)
        for window in _WINDOWS
        if headers or name != _TOLD_OF
    ]
    async with asyncio.TaskGroup() as group:
        under_way = [(name, setting, group.create_task(outcome(name, setting))) for name, setting in wanted]
    return [figure for name, setting, task in under_way for figure in _of(_named(name, setting), task.result())]


def _named(name: str, setting: Setting) -> str:
    return f"{name}, {setting.window}, {'headers' if setting.headers else 'no headers'}"


def _of(name: str, outcome: Outcome) -> list[Figure]:
    return [
        at_least(f"{name}: used of what is left", outcome.used, outcome.wanted),
        at_most(f"{name}: refused (429)", outcome.refused, outcome.allowed),
        at_most(f"{name}: over the limit", outcome.over, 0),
    ]
