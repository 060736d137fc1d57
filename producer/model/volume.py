"""How much an organisation does in a day, as far as it decides what reading costs.

A day is cut into spans of equal length. A query returns the conversations of its day that lived in its window: those
under way where it begins, and those that begin in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from producer import errors
from producer.model.instants import ONE_DAY

OPEN_BANDS: tuple[tuple[int, int], ...] = ((1, 1), (2, 7), (8, 30))
"""Open conversations by how many days ago they began, from and to: those of yesterday, of the week, of the month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """`begun` is how many conversations begin in each span of the day, `under_way` how many of the same day's there are
    where each begins. `still_open` counts the open ones that began on earlier days, by `OPEN_BANDS`; `messages` and
    `emails` the threads among a day's conversations. Means of many days need not be whole numbers.
    """

    begun: tuple[float, ...]
    under_way: tuple[float, ...]
    still_open: tuple[float, ...] = (0.0,) * len(OPEN_BANDS)
    messages: float = 0.0
    emails: float = 0.0

    def __post_init__(self) -> None:
        if not self.begun or len(self.begun) != len(self.under_way) or len(self.still_open) != len(OPEN_BANDS):
            raise errors.ProducerError(f"volume must have as many numbers of each kind as there are spans: {self}")

    @property
    def a_day(self) -> float:
        """How many conversations begin in a day."""
        return sum(self.begun)

    @property
    def mean_under_way(self) -> float:
        """How many conversations of the day are under way, on average."""
        return sum(self.under_way) / len(self.under_way)

    @property
    def span_seconds(self) -> float:
        """How long a span is, in seconds."""
        return ONE_DAY.total_seconds() / len(self.begun)

    def hits(self, start: float, end: float) -> float:
        """How many conversations a window returns; `start` and `end` are seconds since its midnight."""
        return self._alive(start) + self._begun_until(end) - self._begun_until(start)

    def _begun_until(self, second: float) -> float:
        whole, part = divmod(second / self.span_seconds, 1)
        return sum(self.begun[: int(whole)]) + (part * self.begun[int(whole)] if part else 0.0)

    def _alive(self, second: float) -> float:
        """Between two spans in proportion; in the last one as many as where it begins."""
        whole, part = divmod(second / self.span_seconds, 1)
        here, after = _at(self.under_way, int(whole)), _at(self.under_way, int(whole) + 1)
        return here + part * (after - here)


def even_volume(a_day: float, under_way: float, still_open: float) -> Volume:
    """A day whose hours are alike: nothing under way at midnight, then always as many.

    Of those that are open from earlier days half began yesterday, of the rest most within the week.
    """
    hours = 24
    return Volume(
        begun=(a_day / hours,) * hours,
        under_way=(0.0, *(under_way,) * (hours - 1)),
        still_open=tuple(share * still_open for share in _BY_AGE),
    )


_BY_AGE = (0.5, 0.3, 0.2)


def _at(values: Sequence[float], index: int) -> float:
    return values[min(index, len(values) - 1)]
