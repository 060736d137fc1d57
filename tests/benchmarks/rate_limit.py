"""How much of a rate limit is used under load, and how rarely the server has to refuse.

The real client and limiter against the simulator, whose clock runs faster: each of the scenarios of
tests/support/rate_scenarios.py, with headers that tell of the limit and without, in a fixed and in a sliding minute.
"""

from __future__ import annotations

import asyncio

from tests.benchmarks.figures import Figure, at_least, at_most
from tests.support.rate_scenarios import SCENARIOS, Outcome, Setting, Window

SPEED = 8.0
MINUTES = 5
"""Minutes that are counted, after those that a scenario takes to come to rest."""
_WINDOWS: tuple[Window, ...] = ("fixed", "sliding")


def rate_limit() -> list[Figure]:
    """All scenarios of one way of counting at the same time; about ten minutes in all."""
    return [figure for window in _WINDOWS for figure in asyncio.run(_figures(window))]


async def _figures(window: Window) -> list[Figure]:
    async with asyncio.TaskGroup() as group:
        under_way = {
            f"{name}, {window}, {'headers' if headers else 'no headers'}": group.create_task(
                _outcome(name, Setting(speed=SPEED, window=window, headers=headers, minutes=MINUTES))
            )
            for name in SCENARIOS
            for headers in (True, False)
            if headers or name != "announced decrease"
        }
    return [figure for name, task in under_way.items() for figure in _of(name, task.result())]


async def _outcome(name: str, setting: Setting) -> Outcome:
    return await SCENARIOS[name](setting)


def _of(name: str, outcome: Outcome) -> list[Figure]:
    return [
        at_least(f"{name}: used of what is left", outcome.used, outcome.wanted),
        at_most(f"{name}: refused (429)", outcome.refused, outcome.allowed),
        at_most(f"{name}: over the limit", outcome.over, 0),
    ]
