"""The counts of a verdict, from the evidence. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

from producer.dev.judge.content import Digest
from producer.dev.judge.evidence import Appended, Served, State, TrueConversation, TrueState
from producer.dev.judge.horizon import DAY, Horizon, Outlook
from producer.dev.judge.verdict import Freshness


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything known of one conversation. `trail` is where it belongs: dead letters for a poison one, else records.

    `contents` are the digests of the states that were served, by number.
    """

    id: str
    served: Served
    trail: Sequence[Appended]
    contents: Mapping[int, Digest]

    @property
    def judged(self) -> bool:
        """A completed read was served it."""
        return self.served.last is not None

    @property
    def changed(self) -> bool:
        """Completed reads were served more than one content of it."""
        return len({self.contents[number] for number in self.served.states}) > 1

    @property
    def lost(self) -> bool:
        """Nothing of it is where it belongs."""
        return self.judged and not self.trail

    @property
    def behind(self) -> bool:
        """The last of it is not what was served last."""
        acceptable = {self.contents[number] for number in self.served.acceptable}
        return self.judged and bool(self.trail) and self.trail[-1].content not in acceptable

    @property
    def invented(self) -> int:
        """Entries whose content was never served."""
        known = set(self.contents.values())
        return sum(1 for one in self.trail if one.content not in known)


def cases_of(
    served: Mapping[str, Served],
    records: Mapping[str, Sequence[Appended]],
    letters: Mapping[str, Sequence[Appended]],
    contents: Mapping[State, Digest],
    poison: frozenset[str],
) -> Iterator[Case]:
    """One case for every conversation that was served or is on a topic."""
    numbers: dict[str, dict[int, Digest]] = {}
    for (identifier, number), digest in contents.items():
        numbers.setdefault(identifier, {})[number] = digest
    for identifier in served.keys() | records.keys() | (letters.keys() & poison):
        trails = letters if identifier in poison else records
        yield Case(
            id=identifier,
            served=served.get(identifier, Served()),
            trail=trails.get(identifier, ()),
            contents=numbers.get(identifier, {}),
        )


def doubled(trail: Sequence[Appended]) -> int:
    """Entries with the content of the one before them, but for those that carry a name more than it, and none less."""
    pairs = pairwise(trail)
    same = [
        (before, after) for before, after in pairs if (before.content, before.claim) == (after.content, after.claim)
    ]
    return sum(not before.names < after.names for before, after in same)


def disordered(trail: Sequence[Appended]) -> int:
    """Entries whose version does not rise, or that lie on another partition than the one before them."""
    return sum(
        1
        for before, after in pairwise(trail)
        if (after.version or 0) <= (before.version or 0) or after.partition != before.partition
    )


def unaccounted(announced: Mapping[str, int], found: Mapping[str, int]) -> int:
    """Records that reads announced and that are not there, or the other way round."""
    return sum(abs(announced.get(read, 0) - found.get(read, 0)) for read in announced.keys() | found.keys())


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What became visible from `begin` to `end` is judged. Milliseconds of the organisation's clock."""

    begin: int
    end: int


@dataclass(slots=True)
class Missed:
    """Conversations of which nothing, or not the last state, was served to any read on the topics."""

    unseen: Counter[str] = field(default_factory=Counter)
    """Those that a read must have shown by the end, by cause."""
    beyond_horizon: int = 0
    """Those that no read could return any more when their last state became visible."""


def missed(truth: Iterable[TrueConversation], served: Mapping[str, Served], span: Span, horizon: Horizon) -> Missed:
    """What was visible and not served. What a read may still show after the end is in neither count."""
    outlook = Outlook(horizon=horizon, begin=span.begin)
    limit = span.end - horizon.allowance // timedelta(milliseconds=1)
    found = Missed()
    for conversation in truth:
        known = served.get(conversation.id)
        seen = -1 if known is None else max(known.states | {number for _, number in known.perhaps})
        numbers = [
            number
            for number, state in enumerate(conversation.states)
            if number > seen and span.begin <= state.visible_at <= span.end
        ]
        due = {number: outlook.due(conversation, number, seen) for number in numbers}
        overdue = [number for number, by in due.items() if by is not None and by <= limit]
        if overdue:
            state = conversation.states[overdue[0] if seen < 0 else overdue[-1]]
            found.unseen[_cause(conversation.start, state, seen < 0, horizon)] += 1
        elif numbers and due[numbers[-1]] is None:
            found.beyond_horizon += 1
    return found


def _cause(start: int, missed: TrueState, never: bool, horizon: Horizon) -> str:  # noqa: FBT001 - a fact, not an option
    if missed.visible_at // DAY != start // DAY:
        return "midnight"
    if missed.end is None or missed.visible_at <= missed.end + horizon.head // timedelta(milliseconds=1):
        return "pageDrift"
    return "visibilityTail" if never else "laterChange"


def freshness(cases: Iterable[Case], truth: Iterable[TrueConversation], span: Span) -> Freshness:
    """Percentiles of the time from visible to committed, over the first entry of every state visible in the span."""
    visible = {conversation.id: conversation.states for conversation in truth}
    waits = sorted(wait for case in cases for wait in _waits(case, visible.get(case.id, ()), span))
    return Freshness(p50=_percentile(waits, 0.50), p99=_percentile(waits, 0.99))


def _waits(case: Case, states: Sequence[TrueState], span: Span) -> Iterator[float]:
    committed: dict[Digest, int] = {}
    for one in case.trail:
        committed.setdefault(one.content, one.at)
    told: set[Digest] = set()
    for number, digest in sorted(case.contents.items()):
        if digest in told or digest not in committed or number >= len(states):
            continue
        told.add(digest)
        if span.begin <= states[number].visible_at:
            yield (committed[digest] - states[number].visible_at) / 1_000


def _percentile(ascending: Sequence[float], share: float) -> float | None:
    if not ascending:
        return None
    return round(ascending[min(len(ascending) - 1, math.ceil(share * len(ascending)) - 1)], 3)
