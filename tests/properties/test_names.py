"""Names: whatever is known when, records differ in content or gain a name, and end with all that is known."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from producer.model.conversation import ConversationState
from producer.model.names import NameKind
from producer.model.outcome import Change, Emitted
from producer.transform.names import MANY, ONE
from producer.transform.normalize import Normalizer
from producer.transform.revision import Comparison
from tests.support.conversations import (
    MINUTE,
    NOON,
    SCHEMA,
    conversation,
    participant,
    seen,
    segment,
    session,
    sighting,
)
from tests.support.name_book import Book

IDS = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(3)]
NORMALIZER = Normalizer(SCHEMA.text)

Step = tuple[int, int, int, frozenset[str]]
"""A sighting: queue and code of the content, another value in it, and the ids whose names are known then."""
SAME = st.just((0, 0, 0))  # most sightings find what the one before them found
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        SAME | st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 1)), st.frozensets(st.sampled_from(IDS))
    ).map(lambda step: (*step[0], step[1])),
    min_size=1,
    max_size=12,
)


def content(queue: int, code: int, tag: int) -> dict[str, Any]:
    return conversation(
        participant("acd", session(segment("10:00:01", queueId=IDS[queue]))),
        participant(
            "agent", session(segment("10:01:00", segmentType="wrapup", wrapUpCode=IDS[code + 1])), userId=IDS[queue]
        ),
        conversationEnd="2025-03-10T11:00:00.000Z",
        externalTag=str(tag),
        divisionIds=[IDS[2]],
    )


def records_of(steps: Sequence[Step]) -> list[Emitted]:
    """What is emitted of one conversation that is seen once a minute."""
    states: dict[str, ConversationState] = {}
    emitted = []
    for minute, (queue, code, tag, known) in enumerate(steps):
        names = {f"{kind.value}:{each}": f"{kind.value} {each}" for each in known for kind in NameKind}
        compare = Comparison(NORMALIZER, Book(names))
        outcome = compare(seen(content(queue, code, tag)), states.get, sighting(NOON + minute * MINUTE))
        if isinstance(outcome, Emitted):
            states[outcome.state.id] = outcome.state
            emitted.append(outcome)
    return emitted


def names(emitted: Emitted) -> set[str]:
    """Each name that a record has, by its field and, where there are many, its id."""
    record = emitted.record
    one = {field for field in ONE if record[field] is not None}
    return one | {f"{field} {each}" for field in MANY for each in record[field]}


def ids(emitted: Emitted) -> set[str]:
    """Each name that a record could have."""
    record = emitted.record
    return set(ONE) | {f"{field} {each}" for field, (of, _) in MANY.items() for each in record[of]}


@given(STEPS)
def test_each_record_has_other_content_or_a_name_more_and_none_less(steps: list[Step]) -> None:
    for before, after in pairwise(records_of(steps)):
        same = before.record["contentHash"] == after.record["contentHash"]
        assert same == (names(before) < names(after) and same)
        assert (after.change is Change.NAMED) == same
        assert after.state.version > before.state.version


@given(STEPS)
def test_a_state_lacks_exactly_the_names_that_its_record_lacks(steps: list[Step]) -> None:
    for each in records_of(steps):
        assert len(each.state.names_missing) == len(ids(each) - names(each))


@given(STEPS)
def test_once_everything_is_known_the_last_record_tells_everything(steps: list[Step]) -> None:
    queue, code, tag, _ = steps[-1]
    last = records_of([*steps, (queue, code, tag, frozenset(IDS))])[-1]
    assert (names(last), last.state.names_missing) == (ids(last), ())
