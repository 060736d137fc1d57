"""What the judge knows of a run, boiled down: digests and numbers, never contents. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from producer.dev.judge.content import Digest

State = tuple[str, int]
"""A conversation's id and the number of its state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of the simulator. `at` is its clock's milliseconds."""

    at: int
    request_id: str | None
    served: tuple[State, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """A record or a dead letter of one conversation. `at` is the append, on the simulator's clock in milliseconds;
    `claim` is what it says itself of content that the judge does not see; `names` are those that it carries beside ids.
    """

    key: str
    partition: int
    at: int
    content: Digest
    version: int | None = None
    claim: str = ""
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueState:
    """A state as the truth tells it, in milliseconds; `end` is the conversation's end, None while it is open."""

    visible_at: int
    end: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueConversation:
    """A conversation as the truth tells it: its states so far, oldest first.

    `thread` is the kind of a thread that may be reopened, empty for others; `wrap_up` the number of the state that
    brings the wrap-up of an agent who is late with it, None where none does.
    """

    id: str
    poison: bool
    start: int
    states: tuple[TrueState, ...]
    thread: Literal["", "email", "message"] = ""
    wrap_up: int | None = None


@dataclass(slots=True, kw_only=True)
class Announced:
    """What the audit topic says of reads, by request id."""

    records: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Records put on the topic: the sum over its pages. A read that is here has committed at least one page."""
    completed: set[str] = field(default_factory=set)
    """Reads all of whose pages are committed."""


@dataclass(slots=True)
class Served:
    """What reads were served of one conversation."""

    states: set[int] = field(default_factory=set)
    """By completed reads."""
    first: int | None = None
    """By completed reads: instant of the first one."""
    last: tuple[int, int] | None = None
    """By completed reads: instant and number of the last one."""
    perhaps: list[tuple[int, int]] = field(default_factory=list)
    """By reads of which only some pages are committed: instant and number."""

    @property
    def acceptable(self) -> set[int]:
        """The states that the last record may show.

        The last one served; a higher one served before it (a replica that lags is not believed at once); and what a
        half-committed read was served later.
        """
        if self.last is None:
            return set()
        at, number = self.last
        return {number, max(self.states), *(later for when, later in self.perhaps if when >= at)}


def what_was_served(answers: Iterable[Answer], announced: Announced) -> dict[str, Served]:
    """Per conversation, what the reads that got onto the topics were served."""
    conversations: dict[str, Served] = defaultdict(Served)
    for answer in answers:
        if answer.request_id is None:
            continue
        if answer.request_id in announced.completed:
            for identifier, number in answer.served:
                served = conversations[identifier]
                served.states.add(number)
                served.first = answer.at if served.first is None else min(served.first, answer.at)
                served.last = max(served.last or (answer.at, number), (answer.at, number))
        elif answer.request_id in announced.records:
            for identifier, number in answer.served:
                conversations[identifier].perhaps.append((answer.at, number))
    return dict(conversations)


def states_to_fetch(served: Mapping[str, Served]) -> list[State]:
    """The states whose content has to be known."""
    return [
        (identifier, number)
        for identifier, one in served.items()
        for number in sorted(one.states | {number for _, number in one.perhaps})
    ]


def by_key(appended: Iterable[Appended]) -> dict[str, list[Appended]]:
    """Per key, in order of the topic."""
    trails: dict[str, list[Appended]] = defaultdict(list)
    for one in appended:
        trails[one.key].append(one)
    return dict(trails)
