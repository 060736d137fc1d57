"""What is wrong with the topics: each finding with the read and the conversations it is about, so many and no more."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

MOST_KEPT = 1_000
"""Findings of one check that are kept in full; the others are counted."""

Span = tuple[float, float]
"""From when to when something was appended, epoch milliseconds, both included."""


class Check(enum.StrEnum):
    """What is compared, in the order in which it is told."""

    READABLE = "readable"
    CONTENT = "content"
    SUMS = "sums"
    AUDIT = "audit"
    PARTITION = "partition"
    ORDER = "order"
    DOUBLED = "doubled"
    MISSING = "missing"
    STATE = "state"
    WATERMARKS = "watermarks"
    SOURCE = "source"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong. `read` is a request id, `ids` are conversations; `between` bounds the append of what is
    missing, so that the read it belonged to can be found.
    """

    check: Check
    text: str
    read: str | None = None
    ids: tuple[str, ...] = ()
    between: Span | None = field(default=None, compare=False)


@dataclass(slots=True)
class Findings:
    """All that was found, with bounded memory."""

    counts: Counter[Check] = field(default_factory=Counter)
    kept: list[Finding] = field(default_factory=list)

    def add(self, findings: Iterable[Finding]) -> None:
        """Count them, and keep the first ones of each check."""
        for finding in findings:
            self.counts[finding.check] += 1
            if self.counts[finding.check] <= MOST_KEPT:
                self.kept.append(finding)

    @property
    def total(self) -> int:
        """How many there are."""
        return self.counts.total()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """A read of which less is on the topic than it announced; `pages` are the appends of its pages' events."""

    read: str
    pages: tuple[int, ...]


def blamed(finding: Finding, shortfalls: Sequence[Shortfall]) -> Finding:
    """A missing record with the read that announced it, where only one read can have: a page's event and its records
    have the same append time, as they are one transaction.
    """
    if finding.between is None or finding.read is not None:
        return finding
    low, high = finding.between
    suspects = [each.read for each in shortfalls if any(low <= page <= high for page in each.pages)]
    return replace(finding, read=suspects[0]) if len(suspects) == 1 else finding
