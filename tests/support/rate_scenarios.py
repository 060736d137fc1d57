"""What can happen to a rate limit, told once for the tests and the benchmark: each scenario gives its figures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from tests.support.rate_load import loaded

Window = Literal["fixed", "sliding"]
MINUTE = timedelta(minutes=1)
OURS = 270
"""The setting, 300 a minute, less the headroom."""
_HEADERS, _NO_HEADERS = 0.97, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`used` of what is left, and at least so much is wanted; 429s, and so many are allowed; our requests `over` the
    limit in a sliding minute of the server's log.
    """

    used: float
    wanted: float
    refused: int
    allowed: int
    over: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How fast time runs, how the server counts, whether it says so, how long the use is measured.

    `slack` is what a machine that does other things besides may cost: its delays count `speed` times.
    """

    speed: float
    window: Window
    headers: bool
    minutes: float
    slack: float = 0.0

    @property
    def together(self) -> timedelta:
        """429s within this span count as one: a busy machine has several requests under way when a limit falls."""
        return timedelta(seconds=2) if self.slack else timedelta(0)

    @property
    def wanted(self) -> float:
        """The part of what is left that must be used."""
        return (_HEADERS if self.headers else _NO_HEADERS) - self.slack


async def as_set(setting: Setting) -> Outcome:
    """Limit and setting agree, nobody else is there. Of the cap 97 % must be used whether headers tell of it or not."""
    async with loaded(setting.speed, limit_window=setting.window, rate_headers=setting.headers) as load:
        await load.minutes(1)
        used = await load.used(setting.minutes)
        return Outcome(
            used=used / OURS,
            wanted=_HEADERS - setting.slack,
            refused=load.refused(setting.together),
            allowed=0,
            over=load.over(),
        )


async def lower_than_set(setting: Setting) -> Outcome:
    """The server allows 200, the settings say 300. Without headers that is found by one 429."""
    async with loaded(
        setting.speed, limit_window=setting.window, rate_headers=setting.headers, limit_per_minute=200
    ) as load:
        await load.minutes(1 if setting.headers else 2)
        used = await load.used(setting.minutes)
        return Outcome(
            used=used / 200,
            wanted=setting.wanted,
            refused=load.refused(setting.together),
            allowed=0 if setting.headers else 1,
            over=load.over(timedelta(0) if setting.headers else 2 * MINUTE),
        )


async def decrease(setting: Setting) -> Outcome:
    """From 300 to 150 without notice: what is under way then is refused, whoever asks. Measured five minutes later.

    In a fixed window that had let in more already, the first 429 can't tell how much it will be: the next one does.
    """
    async with loaded(setting.speed, limit_window=setting.window, rate_headers=setting.headers) as load:
        await load.minutes(1.4)
        load.change(150)
        await load.minutes(2 if setting.headers else 5)
        used = await load.used(setting.minutes)
        return Outcome(
            used=used / 150,
            wanted=setting.wanted,
            refused=load.refused(setting.together),
            allowed=1 if setting.headers or setting.window == "sliding" else 2,
            over=load.over(),
        )


async def announced_decrease(setting: Setting) -> Outcome:
    """The same, when headers tell of it a minute before."""
    async with loaded(setting.speed, limit_window=setting.window, rate_headers=True) as load:
        await load.minutes(1.4)
        load.change(150, notice=MINUTE)
        await load.minutes(2)
        used = await load.used(setting.minutes)
        return Outcome(
            used=used / 150,
            wanted=_HEADERS - setting.slack,
            refused=load.refused(setting.together),
            allowed=0,
            over=load.over(),
        )


async def increase(setting: Setting) -> Outcome:
    """From 150 to 300. With headers it is used at once, without within half an hour; no 429 comes of it."""
    async with loaded(
        setting.speed, limit_window=setting.window, rate_headers=setting.headers, limit_per_minute=150
    ) as load:
        await load.minutes(2)
        load.change(300)
        await load.minutes(2 if setting.headers else 30)
        used = await load.used(setting.minutes)
        return Outcome(
            used=used / OURS,
            wanted=setting.wanted,
            refused=load.refused(setting.together),
            allowed=0 if setting.headers else 1,
            over=load.over(timedelta(0) if setting.headers else 2 * MINUTE),
        )


async def second_client(setting: Setting) -> Outcome:
    """Another client on the same token has asked for 120 of the 300 all along."""
    async with loaded(
        setting.speed, limit_window=setting.window, rate_headers=setting.headers, other_client_share=0.4
    ) as load:
        await load.minutes(2 if setting.headers else 5)
        used = await load.used(setting.minutes)
        return Outcome(
            used=used / 180,
            wanted=setting.wanted,
            refused=load.refused(setting.together),
            allowed=0 if setting.headers else 2,
            over=load.over(),
        )


SCENARIOS: dict[str, Callable[[Setting], Awaitable[Outcome]]] = {
    "limit as set": as_set,
    "limit lower than set": lower_than_set,
    "decrease": decrease,
    "announced decrease": announced_decrease,
    "increase": increase,
    "second client 40 %": second_client,
}
