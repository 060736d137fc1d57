"""What the benchmarks work on: conversations of the simulated organisation, and pages of them under other ids.

Pure and seeded, so that the page server and the baselines make the same bytes, each in its own process.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from producer.simulator.options import SimulatorOptions
from producer.simulator.organisation import Organisation

PER_PAGE = 100
POOL = 2_000
"""Different conversations. More than a transaction carries, so that repeats don't help its compression."""
SMALLEST = 7_000
"""Bytes; with it they have 9-10 KB on average."""

_BEGIN = datetime(2026, 3, 10, 10, tzinfo=UTC)
_ID_BEGIN = b'"conversationId":"'
_ID_LENGTH = 36


def pool() -> list[bytes]:
    """The conversations that start from ten o'clock on a working day, each in its last state."""
    organisation = Organisation(SimulatorOptions(poison_probability=0.0, huge_probability=0.0))
    begin, end = (round(instant.timestamp() * 1_000) for instant in (_BEGIN, _BEGIN + timedelta(hours=1)))
    told = (organisation.content(plan, len(plan.states) - 1) for plan in organisation.appearing(begin, end))
    return list(itertools.islice((content for content in told if len(content) >= SMALLEST), POOL))


def conversations(made: list[bytes]) -> Iterator[bytes]:
    """The conversations of the pool over and over, never twice under the same id."""
    for number, conversation in enumerate(itertools.cycle(made)):
        begin = conversation.index(_ID_BEGIN) + len(_ID_BEGIN)
        own_id = conversation[begin : begin + _ID_LENGTH]
        yield conversation.replace(own_id, b"%08x%s" % (number, own_id[8:]))


def bodies(made: list[bytes], *, pages: int, pages_in_window: int) -> Iterator[bytes]:
    """The bodies of that many pages, each of another 100 conversations."""
    endless = conversations(made)
    hits = pages_in_window * PER_PAGE
    for _ in range(pages):
        yield b'{"conversations":[%s],"totalHits":%d}' % (b",".join(itertools.islice(endless, PER_PAGE)), hits)
