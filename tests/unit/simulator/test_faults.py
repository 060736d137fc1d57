from __future__ import annotations

import pytest

from producer.simulator.faults import Fault, FaultTable, Trouble

QUERY = "/api/v2/analytics/conversations/details/query"


def fired(table: FaultTable, count: int, path: str = QUERY, now: int = 0) -> list[str | None]:
    drawn = [table.draw(path, now) for _ in range(count)]
    return [fault.kind.value if fault else None for fault in drawn]


def test_the_next_two_requests_of_a_path_after_one_that_passes() -> None:
    table = FaultTable((Fault(kind=Trouble.RESET, path="/details/query", times=2, skip=1),), 1)
    assert fired(table, 1, "/api/v2/users") == [None]
    assert fired(table, 4) == [None, "reset", "reset", None]
    assert table.listing() == []


def test_by_probability_with_seeded_dice() -> None:
    faults = (Fault(kind=Trouble.STALL, probability=0.2),)
    first, second = (fired(FaultTable(faults, 1), 1_000) for _ in range(2))
    assert first == second
    assert 150 < first.count("stall") < 250


def test_by_schedule() -> None:
    table = FaultTable((Fault(kind=Trouble.FORBIDDEN, since=100, until=200),), 1)
    assert [fired(table, 1, now=now)[0] for now in (99, 100, 199, 200)] == [None, "forbidden", "forbidden", None]


def test_the_first_that_fires_wins_and_the_listing_counts() -> None:
    table = FaultTable((), 1)
    table.add(Fault(kind=Trouble.SLOW, path="/users", seconds=2))
    table.add(Fault(kind=Trouble.CUT))
    assert fired(table, 1, "/api/v2/users") + fired(table, 2) == ["slow", "cut", "cut"]
    assert [(entry["kind"], entry["fired"]) for entry in table.listing()] == [("slow", 1), ("cut", 2)]
    table.clear()
    assert fired(table, 1) == [None]


def test_read_from_the_command_line() -> None:
    read = Fault.parse("kind=rate-limited, path=/details/query, probability=0.5, times=3, retry_after=7, seconds=2.5")
    assert read == Fault(
        kind=Trouble.RATE_LIMITED, path="/details/query", probability=0.5, times=3, retry_after=7, seconds=2.5
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "path=/x",
        "kind=earthquake",
        "kind=stall,times=soon",
        "kind=stall,colour=red",
        "kind=stall,probability=2",
        "kind=oversized,octets=-1",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the kinds of text differ, see Fault.of
        Fault.parse(text)
