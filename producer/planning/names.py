"""The directory: names by id, as far as they are known, and which ids to look up next.

Pure but for what it remembers: it never asks by itself, so that a record never waits for a name. Whoever needs a name
is told at once what is known, and what is not is wanted from then on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How many ids have a known name, how many the API does not know, how many wait to be asked for."""

    known: int
    unknown: int
    wanted: int


@dataclass(slots=True)
class _Turn:
    """The look-ups of one kind: the ids that wait, by key, how many are asked for at once, and from when on."""

    wanted: dict[str, str] = field(default_factory=dict)
    at_once: int = AT_ONCE
    not_before: datetime | None = None
    failures: int = 0
    refused: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Entry:
    """What is known of one id. `misses` counts the look-ups in a row that did not find it."""

    turn: _Turn
    id: str
    due_at: datetime
    name: str | None = None
    misses: int = 0

    @property
    def awaited(self) -> bool:
        """Nobody was asked for it yet, and its kind can be looked up."""
        return self.name is None and not self.misses and not self.turn.failures


class Directory:
    """The names of one source. The mutable state: entries, the least recently used first, and the turns by kind."""

    def __init__(self, policy: DirectoryPolicy) -> None:
        self.policy = policy
        self.news = 0
        """How often something became clear, of an id or of a kind: who waits for a name looks again when it rises."""
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._turns = {kind: _Turn() for kind in policy.kinds}

    @property
    def kinds(self) -> Collection[NameKind]:
        """The kinds of names that are looked up."""
        return self.policy.kinds

    def find(self, key: str, now: datetime) -> str | None:
        """The name, None while it is not known. One that has become old is told all the same, and asked for again.

        Keys are texts of `NameKey`: they are asked for so often that to take them apart would cost more than all else.
        """
        entry = self._entry(key, now)
        return entry.name if entry is not None else None

    def ripe(self, missing: Iterable[str], told: Iterable[str], now: datetime) -> bool:
        """True when a name that a record was sent without is known, and it is time to send it again.

        None that it lacks may be awaited: it is not to be sent again for each of them. And every name that it has must
        be known still: it is not to be sent again with less. Whatever decides is wanted from then on.
        """
        lacking = [self._entry(key, now) for key in missing]
        if all(entry is None or entry.name is None for entry in lacking):
            return False
        if any(entry is not None and entry.awaited for entry in lacking):
            return False
        having = [self._entry(key, now) for key in told if NameKey.of(key) is not None]
        return all(entry is not None and entry.name is not None for entry in having)

    def next(self, kind: NameKind, now: datetime) -> tuple[str, ...]:
        """The ids to look up now, those that have waited longest first; none while a failure is waited out."""
        turn = self._turns[kind]
        if turn.not_before is not None and now < turn.not_before:
            return ()
        return tuple(islice(turn.wanted.values(), turn.at_once))

    def answered(self, kind: NameKind, ids: Sequence[str], found: Mapping[str, str], now: datetime) -> bool:
        """A look-up was answered. Returns whether there were failures before it.

        An id that is known no more keeps the name that it had.
        """
        turn = self._turns[kind]
        recovered, turn.failures, turn.not_before = bool(turn.failures), 0, None
        turn.refused.clear()
        turn.at_once = min(AT_ONCE, 2 * turn.at_once)
        for each in ids:
            self._settle(NameKey(kind, each).text, found.get(each), now)
        return recovered

    def refused(self, kind: NameKind, ids: Sequence[str], now: datetime) -> bool:
        """A look-up was refused for what it asked: half as many are asked for at once, and one alone is not known.

        Returns True when it can't be for an id: since the last answer one after the other was refused.
        """
        turn = self._turns[kind]
        turn.at_once = max(1, len(ids) // 2)
        if len(ids) == 1:
            turn.refused.update(ids if len(turn.refused) < _TELLING else ())
            self._settle(NameKey(kind, ids[0]).text, None, now)
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

    def _entry(self, key: str, now: datetime) -> _Entry | None:
        """What is known of a key, which is wanted when that is nothing or old; None of kinds that are not looked up."""
        entry = self._entries.get(key)
        if entry is None:
            parsed = NameKey.of(key)
            turn = self._turns.get(parsed.kind) if parsed is not None else None
            if parsed is None or turn is None:
                return None
            entry = self._entries[key] = _Entry(turn=turn, id=parsed.id, due_at=now)
            self._forget_oldest()
        else:
            self._entries.move_to_end(key)
        if entry.due_at <= now:
            entry.turn.wanted.setdefault(key, entry.id)
        return entry

    def _settle(self, key: str, name: str | None, now: datetime) -> None:
        entry = self._entries.get(key)
        if entry is None:  # forgotten in the meantime, and wanted no more
            return
        entry.turn.wanted.pop(key, None)
        if name is None:
            self.news += entry.name is None and not entry.misses
            entry.misses += 1
            entry.due_at = now + min(self.policy.ttl, FIRST_RETRY * (1 << min(entry.misses - 1, 16)))
            return
        self.news += entry.name is None
        entry.name, entry.misses, entry.due_at = name, 0, now + self.policy.ttl

    def _forget_oldest(self) -> None:
        if len(self._entries) > self.policy.most:
            key, entry = self._entries.popitem(last=False)
            entry.turn.wanted.pop(key, None)
