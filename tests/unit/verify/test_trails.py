"""The records of one conversation, in every way in which they can be wrong."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from producer.verify.facts import Bounds, Remembered, Seen
from producer.verify.findings import Check
from producer.verify.trails import last_of, last_state, trail_findings
from tests.support.facts import BOUNDS, ID, PARTITION, remembered, seen

TRAIL = [seen(1), seen(2), seen(3)]
TOMBSTONE = seen(4, version=0, revision=0, content=b"", request="")


def checks(trail: list[Seen], state: Remembered | None, bounds: Bounds = BOUNDS) -> list[str]:
    return [finding.check for finding in trail_findings(trail, state, bounds)]


def test_a_sound_trail() -> None:
    assert checks(TRAIL, remembered(3)) == []
    assert checks([], None) == []


@pytest.mark.parametrize(
    ("trail", "between"),
    [
        ([seen(2), seen(3)], (-math.inf, 200)),
        ([seen(1), seen(3)], (100, 300)),
        ([seen(1), seen(2)], (200, math.inf)),
        ([], (-math.inf, math.inf)),
    ],
)
def test_a_missing_record_and_when_it_was_appended(trail: list[Seen], between: tuple[float, float]) -> None:
    (finding,) = trail_findings(trail, remembered(3), BOUNDS)
    assert (finding.check, finding.ids, finding.between) == (Check.MISSING, (ID,), between)


def test_what_compaction_takes_away_is_not_missing_and_what_it_leaves_alone_is() -> None:
    beyond = replace(BOUNDS, compacted_to=250)
    assert checks([seen(2), seen(3)], remembered(3), beyond) == []
    assert checks([seen(3)], remembered(3), beyond) == [Check.MISSING]
    assert checks([seen(1), seen(3)], remembered(3), replace(BOUNDS, compacted_to=1_000)) == [Check.MISSING]


def test_a_doubled_record() -> None:
    ((finding),) = trail_findings([seen(1), seen(2), seen(2, offset=3), seen(3)], remembered(3), BOUNDS)
    assert (finding.check, finding.read, finding.ids) == (Check.DOUBLED, "read-2", (ID,))


def test_the_same_content_in_a_row() -> None:
    again = seen(2, content=seen(1).content)
    assert checks([seen(1), again], remembered(2, content=again.content)) == [Check.DOUBLED]


def test_the_same_content_with_other_attributes_is_news() -> None:
    again = seen(2, content=seen(1).content, attributes_as_of=200)
    assert checks([seen(1), again], remembered(2, content=again.content)) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (0b00, 0b01, []),
        (0b01, 0b11, []),
        (0b00, 0b11, []),
        (0b00, 0b00, [Check.DOUBLED]),
        (0b11, 0b11, [Check.DOUBLED]),
        (0b11, 0b01, [Check.DOUBLED]),
        (0b01, 0b10, [Check.DOUBLED]),
    ],
)
def test_the_same_content_with_a_name_more_and_none_less_is_no_doubled_record(
    before: int, after: int, expected: list[str]
) -> None:
    many = before << 100, after << 100  # more than a number of SQLite holds
    for had, has in ((before, after), many):
        first = seen(1, names=f"{had:x}")
        again = seen(2, content=first.content, names=f"{has:x}")
        assert checks([first, again], remembered(2, content=again.content)) == expected


def test_another_order() -> None:
    (finding,) = trail_findings([seen(2), seen(1), seen(3)], remembered(3), BOUNDS)
    assert (finding.check, finding.read, finding.ids) == (Check.ORDER, "read-1", (ID,))


def test_two_contents_of_one_version() -> None:
    assert checks([seen(1), seen(1, content=bytes(16))], remembered(1)) == [Check.ORDER]


def test_another_partition() -> None:
    elsewhere = seen(2, partition=(PARTITION + 1) % 3)
    assert checks([seen(1), elsewhere, seen(3)], remembered(3)) == [Check.PARTITION]


@pytest.mark.parametrize(
    "altered",
    [
        seen(2, version=250),
        seen(2, as_of=150),
        seen(1, version=150),
        seen(1, as_of=50),
    ],
)
def test_a_version_that_does_not_follow(altered: Seen) -> None:
    trail = [altered if each.revision == altered.revision else each for each in TRAIL]
    assert Check.CONTENT in checks(trail, remembered(3))


def test_a_version_that_stands_for_a_change_of_the_same_instant() -> None:
    trail = [seen(1), seen(2, version=101, as_of=100)]
    assert checks(trail, remembered(2, version=101)) == []


def test_revisions_that_do_not_rise_and_content_that_is_older_than_the_one_before() -> None:
    assert checks([seen(1), seen(2), seen(3, revision=2)], remembered(3, revision=2)) == [Check.ORDER]
    assert Check.ORDER in checks([seen(1), seen(2, as_of=50, version=101)], remembered(2, version=101))


def test_tracking_that_began_anew() -> None:
    anew, state = seen(3, revision=1, resumed=1), remembered(3, revision=1)
    forgotten = replace(BOUNDS, positions={"default": replace(BOUNDS.positions["default"], passed=200)})
    assert checks([seen(1), seen(2), anew], state, forgotten) == []
    assert checks([seen(1), seen(2), anew], state) == [Check.ORDER]  # too young to be forgotten
    assert checks([seen(1), seen(2), seen(3, resumed=1)], remembered(3), forgotten) == [Check.ORDER]
    same = anew._replace(content=seen(2).content)
    assert checks([seen(1), seen(2), same], state._replace(content=same.content), forgotten) == [Check.DOUBLED]


@pytest.mark.parametrize(
    "state",
    [
        remembered(3, content=bytes(16)),
        remembered(2),
        remembered(3, source="another"),
    ],
)
def test_a_state_that_is_not_what_the_topic_ends_with(state: Remembered) -> None:
    assert checks(TRAIL, state) == [Check.STATE]


def test_without_a_state_only_what_no_read_returns_any_more_is_sound() -> None:
    positions = {"default": replace(BOUNDS.positions["default"], passed=300)}
    assert checks(TRAIL, None) == [Check.STATE]
    assert checks(TRAIL, None, replace(BOUNDS, positions=positions)) == []
    assert checks(TRAIL, None, replace(BOUNDS, positions={})) == [Check.STATE]
    ended = [*TRAIL[:2], seen(3, ended=150)]
    assert checks(ended, None) == [Check.STATE]
    for passed, found in ((149, [Check.STATE]), (150, [])):
        positions = {"default": replace(BOUNDS.positions["default"], passed=passed)}
        assert checks(ended, None, replace(BOUNDS, positions=positions)) == found


def test_tombstones() -> None:
    assert checks([*TRAIL, TOMBSTONE], None) == []
    assert checks([*TRAIL, TOMBSTONE], remembered(3, redacted=1)) == []
    assert checks([], remembered(3, redacted=1)) == []
    assert checks([*TRAIL, TOMBSTONE], remembered(3)) == [Check.STATE]


def test_the_last_record() -> None:
    assert last_of(TRAIL) == seen(3)
    assert last_of([seen(1), seen(3), seen(2)]) == seen(3)
    assert last_of([*TRAIL, TOMBSTONE]) is None
    assert last_of([]) is None


def test_the_last_state() -> None:
    assert last_state([remembered(1), remembered(2)]) == remembered(2)
    assert last_state([remembered(1), remembered(0, forgotten=1)]) is None
    assert last_state([]) is None


def test_a_state_that_never_held_content_asks_for_no_record() -> None:
    assert checks([], remembered(0, version=0, content=b"")) == []
