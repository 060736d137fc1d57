"""Each count fires on a run made for it, and on no healthy one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from producer.dev.judge import counting
from producer.dev.judge.content import Digest
from producer.dev.judge.evidence import (
    Announced,
    Answer,
    Appended,
    Served,
    State,
    TrueConversation,
    TrueState,
    by_key,
    states_to_fetch,
    what_was_served,
)
from producer.dev.judge.horizon import DAY, Horizon
from producer.dev.judge.verdict import Freshness


def answer(at: int, *served: State, read: str = "whole") -> Answer:
    return Answer(at=at, request_id=read, served=served)


def record(key: str, content: str, version: int, *, partition: int = 0, at: int = 0) -> Appended:
    return Appended(key=key, partition=partition, at=at, content=content.encode(), version=version)


ANNOUNCED = Announced(records={"whole": 0, "half": 0}, completed={"whole"})
CONTENTS: Mapping[State, Digest] = {("a", 0): b"a0", ("a", 1): b"a1", ("a", 2): b"a2", ("b", 0): b"b0"}


def cases(
    answers: list[Answer],
    records: list[Appended],
    letters: tuple[Appended, ...] = (),
    poison: frozenset[str] = frozenset(),
) -> dict[str, counting.Case]:
    served = what_was_served(answers, ANNOUNCED)
    contents = {state: CONTENTS[state] for state in states_to_fetch(served)}
    return {case.id: case for case in counting.cases_of(served, by_key(records), by_key(letters), contents, poison)}


def verdict(case: counting.Case) -> str:
    """Which counts a conversation raises."""
    counts = {
        "judged": case.judged,
        "changed": case.changed,
        "lost": case.lost,
        "behind": case.behind,
        "invented": case.invented,
        "doubled": counting.doubled(case.trail),
        "disordered": counting.disordered(case.trail),
    }
    return " ".join(name for name, count in counts.items() if count)


TWO_STATES = [answer(10, ("a", 0)), answer(20, ("a", 1))]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param([record("a", "a0", 1), record("a", "a1", 2)], "judged changed", id="healthy"),
        pytest.param([record("a", "a1", 2)], "judged changed", id="an earlier state that was overtaken may be missing"),
        pytest.param([], "judged changed lost", id="nothing"),
        pytest.param([record("a", "a0", 1)], "judged changed behind", id="the last state is missing"),
        pytest.param(
            [record("a", "a0", 1), record("a", "a1", 2), record("a", "a1", 3)], "judged changed doubled", id="twice"
        ),
        pytest.param([record("a", "a0", 2), record("a", "a1", 1)], "judged changed disordered", id="version falls"),
        pytest.param([record("a", "a0", 2), record("a", "a1", 2)], "judged changed disordered", id="version stays"),
        pytest.param(
            [record("a", "a0", 1), record("a", "a1", 2, partition=1)], "judged changed disordered", id="two partitions"
        ),
        pytest.param([record("a", "??", 1), record("a", "a1", 2)], "judged changed invented", id="never served"),
        pytest.param(
            [record("a", "a1", 1), record("a", "a0", 2)], "judged changed behind", id="an old state comes back"
        ),
    ],
)
def test_a_conversation_with_two_states(records: list[Appended], expected: str) -> None:
    assert verdict(cases(TWO_STATES, records)["a"]) == expected


def test_what_no_read_was_served_is_invented() -> None:
    assert verdict(cases(TWO_STATES, [record("x", "x0", 1)])["x"]) == "invented"


def test_a_read_without_a_committed_page_proves_nothing() -> None:
    assert cases([answer(10, ("a", 0), read="never committed")], []) == {}


def test_what_a_half_committed_read_was_served_may_be_there_or_not() -> None:
    answers = [*TWO_STATES, answer(30, ("a", 2), ("b", 0), read="half")]
    without = cases(answers, [record("a", "a1", 1)])
    with_it = cases(answers, [record("a", "a1", 1), record("a", "a2", 2), record("b", "b0", 3)])

    assert {key: verdict(case) for key, case in without.items()} == {"a": "judged changed", "b": ""}
    assert {key: verdict(case) for key, case in with_it.items()} == {"a": "judged changed", "b": ""}


def test_an_earlier_half_committed_read_excuses_nothing() -> None:
    answers = [answer(5, ("a", 0), read="half"), *TWO_STATES]
    assert verdict(cases(answers, [record("a", "a0", 1)])["a"]) == "judged changed behind"


def test_the_last_answer_counts_whatever_the_order_of_the_log() -> None:
    assert verdict(cases(TWO_STATES[::-1], [record("a", "a1", 1)])["a"]) == "judged changed"


def test_what_was_served_knows_when_it_began() -> None:
    served = what_was_served([answer(30, ("a", 1)), answer(10, ("a", 0)), answer(5, ("a", 0), read="half")], ANNOUNCED)
    assert (served["a"].first, served["a"].last) == (10, (30, 1))


def test_a_state_of_the_past_from_a_replica_that_lags_may_be_disbelieved() -> None:
    answers = [*TWO_STATES, answer(30, ("a", 0))]
    assert verdict(cases(answers, [record("a", "a1", 1)])["a"]) == "judged changed"
    assert verdict(cases(answers, [record("a", "a1", 1), record("a", "a0", 2)])["a"]) == "judged changed"


def test_a_poison_conversation_belongs_to_the_dead_letters() -> None:
    poison = frozenset({"a"})
    letter = Appended(key="a", partition=0, at=0, content=b"a1")

    assert verdict(cases(TWO_STATES, [], (letter,), poison)["a"]) == "judged changed"
    assert verdict(cases(TWO_STATES, [record("a", "a1", 1)], (), poison)["a"]) == "judged changed lost"
    assert cases(TWO_STATES, [], (letter, letter), poison)["a"].trail == [letter, letter]
    assert counting.doubled([letter, letter]) == 1


def test_equal_heads_that_claim_other_contents_are_no_doubles() -> None:
    trail = [Appended(key="a", partition=0, at=0, content=b"a1", claim=claim) for claim in ("1", "2", "2")]
    assert counting.doubled(trail) == 1


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "q", 0),
        ("q", "qw", 0),
        ("", "", 1),
        ("qw", "qw", 1),
        ("qw", "q", 1),
        ("q", "w", 1),
    ],
)
def test_the_same_content_again_is_doubled_unless_it_carries_a_name_more_and_none_less(
    before: str, after: str, expected: int
) -> None:
    first, again = (
        Appended(key="a", partition=0, at=0, content=b"a0", names=frozenset(names)) for names in (before, after)
    )
    assert counting.doubled([first, again]) == expected
    assert counting.doubled([first, again, again]) == expected + 1


def test_a_healthy_conversation_in_the_dead_letters_is_lost() -> None:
    letter = Appended(key="a", partition=0, at=0, content=b"a1")
    assert verdict(cases(TWO_STATES, [], (letter,))["a"]) == "judged changed lost"


def test_records_are_held_against_what_the_audit_announced() -> None:
    assert counting.unaccounted({"r1": 2, "r2": 0}, {"r1": 2}) == 0
    assert counting.unaccounted({"r1": 3}, {"r1": 2}) == 1
    assert counting.unaccounted({}, {"r1": 2}) == 2


def conversation(*states: tuple[int, int | None], start: int = 0) -> TrueConversation:
    told = tuple(TrueState(visible_at=visible_at, end=end) for visible_at, end in states)
    return TrueConversation(id="a", poison=False, start=start, states=told)


HORIZON = Horizon(
    head=timedelta(seconds=300),
    rereads=(timedelta(hours=1),),
    allowance=timedelta(minutes=5),
)
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
SPAN = counting.Span(begin=0, end=3 * DAY)


def told(missed: counting.Missed) -> str:
    """The counts of one conversation: its cause, or that no read could return it."""
    return " ".join([*missed.unseen, *["beyond"] * missed.beyond_horizon])


@pytest.mark.parametrize(
    ("states", "served", "counted"),
    [
        pytest.param([(10, None), (20, 15)], {0, 1}, "", id="all seen"),
        pytest.param([(10, None), (20, 15)], {1}, "", id="the last one seen"),
        pytest.param([(10, None)], None, "pageDrift", id="never, though alive all the time"),
        pytest.param([(10, None), (20, 15)], {0}, "pageDrift", id="its end, though the head asked for it"),
        pytest.param([(10 * MINUTE, 15)], None, "visibilityTail", id="visible when the head had read its windows"),
        pytest.param([(10, None), (20, 15), (59 * MINUTE, 15)], {0, 1}, "laterChange", id="just before the re-read"),
        pytest.param([(10, None), (20, 15), (61 * MINUTE, 15)], {0, 1}, "beyond", id="behind the last re-read"),
        pytest.param(
            [(10, None), (20, 15), (61 * MINUTE, 15)], {0}, "laterChange", id="open at midnight for all we know"
        ),
        pytest.param([(2 * HOUR, 15)], None, "beyond", id="visible when nothing asks any more"),
        pytest.param([(10, None), (DAY + 5, DAY + 1)], {0}, "midnight", id="ended on the next day, known to be open"),
        pytest.param([(DAY + HOUR + 5, None)], None, "beyond", id="visible on the next day only, behind the re-reads"),
        pytest.param([(DAY + 5, None)], None, "midnight", id="visible on the next day, before the re-reads"),
        pytest.param([(4 * DAY, None)], None, "", id="visible behind the end"),
        pytest.param([(10, None), (3 * DAY - 19 * MINUTE, None)], {0}, "", id="visible so late that no read was due"),
        pytest.param([(10, None), (3 * DAY - 21 * MINUTE, None)], {0}, "midnight", id="visible before a read was due"),
    ],
)
def test_what_was_not_served_is_unseen_or_beyond_the_horizon(
    states: list[tuple[int, int | None]], served: set[int] | None, counted: str
) -> None:
    known = {} if served is None else {"a": Served(states=served, last=(1, max(served)))}
    assert told(counting.missed([conversation(*states)], known, SPAN, HORIZON)) == counted


def test_what_was_visible_before_the_run_was_not_to_be_seen() -> None:
    span = counting.Span(begin=100, end=DAY)
    assert told(counting.missed([conversation((10, 5))], {}, span, HORIZON)) == ""


def test_freshness_is_the_time_from_visible_to_the_first_commit_of_each_state() -> None:
    truth = [conversation((1_000, None), (5_000, None))]
    records = [record("a", "a0", 1, at=3_000), record("a", "a1", 2, at=15_000), record("a", "a0", 3, at=90_000)]
    found = cases(TWO_STATES, records).values()

    assert counting.freshness(found, truth, SPAN) == Freshness(p50=2.0, p99=10.0)
    assert counting.freshness(found, truth, counting.Span(begin=2_000, end=9)) == Freshness(p50=10.0, p99=10.0)
    assert counting.freshness([], truth, SPAN) == Freshness(p50=None, p99=None)
