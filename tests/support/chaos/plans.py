"""Where a victim is struck, and how: drawn from a seed before the run, so that a run can be repeated.

    history = lives(seed=1, decks=1)      # thirty lives, each with its blow

A blow falls at the n-th time that a life reaches a point of the product's way.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from signal import Signals
from typing import Self


class Point(enum.StrEnum):
    """A point on the way of the product that the victim's taps tell of."""

    OWNED = "owned"
    """InitProducerId has returned and nothing is restored yet."""
    RESTORING = "restoring"
    """A record of the state topic is about to be taken into the working copy."""
    COPYING = "copying"
    """The working copy is within a transaction of its own, of a restore or behind a commit."""
    BEGUN = "begun"
    """A transaction was begun and nothing sent."""
    SENT = "sent"
    """A batch of a transaction was handed over; more may come."""
    RECORDS_SENT = "records-sent"
    """The same, for a batch of the conversations topic."""
    ACKNOWLEDGED = "acknowledged"
    """All batches are on the broker, and the commit is about to be asked for."""
    ENDING = "ending"
    """EndTxn is on the wire and its answer is not here."""
    ENDED = "ended"
    """EndTxn's answer has come and nobody has looked at it: committed, and not known."""
    COMMITTED = "committed"
    """The commit has returned and the memory has not moved."""
    RECORDS_COMMITTED = "records-committed"
    """The same, for a transaction with conversations."""
    MOVED = "moved"
    """The memory has moved behind the commit."""
    PAGED = "paged"
    """A page of a read has arrived and stands in the queue."""
    ABANDONED = "abandoned"
    """A soft stop: the reader has ended and what is open is given up."""
    CLOSING = "closing"
    """A soft stop: the last transaction is committed and the sink is about to let go."""
    TORN = "torn"
    """In a mutant: the checkpoint is committed, its records are not."""
    RESTORED_EARLY = "restored-early"
    """In a mutant: the state is restored, and whoever owned the lane before still does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """A signal at the n-th time (from 1) that a life reaches a point."""

    point: Point
    number: int
    signal: Signals = Signals.SIGKILL

    def __str__(self) -> str:
        return f"{self.signal.name} at {self.point} {self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What happens to one process of the daemon. `copy_kept`: its working copy is a file that others had before."""

    blows: Sequence[Blow]
    mutant: str = ""
    refused_batch: bool = False
    copy_kept: bool = False

    def __str__(self) -> str:
        told = ", ".join(map(str, self.blows))
        return f"{told}, copy kept" if self.copy_kept else told

    def as_argument(self) -> str:
        """The life as the argument of the victim's program."""
        blows = [[blow.point.value, blow.number, blow.signal.value] for blow in self.blows]
        return json.dumps({"blows": blows, "mutant": self.mutant, "refused_batch": self.refused_batch})

    @classmethod
    def of_argument(cls, argument: str) -> Self:
        """The life in an argument, but for where its copy is, which is a setting."""
        told = json.loads(argument)
        blows = [Blow(point=Point(point), number=n, signal=Signals(signal)) for point, n, signal in told["blows"]]
        return cls(blows=blows, mutant=told["mutant"], refused_batch=told["refused_batch"])


DECK: Sequence[Point] = (
    *(Point.BEGUN,) * 2,
    *(Point.SENT,) * 4,
    *(Point.ACKNOWLEDGED,) * 3,
    *(Point.ENDING,) * 3,
    *(Point.ENDED,) * 3,
    *(Point.RESTORING,) * 6,
    Point.OWNED,
    *(Point.COPYING,) * 2,
    *(Point.COMMITTED,) * 2,
    Point.MOVED,
    Point.PAGED,
    Point.ABANDONED,
    Point.CLOSING,
)
"""Thirty blows: 15 between begin and commit-returned, 6 during a restore."""

_NUMBERS = {
    Point.OWNED: (1, 1),
    Point.RESTORING: (1, 60),
    Point.COPYING: (1, 8),
    Point.SENT: (20, 60),
    Point.ABANDONED: (1, 1),
    Point.CLOSING: (1, 1),
}
_TRANSACTIONS = (6, 16)
_STOPS = (Point.ABANDONED, Point.CLOSING)


def lives(seed: int, decks: int = 1) -> Iterator[Life]:
    """Thirty lives for every deck, shuffled; the first one leaves a state that others can restore."""
    dice = Random(seed)
    yield Life(blows=[Blow(point=Point.ENDED, number=_TRANSACTIONS[1])])
    points = list(DECK) * decks
    points.remove(Point.ENDED)
    dice.shuffle(points)
    for point in points:
        # a restore that begins with a kept copy has next to nothing to read
        copy_kept = point is Point.COPYING or (point is not Point.RESTORING and dice.random() < 0.5)
        yield Life(blows=_blows(point, dice), copy_kept=copy_kept)


def _blows(point: Point, dice: Random) -> list[Blow]:
    blow = Blow(point=point, number=dice.randint(*_NUMBERS.get(point, _TRANSACTIONS)))
    if point not in _STOPS:
        return [blow]
    return [Blow(point=Point.COMMITTED, number=dice.randint(*_TRANSACTIONS), signal=Signals.SIGTERM), blow]
