"""Windows of any population, read with any bounds: nothing is missed, whatever is split, shrunk or interrupted."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from producer.genesys.options import ClientOptions
from producer.model.reads import Page, ReadEnd, Split, Verdict
from producer.model.windows import Slice, Window
from tests.support.clock import NOON
from tests.support.genesys_api import QUERY, Answer, GenesysApi, Lived, Seen, genesys_api
from tests.support.genesys_source import Bench, bench

WINDOW = Window(NOON, NOON + timedelta(hours=2))
SECOND = timedelta(seconds=1)

starts = st.integers(-3600, 7199)
lengths = st.one_of(st.none(), st.integers(0, 7200))
directions = st.sampled_from(("inbound", "outbound", None))
populations = st.lists(st.tuples(starts, lengths, directions), max_size=80)


def population_of(outline: list[tuple[int, int | None, str | None]]) -> list[Lived]:
    return [
        Lived(
            id=f"c{number}",
            start=NOON + start * SECOND,
            end=None if length is None else NOON + (start + length) * SECOND,
            direction=direction,
        )
        for number, (start, length, direction) in enumerate(outline)
    ]


async def read_whole(made: Bench, part: Slice) -> tuple[set[str], list[ReadEnd]]:
    """Read a slice, and instead of a split its parts, as the flow does."""
    ids: set[str] = set()
    ends: list[ReadEnd] = []
    for item in await made.read(part):
        match item:
            case Page():
                ids |= {found.id or "" for found in item.conversations}
            case ReadEnd():
                ends.append(item)
            case Split():
                assert len(item.parts) > 1
                for each in item.parts:
                    more, further = await read_whole(made, each)
                    ids |= more
                    ends += further
    return ids, ends


@given(outline=populations, page_size=st.integers(1, 30), hit_bound=st.integers(1, 60), concurrency=st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_what_matches_a_window_is_read_and_every_read_is_complete(
    outline: list[tuple[int, int | None, str | None]], page_size: int, hit_bound: int, concurrency: int
) -> None:
    options = ClientOptions(page_size=page_size, hit_bound=hit_bound, concurrency=concurrency)

    async def run() -> None:
        async with genesys_api() as api, bench(api.url, options=options) as made:
            api.population = population_of(outline)
            ids, ends = await read_whole(made, Slice(window=WINDOW))
        assert ids == {each.id for each in api.population if each.matches({"interval": str(WINDOW)})}
        assert {end.verdict for end in ends} == {Verdict.COMPLETE}
        assert {end.unread for end in ends} == {None}

    asyncio.run(run())


@given(outline=populations, limit=st.integers(5, 40), page_size=st.integers(2, 30))
@settings(max_examples=40, deadline=None)
def test_an_api_that_fails_on_what_is_heavy_is_read_all_the_same(
    outline: list[tuple[int, int | None, str | None]], limit: int, page_size: int
) -> None:
    """It answers 502 to any page beyond `limit` results, as a gateway does when deep paging takes too long."""

    def too_deep(seen: Seen) -> Answer | None:
        if seen.path != QUERY:
            return None
        paging = seen.json["paging"]
        deep = paging["pageSize"] * paging["pageNumber"] > limit
        return Answer(status=502, body=b"<html>") if deep and busy(api, seen) > limit else None

    def busy(api: GenesysApi, seen: Seen) -> int:
        return sum(each.matches(seen.json) for each in api.population)

    api: GenesysApi

    async def run() -> None:
        nonlocal api
        async with genesys_api() as running, bench(running.url, options=ClientOptions(page_size=page_size)) as made:
            api = running
            # lives of a second: split far enough in time, no part is too deep
            api.population = population_of([(start, 1, direction) for start, _, direction in outline])
            expected = {each.id for each in api.population if each.matches({"interval": str(WINDOW)})}
            crowd = max((busy_minute(api, minute) for minute in range(120)), default=0)
            if crowd > limit:
                return
            api.refuse = too_deep
            ids, _ = await read_whole(made, Slice(window=WINDOW))
        assert ids == expected

    asyncio.run(run())


def busy_minute(api: GenesysApi, minute: int) -> int:
    """How many live in two minutes from one on: the smallest part that is still split."""
    start = WINDOW.start + minute * 60 * SECOND
    window = Window(start, start + 120 * SECOND)
    return sum(each.matches({"interval": str(window)}) for each in api.population)
