"""The limiter with sockets: a limit that is not the one we were told, that changes, that is shared.

The same for hours and from every phase of the server's minute is in tests/properties/test_rate_limit.py, on paper.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.support.rate_scenarios import SCENARIOS, Outcome, Setting, Window

SPEED = 8.0
_SLACK = 0.05
"""Every delay of a busy machine counts eightfold here; `make bench ARGS="rate-limit"` gives none."""
_SHORT: tuple[tuple[str, Window, bool], ...] = (
    ("limit lower than set", "sliding", True),
    ("decrease", "sliding", True),
    ("announced decrease", "fixed", True),
    ("increase", "fixed", True),
    ("second client 40 %", "fixed", True),
    ("limit lower than set", "fixed", False),
    ("decrease", "sliding", False),
    ("second client 40 %", "fixed", False),
)
"""With headers no 429 comes but the one that a decrease without notice costs whoever has a request under way."""


async def missed(told: dict[str, Setting]) -> dict[str, Outcome]:
    """The outcomes that are not as they must be, of all these scenarios at the same time."""
    async with asyncio.TaskGroup() as group:
        under_way = {name: group.create_task(_outcome(name, setting)) for name, setting in told.items()}
    found = {name: task.result() for name, task in under_way.items()}
    return {
        name: each
        for name, each in found.items()
        if each.used < each.wanted or each.refused > each.allowed or each.over > 0
    }


async def _outcome(name: str, setting: Setting) -> Outcome:
    return await SCENARIOS[name.partition(",")[0]](setting)


@pytest.mark.timeout(120)
async def test_what_is_left_is_used_and_429s_are_rare_or_do_not_come() -> None:
    told = {
        f"{name}, {'' if headers else 'no '}headers": Setting(
            speed=SPEED, window=window, headers=headers, minutes=2, slack=_SLACK
        )
        for name, window, headers in _SHORT
    }
    assert await missed(told) == {}


@pytest.mark.soak
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("headers", [True, False])
@pytest.mark.parametrize("window", ["fixed", "sliding"])
async def test_every_scenario_at_length(window: Window, *, headers: bool) -> None:
    told = {name: Setting(speed=SPEED, window=window, headers=headers, minutes=10) for name in SCENARIOS}
    assert await missed(told) == {}
