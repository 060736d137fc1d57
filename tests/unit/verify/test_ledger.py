"""The ledger: facts in any order go in, and come out by what they are about, in the order of the topic."""

from __future__ import annotations

import subprocess
import sys

import pytest

from producer import errors
from producer.verify.facts import Present
from producer.verify.ledger import Last, Ledger
from tests.support.facts import READ, read_of, remembered, seen, told


def test_conversations_come_with_their_records_and_states_in_order() -> None:
    with Ledger() as ledger:
        ledger.add([seen(2), seen(1), seen(1, id="a")])
        ledger.add([remembered(2, offset=9), remembered(1, offset=8), remembered(1, id="z")])
        assert list(ledger.trails()) == [
            ("a", [seen(1, id="a")], []),
            ("c-1", [seen(1), seen(2)], [remembered(1, offset=8), remembered(2, offset=9)]),
            ("z", [], [remembered(1, id="z")]),
        ]


def test_reads_come_with_their_events_and_what_is_on_the_topic() -> None:
    events = [each._replace(offset=number) for number, each in enumerate(read_of())]
    with Ledger() as ledger:
        ledger.add(events[::-1])
        ledger.add([told("STARTED", request="z-run")])
        for at in (30, 10, 20):
            ledger.count(READ, "QUERY", at)
        ledger.count("a-read", "BY_ID", 5)
        assert list(ledger.reads()) == [
            ("a-read", [], [Present("a-read", "BY_ID", 1, 5, 5)]),
            (READ, events, [Present(READ, "QUERY", 3, 10, 30)]),
            ("z-run", [told("STARTED", request="z-run")], []),
        ]


def test_counts_that_were_written_down_in_between_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("producer.verify.ledger._COUNTED", 2)
    with Ledger() as ledger:
        for at, request in enumerate(["a", "b", "a", "b", "a"]):
            ledger.count(request, "QUERY", at)
        assert [present for _, _, present in ledger.reads()] == [
            [Present("a", "QUERY", 3, 0, 4)],
            [Present("b", "QUERY", 2, 1, 3)],
        ]


def test_last_contents_are_found_by_id() -> None:
    lasts = [Last(f"{number:04}", b"x", number) for number in range(1_200)]
    with Ledger() as ledger:
        ledger.note_last(lasts)
        ledger.note_last([])
        assert ledger.last([each.id for each in lasts] + ["nobody"]) == {each.id: each for each in lasts}


def test_nothing_in_nothing_out() -> None:
    with Ledger() as ledger:
        ledger.add([])
        assert (list(ledger.trails()), list(ledger.reads()), ledger.first_audit()) == ([], [], {})


def test_when_the_first_event_of_each_partition_was_written() -> None:
    with Ledger() as ledger:
        ledger.add([told("STARTED", partition=1, at=7), told("STOPPED", partition=1, at=3), told("STARTED", at=9)])
        assert ledger.first_audit() == {0: 9, 1: 3}


def test_a_disk_that_fails_is_named() -> None:
    ledger = Ledger()
    with ledger:
        pass
    with pytest.raises(errors.PrerequisiteMissing, match="temporary file"):
        ledger.add([seen(1)])


FILLED = """
from producer.verify.ledger import Ledger
from tests.support.facts import seen
from tests.support.memory import peak
with Ledger(cache=1 << 10) as ledger:
    for start in range(0, {records}, 1_000):
        numbers = [(7_919 * each) % {records} for each in range(start, start + 1_000)]
        ledger.add([seen(1, id=f"00000000-0000-4000-8000-{{each:012}}") for each in numbers])
    print(sum(1 for _ in ledger.trails()), ledger.bytes_used(), peak())
"""


def filled(records: int) -> tuple[int, int, int]:
    """What a process of its own counted of so many records: trails, bytes on disk, and the most memory (KiB)."""
    program = [sys.executable, "-c", FILLED.format(records=records)]
    done = subprocess.run(program, capture_output=True, text=True, check=True, timeout=50)
    trails, used, peak = map(int, done.stdout.split())
    return trails, used, peak


def test_memory_does_not_grow_with_the_topic() -> None:
    """With a small cache, so that few records fill it; `make bench ARGS="verify"` measures the real one."""
    few, many = filled(20_000), filled(80_000)
    assert (few[0], many[0]) == (20_000, 80_000)
    assert many[1] - few[1] > 5 << 20
    assert many[2] - few[2] < 2 << 10  # KiB
