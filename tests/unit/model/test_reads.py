from __future__ import annotations

import pytest

from producer.errors import ProducerError
from producer.model.reads import Origin, Read, ReadKind, Split
from producer.model.windows import Ended, Slice
from tests.support.build import head_read, in_the_middle, read_end, window

WHOLE = window("10:00", "10:30")
HALVES = in_the_middle(WHOLE)


def test_a_read_of_time_asks_the_query_and_a_read_of_ids_asks_by_id() -> None:
    by_id = Read(request_id="r2", kind=ReadKind.WATCH, ids=("a", "b"))
    assert (head_read().origin, by_id.origin) == (Origin.QUERY, Origin.BY_ID)


def test_success_is_pages_with_conversations_per_attempt_and_nothing_when_nothing_was_attempted() -> None:
    assert read_end(pages=2).success_ratio == 1.0
    assert read_end(pages=2, filled=1).success_ratio == 0.5
    assert read_end(pages=0).success_ratio is None


def test_a_split_is_in_time_when_every_part_has_a_window_of_its_own() -> None:
    in_time = Split(parts=tuple(Slice(window=half) for half in HALVES), hits=20_000)
    by_end = Split(parts=tuple(Slice(window=WHOLE, ended=ended) for ended in Ended), hits=150_000)
    mixed = Split(parts=(*in_time.parts, *(Slice(window=HALVES[0], ended=each) for each in Ended)), hits=9)
    assert (in_time.in_time, by_end.in_time, mixed.in_time) == (True, False, False)


def test_a_split_has_at_least_two_parts_or_the_window_would_be_planned_for_ever() -> None:
    for parts in ((), (Slice(window=WHOLE),)):
        with pytest.raises(ProducerError, match=r"split must have at least two parts: 7 hits, \d"):
            Split(parts=parts, hits=7)
