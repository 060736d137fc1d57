"""The directory: what is told at once, what is looked up next, and what that takes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from producer import errors
from producer.model.names import NameKey, NameKind
from producer.planning.names import AT_ONCE, Directory, DirectoryPolicy, Extent
from tests.support.clock import NOON

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
QUEUE, WRAP_UP, USER, _ = NameKind


def directory(**policy: object) -> Directory:
    return Directory(DirectoryPolicy(**policy))  # type: ignore[arg-type] # tests give policies


def find(made: Directory, ids: Iterable[str], at: datetime = NOON, kind: NameKind = QUEUE) -> list[str | None]:
    return [made.find(NameKey(kind, each).text, at) for each in ids]


def look_up(made: Directory, known: dict[str, str], at: datetime = NOON) -> tuple[str, ...]:
    """One look-up of queues by an organisation that knows these; returns what was asked for."""
    ids = made.next(QUEUE, at)
    if ids:
        made.answered(QUEUE, ids, {each: known[each] for each in ids if each in known}, at)
    return ids


def test_a_name_is_not_known_at_first_and_is_wanted_from_then_on() -> None:
    made = directory()
    assert find(made, ["a", "b", "a"]) == [None, None, None]
    assert look_up(made, {"a": "Support", "b": "Sales"}) == ("a", "b")
    assert (find(made, "ab"), made.news) == (["Support", "Sales"], 2)
    assert made.next(QUEUE, NOON) == ()


def ripe(made: Directory, missing: str, told: str = "", at: datetime = NOON) -> bool:
    """Of a record that lacks the names of these queues, and has those of others."""
    return made.ripe([f"queue:{each}" for each in missing], [f"queue:{each}" for each in told], at)


def test_one_name_that_is_known_is_enough_and_all_are_asked_for() -> None:
    made = directory()
    assert not ripe(made, "ab")
    assert made.next(QUEUE, NOON) == ("a", "b")
    look_up(made, {"a": "Support"})
    assert (ripe(made, "ab"), ripe(made, "b"), ripe(made, ""), ripe(made, "", "a")) == (True, False, False, False)
    assert made.ripe(("queue:a", "campaign:1"), ("campaign:2",), NOON)


def test_a_record_is_not_sent_again_while_another_of_its_names_is_looked_up() -> None:
    made = directory()
    find(made, "a")
    look_up(made, {"a": "Support"})
    assert not ripe(made, "ab")
    assert made.news == 1
    made.failed(QUEUE)
    assert (ripe(made, "ab"), made.news) == (True, 2)  # it can't be looked up for now
    made.answered(QUEUE, ["c"], {}, NOON)
    assert not ripe(made, "ab")
    made.answered(QUEUE, ["b"], {}, NOON)
    assert (ripe(made, "ab"), made.news) == (True, 3)  # there is none


def test_a_name_that_would_be_lost_for_another_is_waited_for_and_asked_for() -> None:
    made = directory()
    find(made, "a")
    look_up(made, {"a": "Support"})
    assert not ripe(made, "a", "b")
    assert made.next(QUEUE, NOON) == ("b",)
    look_up(made, {"b": "Sales"})
    assert ripe(made, "a", "b")


def test_kinds_that_are_not_wanted_are_not_looked_up() -> None:
    made = directory(kinds=(QUEUE,))
    assert (find(made, ["a"], kind=USER), list(made.kinds)) == ([None], [QUEUE])
    find(made, ["b"])
    look_up(made, {"b": "Support"})
    assert made.ripe(["queue:b", "user:a"], [], NOON)
    assert not made.ripe(["queue:b"], ["user:a"], NOON)  # it has a name that would be lost
    assert made.extent() == Extent(known=1, unknown=0, wanted=0)


def test_queues_and_wrap_up_codes_are_apart() -> None:
    made = directory()
    find(made, ["a"])
    find(made, ["a"], kind=WRAP_UP)
    look_up(made, {"a": "Support"})
    assert (find(made, ["a"]), find(made, ["a"], kind=WRAP_UP)) == (["Support"], [None])
    assert made.next(WRAP_UP, NOON) == ("a",)


def test_those_that_wait_longest_are_looked_up_first_so_many_at_a_time() -> None:
    made = directory()
    ids = [str(number) for number in range(250)]
    find(made, ids)
    assert [len(look_up(made, {})) for _ in range(4)] == [100, 100, 50, 0]


def test_an_old_name_is_told_while_it_is_asked_for_again() -> None:
    made = directory(ttl=HOUR)
    find(made, ["a"])
    look_up(made, {"a": "Support"})
    assert find(made, ["a"], NOON + HOUR - MINUTE) == ["Support"]
    assert made.next(QUEUE, NOON + HOUR - MINUTE) == ()
    assert find(made, ["a"], NOON + HOUR) == ["Support"]
    assert look_up(made, {"a": "Service"}, NOON + HOUR) == ("a",)
    assert (find(made, ["a"], NOON + HOUR), made.news) == (["Service"], 1)


def test_a_name_that_nobody_uses_is_not_asked_for_again() -> None:
    made = directory(ttl=HOUR)
    find(made, ["a"])
    look_up(made, {"a": "Support"})
    assert made.next(QUEUE, NOON + DAY) == ()


def test_what_is_deleted_keeps_the_name_that_it_had() -> None:
    made = directory(ttl=HOUR)
    find(made, ["a"])
    look_up(made, {"a": "Support"})
    find(made, ["a"], NOON + HOUR)
    look_up(made, {}, NOON + HOUR)
    assert find(made, ["a"], NOON + HOUR) == ["Support"]


def test_an_unknown_id_is_asked_for_again_after_waits_that_double() -> None:
    made, asked = directory(), []
    for minute in range(2 * 24 * 60):
        now = NOON + minute * MINUTE
        find(made, ["gone"], now)
        if look_up(made, {}, now):
            asked.append(minute)
    assert asked == [0, 5, 15, 35, 75, 155, 315, 635, 1_275, 2_555]


def test_ten_thousand_queues_of_which_some_are_unknown_take_a_bounded_number_of_requests() -> None:
    """The figures that docs/operating.md states: 500 of 10,000 are gone, all are used all the time."""
    made = directory()
    ids = [str(number) for number in range(10_000)]
    known = {each: f"Queue {each}" for number, each in enumerate(ids) if number % 20}
    requests = {}
    for minute in sorted({*range(0, 2 * 24 * 60, 60), 5, 15, 35, 75, 155, 315, 635, 1_275, 2_555}):
        now = NOON + minute * MINUTE
        find(made, ids, now)
        requests[minute] = 0
        while look_up(made, known, now):
            requests[minute] += 1
    days = [sum(count for minute, count in requests.items() if minute // (24 * 60) == day) for day in (0, 1)]
    assert (requests[0], days) == (100, [140, 100])
    assert made.extent() == Extent(known=9_500, unknown=500, wanted=0)


def test_after_a_failure_nothing_of_that_kind_is_asked_for_until_it_is_waited_out() -> None:
    made = directory()
    find(made, ["a"])
    find(made, ["w"], kind=WRAP_UP)
    assert (made.failed(QUEUE), made.failed(QUEUE)) == (1, 2)
    made.wait(QUEUE, NOON + MINUTE)
    assert (made.next(QUEUE, NOON), made.next(WRAP_UP, NOON)) == ((), ("w",))
    assert made.next(QUEUE, NOON + MINUTE) == ("a",)
    assert made.answered(QUEUE, ["a"], {}, NOON + MINUTE)
    assert made.failed(QUEUE) == 1


def test_what_is_refused_is_asked_for_in_halves_and_one_alone_is_unknown() -> None:
    made = directory()
    find(made, "abcd")
    assert not made.refused(QUEUE, made.next(QUEUE, NOON), NOON)
    assert made.next(QUEUE, NOON) == ("a", "b")
    assert not made.refused(QUEUE, ("a", "b"), NOON)
    assert not made.refused(QUEUE, made.next(QUEUE, NOON), NOON)
    assert (made.extent(), made.next(QUEUE, NOON)) == (Extent(known=0, unknown=1, wanted=3), ("b",))
    look_up(made, {"b": "Support"})
    assert made.next(QUEUE, NOON) == ("c", "d")
    look_up(made, {})
    find(made, [str(number) for number in range(AT_ONCE)])
    assert len(made.next(QUEUE, NOON)) == 4


def test_one_after_the_other_refused_is_no_fault_of_an_id() -> None:
    made = directory()
    find(made, "abc")
    assert [made.refused(QUEUE, [each], NOON) for each in "aabc"] == [False, False, True, True]
    find(made, "d")
    look_up(made, {"d": "Support"})
    find(made, "e")
    assert not made.refused(QUEUE, ["e"], NOON)


def test_what_was_not_used_for_longest_is_forgotten_first() -> None:
    made = directory(most=2)
    find(made, "ab")
    look_up(made, {"a": "Support", "b": "Sales"})
    find(made, "ac")
    assert find(made, ["a"]) == ["Support"]
    assert made.extent() == Extent(known=1, unknown=0, wanted=1)
    find(made, "de")
    made.answered(QUEUE, ["c"], {"c": "Claims"}, NOON)
    assert (made.next(QUEUE, NOON), made.extent()) == (("d", "e"), Extent(known=0, unknown=0, wanted=2))


@pytest.mark.parametrize("policy", [{"ttl": timedelta(0)}, {"spacing": timedelta(0)}, {"most": 0}])
def test_a_policy_that_can_not_be(policy: dict[str, object]) -> None:
    with pytest.raises(errors.ConfigurationError, match="must be positive"):
        directory(**policy)
