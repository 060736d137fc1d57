"""A re-read whose counts do not agree is made once more, page by page."""

from __future__ import annotations

from typing import Any

import pytest

from producer.model.reads import Page, Read, ReadEnd, ReadKind, Split
from producer.model.windows import Slice
from tests.support.genesys_api import QUERY, Answer, GenesysApi
from tests.support.genesys_source import WINDOW, Bench, bench, plain
from tests.unit.genesys.test_windows import SMALL, pages_asked, short_calls


def told(*numbers: int, hits: int) -> Answer:
    body: dict[str, Any] = {
        "conversations": [{"conversationId": f"c{number}"} for number in numbers],
        "totalHits": hits,
    }
    return Answer(body=body)


async def read(made: Bench, kind: ReadKind = ReadKind.REREAD) -> list[Page | Split | ReadEnd]:
    whole = Read(request_id="r-1", kind=kind, slice=Slice(window=WINDOW), tier=1)
    return [item async for item in made.source.read(whole)]


async def test_one_that_adds_up_is_made_once(api: GenesysApi) -> None:
    api.population = short_calls(15)
    async with bench(api.url, options=SMALL) as made:
        items = plain(await read(made))
    assert items == ["page 1: 10 of 15", "page 2: 5 of 15", "complete: 15 unique, 2 pages, 2 attempts"]


async def test_two_passes_that_find_the_same_are_complete(api: GenesysApi) -> None:
    api.population = short_calls(15)
    api.script(QUERY, told(*range(10), hits=16))
    async with bench(api.url, options=SMALL) as made:
        items = plain(await read(made))
    assert items == [
        "page 1: 10 of 16",
        "page 2: 5 of 15",
        "page 3: 10 of 15",  # numbered on, so that each page of a read has a number of its own
        "page 4: 5 of 15",
        "complete: 15 unique, 4 pages, 4 attempts",
    ]
    assert pages_asked(api) == [1, 2, 1, 2]


async def test_two_passes_that_find_something_else_are_provisional(api: GenesysApi) -> None:
    api.population = short_calls(15)
    api.script(QUERY, told(*range(10), hits=15), told(*range(9, 14), hits=15))  # c14 slipped through
    api.script(QUERY, told(*range(10), hits=16))
    async with bench(api.url, options=SMALL) as made:
        *_, end = await read(made)
    assert plain([end]) == ["provisional: 15 unique, 4 pages, 4 attempts"]


async def test_a_second_pass_that_adds_up_by_itself_is_complete(api: GenesysApi) -> None:
    api.population = short_calls(15)
    api.script(QUERY, told(*range(10), hits=15), told(*range(9, 14), hits=15))
    async with bench(api.url, options=SMALL) as made:
        *_, end = await read(made)
    assert plain([end]) == ["complete: 15 unique, 4 pages, 4 attempts"]


async def test_so_is_the_look_for_open_ones_which_no_later_read_makes_good(api: GenesysApi) -> None:
    api.population = short_calls(15)
    api.script(QUERY, told(*range(10), hits=16))
    async with bench(api.url, options=SMALL) as made:
        *_, end = await read(made, ReadKind.WATCH)
    assert plain([end]) == ["complete: 15 unique, 4 pages, 4 attempts"]


@pytest.mark.parametrize("kind", [ReadKind.HEAD, ReadKind.BACKFILL])
async def test_others_are_not(api: GenesysApi, kind: ReadKind) -> None:
    api.population = short_calls(15)
    api.script(QUERY, told(*range(10), hits=16))
    async with bench(api.url, options=SMALL) as made:
        *_, end = await read(made, kind)
    assert plain([end]) == ["provisional: 15 unique, 2 pages, 2 attempts"]
