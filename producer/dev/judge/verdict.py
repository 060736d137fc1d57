"""What the judge found, as values and as the JSON object that commands print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """Seconds of the organisation's clock from a state's visibility to its commit; None when nothing was measured."""

    p50: float | None
    p99: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Counts of conversations, unless said otherwise. The fields that must be 0 come first."""

    lost: int
    """Served in a committed read, and nothing of it on the topic (a poison one: nothing in the dead letters)."""
    behind: int
    """Its last record is not what a committed read was served last."""
    doubled: int
    """Records whose content is that of the record before them, per key, but for a name that they carry and it lacks."""
    disordered: int
    """Records whose version is not above the one before them, or that lie on another partition than their key."""
    invented: int
    """Records whose content no answer ever held."""
    unaccounted: int
    """Records too few or too many, per read, against what its audit events announce."""
    judged: int
    """Served in a committed read."""
    changed: int
    """Of these, served with more than one content."""
    unseen: Mapping[str, int]
    """Visible and not served (it, or its last state) though a read must have shown it, by cause. A fault where capture
    is to see everything; where only some of its reads run, it says how much those see.
    """
    beyond_horizon: int
    """Changed when no read could return it any more."""
    poisoned: int
    """Of the judged, the poison ones: their place is the dead-letter topic."""
    dead_letters: int
    """Records of the dead-letter topic."""
    records: int
    """Records of the conversations topic."""
    transactions: int
    requests: int
    """All requests that the organisation answered."""
    rate_limited: int
    """Requests that the organisation's limit refused."""
    freshness: Freshness
    head_through: int | None
    """What the last watermark record promises, epoch milliseconds; None without one."""

    @property
    def zeros(self) -> bool:
        """Nothing is lost, behind, doubled, out of order, invented or unaccounted for, and no limit was hit."""
        faults = (self.lost, self.behind, self.doubled, self.disordered, self.invented, self.unaccounted)
        return not any(faults) and not self.rate_limited

    def as_json(self) -> dict[str, Any]:
        """The verdict as one JSON object."""
        through = None if self.head_through is None else datetime.fromtimestamp(self.head_through / 1_000, UTC)
        return {
            "judged": self.judged,
            "changed": self.changed,
            "lost": self.lost,
            "behind": self.behind,
            "doubled": self.doubled,
            "disordered": self.disordered,
            "invented": self.invented,
            "unaccounted": self.unaccounted,
            "unseen": dict(sorted(self.unseen.items())),
            "beyondHorizon": self.beyond_horizon,
            "poisoned": self.poisoned,
            "deadLetters": self.dead_letters,
            "records": self.records,
            "requests": self.requests,
            "rateLimited": self.rate_limited,
            "freshnessSeconds": {"p50": self.freshness.p50, "p99": self.freshness.p99},
            "transactions": self.transactions,
            "headThrough": None if through is None else through.isoformat(timespec="milliseconds"),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """How far the head's last watermark stayed behind the end of a run, and how far it may. All on the run's clock."""

    behind: timedelta | None
    """None: no watermark was ever promised."""
    allowed: timedelta

    @classmethod
    def of(cls, verdict: Verdict, *, ended_at: datetime, allowed: timedelta) -> Lateness:
        """The lateness of a run that ended then."""
        if verdict.head_through is None:
            return cls(behind=None, allowed=allowed)
        return cls(behind=ended_at - datetime.fromtimestamp(verdict.head_through / 1_000, UTC), allowed=allowed)

    @property
    def tolerable(self) -> bool:
        """The head came near enough to the end for the counts to say something of the whole run."""
        return self.behind is not None and self.behind <= self.allowed

    def as_json(self) -> dict[str, float | None]:
        """The lateness as fields of the verdict's JSON object."""
        return {
            "headBehindSeconds": None if self.behind is None else round(self.behind.total_seconds(), 3),
            "headBehindAllowedSeconds": round(self.allowed.total_seconds(), 3),
        }
