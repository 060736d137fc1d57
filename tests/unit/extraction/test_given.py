"""Which ids are remembered, and for how long."""

from __future__ import annotations

from producer.extraction.given import Given
from producer.model.instants import to_millis
from producer.model.reads import Read, ReadKind
from producer.model.windows import Slice
from tests.support.build import at, window


def read(start: str, end: str) -> Read:
    return Read(request_id="r", kind=ReadKind.QUERY, slice=Slice(window=window(start, end)))


DAY, MORNING, NOON = read("00:00", "14:00"), read("00:00", "10:00"), read("10:00", "14:00")


def test_row_6_what_is_over_is_forgotten_with_its_part_and_what_lived_on_with_the_whole() -> None:
    given = Given()
    given.enter()
    given.enter()
    given.add("over", to_millis(at("09:59")))
    given.add("touching", to_millis(at("10:00")))
    given.add("open", None)
    assert [each in given for each in ("over", "touching", "open", "other")] == [True, True, True, False]
    given.leave(MORNING)
    given.enter()
    assert [each in given for each in ("over", "touching", "open")] == [False, True, True]
    assert len(given) == 2
    given.leave(NOON)
    given.leave(DAY)
    assert len(given) == 0


def test_what_a_read_gave_before_it_was_split_is_known_in_its_parts() -> None:
    given = Given()
    given.enter()
    given.add("early", to_millis(at("01:00")))
    given.enter()
    assert "early" in given
    given.leave(MORNING)
    assert "early" in given


def test_ids_that_were_asked_for_are_forgotten_with_their_batch() -> None:
    given = Given()
    given.enter()
    given.add("a", None)
    given.leave(Read(request_id="r", kind=ReadKind.QUERY, ids=("a",)))
    assert ("a" in given, len(given)) == (False, 0)
