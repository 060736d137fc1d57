"""Fingerprints: what must not change one, and that everything else does."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from producer.transform.content import SETS, parse
from producer.transform.fingerprint import FINGERPRINT_VERSION, FINGERPRINTS, fingerprint
from tests.support.conversations import SAMPLES
from tests.support.strategies import ANYTHING, TEXT, conversations

SEEDS = st.integers(0, 2**32)


def print_of(content: Any) -> bytes:
    return fingerprint(parse(json.dumps(content).encode()))


def rearranged(value: Any, chance: random.Random) -> Any:
    """The same content: members in another order, null and empty members here and there, sets in another order."""
    if isinstance(value, list):
        return [rearranged(each, chance) for each in value]
    if not isinstance(value, dict):
        return float(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53 else value
    members = [(name, rearranged(each, chance)) for name, each in value.items()]
    for name, each in members:
        if name in SETS and isinstance(each, list):
            chance.shuffle(each)
    unsaid: list[tuple[str, Any]] = [
        (f"unsaid {number}", chance.choice([None, []])) for number in range(chance.randrange(3))
    ]
    said = [(name, each) for name, each in members if each not in (None, []) or chance.random() < 0.5]
    mixed = said + unsaid
    chance.shuffle(mixed)
    return dict(mixed)


@given(conversations(), SEEDS)
def test_the_same_content_has_the_same_fingerprint(content: dict[str, Any], seed: int) -> None:
    assert print_of(rearranged(content, random.Random(seed))) == print_of(content)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something is said."""
    if isinstance(value, dict):
        for name, each in value.items():
            if each not in (None, []):
                yield from places(each, (*path, name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from places(each, (*path, index))
    else:
        yield path


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


@given(conversations(), st.data())
def test_every_value_counts(content: dict[str, Any], data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(places(content), key=str)))
    other = data.draw(st.one_of(ANYTHING, TEXT).filter(lambda new: new not in (None, [])))
    changed = replaced(content, path, other)
    same = parse(json.dumps(changed).encode()) == parse(json.dumps(content).encode())
    kept = json.dumps(parse(json.dumps(changed).encode()), sort_keys=True) == json.dumps(
        parse(json.dumps(content).encode()), sort_keys=True
    )
    assert (print_of(changed) == print_of(content)) == (same and kept)


@given(st.lists(TEXT, min_size=2, max_size=4, unique=True))
def test_the_order_of_a_list_counts_unless_it_is_a_set(values: list[str]) -> None:
    other = [*values[1:], values[0]]
    assert print_of({"callbackNumbers": values}) != print_of({"callbackNumbers": other})
    for name in SETS:
        assert print_of({name: values}) == print_of({name: other})


def test_the_fingerprints_of_version_1_stay_what_they_are() -> None:
    sample = json.loads((SAMPLES / "blueprint-chat-conversation1.json").read_bytes())
    assert FINGERPRINTS[1](parse(json.dumps(sample).encode())).hex() == "571c5cec5008cad89695d8a07adf3f9b"
    assert max(FINGERPRINTS) == FINGERPRINT_VERSION
