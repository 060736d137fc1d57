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

    def may_hold(self, missing: Span) -> bool:
        """True when one of its transactions was written in a span: a page's event and its records are one transaction,
        and have the same append time.
        """
        low, high = missing
        return any(low <= page <= high for page in self.pages)


def blamed(finding: Finding, shortfalls: Sequence[Shortfall]) -> Finding:
    """A missing record with the read that announced it, where only one read can have."""
    if finding.between is None or finding.read is not None:
        return finding
    suspects = [each.read for each in shortfalls if each.may_hold(finding.between)]
    return replace(finding, read=suspects[0]) if len(suspects) == 1 else finding


def concerned(read: str, shortfall: Shortfall | None, findings: Iterable[Finding]) -> list[str]:
    """The conversations of a read that other findings are about; where it falls short also those that may be its."""
    ids: list[str] = []
    for finding in findings:
        missing = finding.between if finding.read is None and shortfall is not None else None
        if finding.read == read or (missing is not None and shortfall is not None and shortfall.may_hold(missing)):
            ids += finding.ids
    return list(dict.fromkeys(ids))
