from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from producer.commands.run import fastest_loop, quiet_collector


@pytest.fixture
def collector() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_the_collector_is_kept_from_looking_at_everything_again_and_again(collector: None) -> None:
    quiet_collector()

    assert gc.get_threshold()[0] >= 50_000
    assert gc.get_freeze_count() > 0


def test_there_is_always_a_loop() -> None:
    loop = fastest_loop()()
    try:
        assert loop.run_until_complete(_answer()) == 42
    finally:
        loop.close()


async def _answer() -> int:
    return 42
