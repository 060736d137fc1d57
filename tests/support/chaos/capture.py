"""Histories of capture: an organisation on its own clock, a daemon that may be killed or broken, and an end.

Every history ends when births have ended and the last re-read has passed what was born, or sooner where it says so.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from signal import Signals
from typing import Any

from tests.support.chaos.history import History
from tests.support.chaos.plans import Life
from tests.support.stage import Daemon, Script

ANALYTICS = "/analytics/"
FAULTS = (
    *("server-error", "bad-gateway", "unavailable", "truncated", "reset", "unauthorized", "rate-limited"),
    *("bad-request", "duplicate-page", "too-large"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """What happens, on product time: births go on for `births` from `origin`, and the end is `rest` behind them.

    `head` is head lag and overlap, `ages` are those of the re-reads; `faults` is the share of answers that go wrong,
    `refused` how many queries in a row are, two minutes after the start.
    `settings` and `organisation` are as a Script has them.
    """

    origin: datetime
    speed: float
    rate: int
    births: timedelta
    rest: timedelta
    poll: timedelta
    head: tuple[timedelta, timedelta]
    ages: Sequence[timedelta]
    seed: int = 1
    kills: int = 0
    faults: float = 0.0
    refused: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)
    organisation: Mapping[str, Any] = field(default_factory=dict)
    machine: timedelta = timedelta(seconds=3)
    """Real time that a read may be late on a busy machine."""

    @property
    def end(self) -> datetime:
        """When it ends."""
        return self.origin + self.births + self.rest

    def script(self) -> Script:
        """The stage that it is played on."""
        lag, overlap = self.head
        return Script(
            origin=self.origin,
            speed=self.speed,
            rate=self.rate,
            seed=self.seed,
            poison=0.002,
            allowance=self.machine * self.speed,
            organisation={"births_until": self.origin + self.births, **self.organisation},
            settings={
                "CAPTURE__POLL_INTERVAL": setting(self.poll),
                "CAPTURE__HEAD_LAG": setting(lag),
                "CAPTURE__OVERLAP": setting(overlap),
                "CAPTURE__REREADS": ",".join(map(setting, self.ages)),
                **self.settings,
            },
        )

    def kill_times(self) -> list[datetime]:
        """When it is killed: spread over all of it, at instants drawn from the seed."""
        dice = Random(self.seed)
        part = (self.end - self.origin) / (self.kills + 1)
        return [self.origin + part * (number + dice.uniform(0.5, 1)) for number in range(self.kills)]


def setting(span: timedelta) -> str:
    """A span as the settings read it."""
    whole, rest = divmod(span, timedelta(seconds=1))
    return f"{span // timedelta(milliseconds=1)}ms" if rest else f"{whole}s"


def play(history: History, capture: Capture, mutant: str = "") -> None:
    """Play it to its end, and stop the daemon softly."""
    stage = history.stage
    for fault in FAULTS if capture.faults else ():
        stage.organisation.inject(fault, path=ANALYTICS, probability=capture.faults / len(FAULTS))
    for killed_at in capture.kill_times():
        daemon = _daemon(history, mutant)
        _live_until(history, daemon, killed_at, capture)
        daemon.signal(Signals.SIGKILL)
        assert daemon.wait_for_end() == -Signals.SIGKILL
    last = _daemon(history, mutant)
    if capture.refused:
        _live_until(history, last, capture.origin + timedelta(minutes=2), capture)
        stage.organisation.inject("bad-request", times=capture.refused)
    _live_until(history, last, capture.end, capture)
    assert last.stop() == 0


def verified(history: History) -> tuple[int, str]:
    """What `verify` makes of the topics: its exit code, and what it says. All daemons must have ended."""
    command = [sys.executable, "-m", "producer", "verify", "--output", "json"]
    environ = history.stage.daemons[-1].environ
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def _daemon(history: History, mutant: str) -> Daemon:
    return history.victim(Life(blows=[], mutant=mutant)) if mutant else history.successor()


def _live_until(history: History, daemon: Daemon, instant: datetime, capture: Capture) -> None:
    """Until the head has read up to an instant; a minute is what it may be late."""
    ahead = (instant - history.stage.now()).total_seconds() / capture.speed
    history.stage.wait_until_covered(daemon, instant - capture.head[0], max(0.0, ahead) + 60.0)
