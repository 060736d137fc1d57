"""The sample: so many of all, by chance that can be repeated."""

from __future__ import annotations

import random
from collections import Counter

from producer.verify.ledger import Last
from producer.verify.verification import Sample


def sampled(size: int, passing: int, seed: int) -> list[str]:
    sample = Sample(size, random.Random(seed))
    for number in range(passing):
        sample.take(Last(f"{number}", b"x", 0))
    return [each.id for each in sample.taken]


def test_as_many_as_asked_for_or_all_there_are() -> None:
    assert sampled(10, 4, 0) == ["0", "1", "2", "3"]
    assert len(set(sampled(10, 1_000, 0))) == 10


def test_the_same_seed_picks_the_same() -> None:
    assert sampled(10, 1_000, 7) == sampled(10, 1_000, 7) != sampled(10, 1_000, 8)


def test_each_is_as_likely_as_any_other() -> None:
    picked = Counter(each for seed in range(2_000) for each in sampled(2, 20, seed))
    assert len(picked) == 20
    assert max(picked.values()) < 2 * min(picked.values())
