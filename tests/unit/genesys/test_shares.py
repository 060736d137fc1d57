from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

from producer.genesys.shares import ORDER, Shares
from producer.model.reads import ReadKind
from tests.support.clock import NOON

GUARANTEED = {ReadKind.WATCH: 0.1, ReadKind.REREAD: 0.1, ReadKind.BACKFILL: 0.05}
CAP = 100


def shares(**spent: int) -> Shares:
    """What was sent in the last minute, by kind."""
    made = Shares(GUARANTEED)
    for kind, number in spent.items():
        for _ in range(number):
            made.sent(ReadKind(kind), NOON)
    return made


def waiting(*kinds: str) -> Iterable[ReadKind]:
    return [ReadKind(kind) for kind in kinds]


@pytest.mark.parametrize(
    ("spent", "who_waits", "first"),
    [
        ({"watch": 10, "reread": 10, "backfill": 5}, ["backfill", "reread", "head", "watch"], "head"),
        ({"watch": 10, "reread": 10, "backfill": 5}, ["backfill", "reread", "watch"], "watch"),
        ({"watch": 10, "reread": 9, "backfill": 5}, ["head", "reread", "watch"], "reread"),
        ({"watch": 9, "reread": 9}, ["head", "backfill", "reread", "watch"], "watch"),
        ({"watch": 10, "reread": 10, "backfill": 4}, ["head", "backfill"], "backfill"),
        ({"head": 90}, ["head"], "head"),
        ({"lake": 50}, ["query", "lake"], "lake"),
    ],
)
def test_the_more_important_goes_first_unless_another_has_less_than_its_share(
    spent: dict[str, int], who_waits: list[str], first: str
) -> None:
    assert shares(**spent).next(list(waiting(*who_waits)), CAP, NOON).value == first


def test_what_was_sent_counts_for_a_minute() -> None:
    made = shares(watch=10)
    both = list(waiting("head", "watch"))
    assert made.next(both, CAP, NOON + timedelta(seconds=59)).value == "head"
    assert made.next(both, CAP, NOON + timedelta(minutes=1)).value == "watch"
    assert not made.spent(NOON + timedelta(minutes=1))


def test_under_full_load_each_kind_has_its_share_and_the_head_has_the_rest() -> None:
    made, now = Shares(GUARANTEED), NOON
    for number in range(3 * CAP):  # three minutes of a budget that is used up evenly
        now = NOON + timedelta(minutes=number / CAP)
        made.sent(made.next(list(waiting("head", "watch", "reread", "backfill")), CAP, now), now)
    spent = made.spent(now)
    assert {kind.value: number for kind, number in spent.items()} == {
        "head": 75,
        "watch": 10,
        "reread": 10,
        "backfill": 5,
    }


def test_no_more_than_a_minute_is_remembered_also_when_nobody_ever_waits() -> None:
    made = Shares(GUARANTEED)
    for number in range(10 * CAP):
        made.sent(ReadKind.HEAD, NOON + timedelta(minutes=number / CAP))
    assert len(made._sent) == CAP


def test_every_kind_has_a_place_in_the_order_and_the_head_is_the_first() -> None:
    assert set(ORDER) == set(ReadKind)
    assert ORDER[0] is ReadKind.HEAD
