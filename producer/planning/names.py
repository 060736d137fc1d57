"""The directory: names by id, as far as they are known, and which ids to look up next.

Pure but for what it remembers: it never asks by itself, so that a record never waits for a name. Whoever needs a name
is told at once what is known, and what is not is wanted from then on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from producer import errors
from producer.model.names import NameKey, NameKind

AT_ONCE = 100
"""Ids of one look-up."""
FIRST_RETRY = timedelta(minutes=5)
"""After what time an id that the API did not know is asked for again; the wait doubles up to the time to live."""
_TELLING = 2  # ids that are refused one after the other: then it is not for the ids


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryPolicy:
    """`ttl` is how long a name is told before it is asked for again, at its next use. `most` bounds what is remembered.

    `spacing` is the time from one look-up to the next; only names of these `kinds` are looked up.
    """

    kinds: tuple[NameKind, ...] = tuple(NameKind)
    ttl: timedelta = timedelta(hours=24)
    spacing: timedelta = timedelta(seconds=12)
    most: int = 100_000

    def __post_init__(self) -> None:
        if self.ttl <= timedelta(0) or self.spacing <= timedelta(0) or self.most < 1:
            raise errors.ConfigurationError("ttl, spacing and most of the directory must be positive")


@dataclass(slots=True)
class _Entry:
    """What is known of one id. `misses` counts the look-ups in a row that did not find it."""

    due_at: datetime
    name: str | None = None
    misses: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How many ids have a known name, how many the API does not know, how many wait to be asked for."""

    known: int
    unknown: int
    wanted: int


@dataclass(slots=True)
class _Turn:
    """The look-ups of one kind: who waits, how many are asked for at once, and from when on."""

    wanted: dict[NameKey, None] = field(default_factory=dict)
    at_once: int = AT_ONCE
    not_before: datetime | None = None
    failures: int = 0
    refused: set[str] = field(default_factory=set)

    @property
    def failing(self) -> bool:
        """Nothing is known of it, nor soon will be."""
        return bool(self.failures)


class Directory:
    """The names of one source. The mutable state: entries, the least recently used first, and the turns by kind."""

    def __init__(self, policy: DirectoryPolicy) -> None:
        self.policy = policy
        self.news = 0
        """How often something became clear, of an id or of a kind: who waits for a name looks again when it rises."""
        self._entries: OrderedDict[NameKey, _Entry] = OrderedDict()
        self._turns = {kind: _Turn() for kind in policy.kinds}

    @property
    def kinds(self) -> Collection[NameKind]:
        """The kinds of names that are looked up."""
        return self.policy.kinds

    def find(self, key: NameKey, now: datetime) -> str | None:
        """The name, None while it is not known. One that has become old is told all the same, and asked for again."""
        if key.kind not in self._turns:
            return None
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(due_at=now)
            self._forget_oldest()
        else:
            self._entries.move_to_end(key)
        if entry.due_at <= now:
            self._turns[key.kind].wanted.setdefault(key)
        return entry.name

    def awaited(self, key: NameKey) -> bool:
        """True when nobody was asked for it yet, and its kind can be looked up."""
        turn, entry = self._turns.get(key.kind), self._entries.get(key)
        return turn is not None and not turn.failing and entry is not None and entry.name is None and not entry.misses

    def next(self, kind: NameKind, now: datetime) -> tuple[str, ...]:
        """The ids to look up now, those that have waited longest first; none while a failure is waited out."""
        turn = self._turns[kind]
        if turn.not_before is not None and now < turn.not_before:
            return ()
        return tuple(key.id for key, _ in zip(turn.wanted, range(turn.at_once), strict=False))

    def answered(self, kind: NameKind, ids: Sequence[str], found: Mapping[str, str], now: datetime) -> bool:
        """A look-up was answered. Returns whether there were failures before it.

        An id that is known no more keeps the name that it had.
        """
        turn = self._turns[kind]
        recovered, turn.failures, turn.not_before = bool(turn.failures), 0, None
        turn.refused.clear()
        turn.at_once = min(AT_ONCE, 2 * turn.at_once)
        for each in ids:
            self._settle(NameKey(kind, each), found.get(each), now)
        return recovered

    def refused(self, kind: NameKind, ids: Sequence[str], now: datetime) -> bool:
        """A look-up was refused for what it asked: half as many are asked for at once, and one alone is not known.

        Returns True when it can't be for an id: since the last answer one after the other was refused.
        """
        turn = self._turns[kind]
        turn.at_once = max(1, len(ids) // 2)
        if len(ids) == 1:
            turn.refused.update(ids if len(turn.refused) < _TELLING else ())
            self._settle(NameKey(kind, ids[0]), None, now)
        return len(turn.refused) == _TELLING

    def failed(self, kind: NameKind) -> int:
        """A look-up failed. Returns how many in a row have."""
        self.news += not self._turns[kind].failures
        self._turns[kind].failures += 1
        return self._turns[kind].failures

    def wait(self, kind: NameKind, until: datetime) -> None:
        """Nothing of a kind is looked up until then."""
        self._turns[kind].not_before = until

    def extent(self) -> Extent:
        """How much it holds."""
        names = [entry.name is not None for entry in self._entries.values() if entry.misses or entry.name is not None]
        wanted = sum(len(turn.wanted) for turn in self._turns.values())
        return Extent(known=sum(names), unknown=len(names) - sum(names), wanted=wanted)

    def _settle(self, key: NameKey, name: str | None, now: datetime) -> None:
        self._turns[key.kind].wanted.pop(key, None)
        entry = self._entries.get(key)
        if entry is None:  # forgotten in the meantime
            return
        if name is None:
            self.news += entry.name is None and not entry.misses
            entry.misses += 1
            entry.due_at = now + min(self.policy.ttl, FIRST_RETRY * (1 << min(entry.misses - 1, 16)))
            return
        self.news += entry.name is None
        entry.name, entry.misses, entry.due_at = name, 0, now + self.policy.ttl

    def _forget_oldest(self) -> None:
        if len(self._entries) > self.policy.most:
            key, _ = self._entries.popitem(last=False)
            self._turns[key.kind].wanted.pop(key, None)
