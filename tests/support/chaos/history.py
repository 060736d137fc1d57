"""A history: one life of the daemon after the other on the same topics, and what the victims wrote of their ends."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from signal import Signals
from typing import Self

from producer.dev.judge.topics import transactions
from producer.dev.rehearsal import free_port
from producer.model.batch import Topic
from tests.support.chaos.plans import Blow, Life, Point
from tests.support.stage import Daemon, Script, Stage

HEAD_LAG = timedelta(seconds=30)
POLL_INTERVAL = timedelta(seconds=15)
LIFE_SECONDS = 40.0
SPEED = 60.0

SMALL_TRANSACTIONS: Mapping[str, str | None] = {
    "GENESYS__PAGE_SIZE": "25",
    "CAPTURE__HEAD_LAG": f"{HEAD_LAG.seconds}s",
    "CAPTURE__POLL_INTERVAL": f"{POLL_INTERVAL.seconds}s",
    "KAFKA__TRANSACTION__MAX_RECORDS": "2",
}
"""A page or two in a transaction, so that one read takes several."""


def script(seed: int = 1) -> Script:
    """An organisation that is busy enough for pages in every poll, sixty times as fast as real time."""
    return Script(speed=SPEED, rate=20_000, seed=seed, poison=0.01, settings=SMALL_TRANSACTIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """What a victim wrote before a blow fell: where it was. `committed` counts the commits of its life until then."""

    point: Point
    number: int
    signal: Signals
    in_transaction: bool
    restoring: bool
    committed: int

    @classmethod
    def of_line(cls, line: str) -> Self:
        """A line of the victim's notes."""
        told = json.loads(line)
        return cls(**told | {"point": Point(told["point"]), "signal": Signals(told["signal"])})


class History:
    """Lives on one stage, and the notes of their blows."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._notes = stage.directory / "blows.jsonl"
        stage.make_topics()

    def victim(self, life: Life) -> Daemon:
        """Start a daemon with this life before it; its admin server has a port of its own."""
        settings = {"ADMIN__PORT": str(free_port())}
        if life.copy_kept:
            settings["STATE__PATH"] = str(self.stage.directory / "copies")
        argument = life.as_argument()
        return self.stage.start("-m", "tests.chaos.victim", argument, str(self._notes), **settings)

    def successor(self) -> Daemon:
        """Start the product itself."""
        return self.stage.start(ADMIN__PORT=str(free_port()))

    def blows(self) -> list[Struck]:
        """Every blow so far."""
        return [Struck.of_line(line) for line in self._notes.read_text().splitlines()] if self._notes.exists() else []

    def lived(self, life: Life) -> Struck:
        """Let a victim live until it kills itself, and return where that was."""
        return self.ended(self.victim(life), life)

    def lived_through_an_outage(self, life: Life) -> Struck:
        """The same; the broker is killed while the victim is in a transaction, and comes back."""
        frozen = Blow(point=Point.BEGUN, number=2, signal=Signals.SIGSTOP)
        blows = len(self.blows()) + 1
        victim = self.victim(replace(life, blows=[frozen, *life.blows]))
        self.wait_until_frozen(victim, blows)
        self.stage.broker.kill()
        victim.signal(Signals.SIGCONT)
        self.stage.broker.start()
        return self.ended(victim, life)

    def ended(self, victim: Daemon, life: Life) -> Struck:
        """Wait until a victim has killed itself, and return where that was."""
        ended = victim.wait_for_end(LIFE_SECONDS)
        last, planned = self.blows()[-1], life.blows[-1]
        assert (ended, last.point, last.number) == (-Signals.SIGKILL, planned.point, planned.number), str(life)
        return last

    def wait_until_frozen(self, victim: Daemon, blows: int, seconds: float = LIFE_SECONDS) -> None:
        """Wait until so many blows have fallen in all, and the victim of the last one stands still."""
        deadline = time.monotonic() + seconds
        while len(self.blows()) < blows or _state(victim.pid) != "T":
            assert time.monotonic() < deadline, f"it was not frozen within {seconds:g} s\n{victim.lines()[-5:]}"
            time.sleep(0.02)

    def transactions(self) -> int:
        """How many transactions are committed."""
        return transactions(self.stage.kafka, self.stage.topic(Topic.STATE))

    def caught_up(self, daemon: Daemon, transactions: int = 0, seconds: float = 60.0) -> None:
        """Wait until a daemon has reached the present, and so many transactions are committed in all."""
        self.stage.wait_until_covered(daemon, self.stage.now() - HEAD_LAG, seconds)
        deadline = time.monotonic() + seconds
        while self.transactions() < transactions:
            assert time.monotonic() < deadline, f"{self.transactions()} of {transactions} transactions"


def _state(pid: int) -> str:
    """How the kernel names what a process does: T when it was stopped by a signal."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
