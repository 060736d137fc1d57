"""Interval algebra and the cutting of time, against sets of milliseconds."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from producer.model.coverage import union
from producer.model.instants import ONE_DAY, from_millis, to_millis, utc_midnight
from producer.model.windows import Interval, Window, windows_between
from tests.support.build import DAY

_FIRST = to_millis(DAY)
_FEW = 40  # milliseconds that the small intervals lie in


@st.composite
def few(draw: st.DrawFn) -> Interval:
    start = draw(st.integers(0, _FEW - 1))
    return Interval(from_millis(_FIRST + start), from_millis(_FIRST + draw(st.integers(start + 1, _FEW))))


def instants(*intervals: Interval) -> set[int]:
    return {each for span in intervals for each in range(to_millis(span.start), to_millis(span.end))}


@given(few(), few())
def test_a_difference_is_the_difference_of_sets_in_order(one: Interval, other: Interval) -> None:
    left = one.minus(other)
    assert instants(*left) == instants(one) - instants(other)
    assert sum(len(instants(part)) for part in left) == len(instants(*left))
    assert list(left) == sorted(left)


@given(st.lists(few(), max_size=8))
def test_a_union_has_every_instant_once_in_as_few_parts_as_can_be(parts: list[Interval]) -> None:
    merged = union(parts)
    assert instants(*merged) == instants(*parts)
    assert all(earlier.end < later.start for earlier, later in pairwise(merged))


@given(
    st.integers(_FIRST, _FIRST + 3 * 86_400_000),
    st.integers(0, 4 * 86_400_000),
    st.integers(600_000, 2 * 86_400_000),
)
def test_windows_tile_time_within_days(start_millis: int, length: int, longest_millis: int) -> None:
    start, end = from_millis(start_millis), from_millis(start_millis + length)
    longest = timedelta(milliseconds=longest_millis)
    windows = list(windows_between(start, end, longest))
    edges = [start, *(window.end for window in windows)]
    assert [window.start for window in windows] == edges[:-1]
    assert edges[-1] == end
    assert all(window.length <= longest and window.end <= utc_midnight(window.start) + ONE_DAY for window in windows)


_GRID = timedelta(minutes=1)


def _leaves(window: Window) -> list[Window]:
    halves = window.halves(_GRID)
    return [leaf for half in halves for leaf in _leaves(half)] if halves else [window]


@given(st.integers(0, 86_398_000), st.integers(1, 7_200_000), st.integers(0, 7_200_000))
def test_halves_of_halves_are_the_minutes_however_far_the_window_reaches(start: int, length: int, more: int) -> None:
    begin, midnight = from_millis(_FIRST + start), from_millis(_FIRST) + ONE_DAY
    ends = [min(midnight, begin + timedelta(milliseconds=each)) for each in (length, length + more)]
    short, long = [_leaves(Window(begin, end)) for end in ends]
    assert [leaf.start for leaf in short[1:]] == [leaf.end for leaf in short[:-1]]
    assert (short[0].start, short[-1].end) == (begin, ends[0])
    assert all(leaf.length <= _GRID and leaf.halves(_GRID) == () for leaf in short)
    assert short[:-1] == long[: len(short) - 1]
