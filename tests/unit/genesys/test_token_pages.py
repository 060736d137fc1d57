"""Paging by cursor: to the last page, and what becomes of cursors that are lost, repeat, or have no end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from producer import errors
from producer.genesys import token_pages
from producer.genesys.options import ClientOptions
from producer.model.reads import Page, ReadEnd, Split
from producer.model.selection import Selection
from producer.model.windows import Slice
from tests.support.genesys_api import QUERY, Answer, GenesysApi, Seen, error_answer
from tests.support.genesys_source import WINDOW, plain
from tests.support.token_source import Pages, bench, cursors

EXPIRED = error_answer(400, "invalid.cursor", "The nextPageToken is not valid, or it has expired")
THREE_PAGES = Pages({"": (("a", "b"), "c1"), "c1": (("c",), "c2"), "c2": (("d", "b"), "")})


async def test_pages_follow_one_another_up_to_the_one_without_a_cursor(api: GenesysApi) -> None:
    api.refuse = THREE_PAGES
    async with bench(api.url) as made:
        items = await made.read()

    assert plain(items) == [
        "page 1: 2 of None",
        "page 2: 1 of None",
        "page 3: 2 of None",
        "cursor-end: 4 unique, 3 pages, 3 attempts",
    ]
    assert cursors(api.asked(QUERY)) == ["", "c1", "c2"]
    assert isinstance(items[-1], ReadEnd)
    assert (items[-1].repeated, items[-1].first_hits, items[-1].last_hits) == (1, None, None)
    assert api.most_in_flight == 1


async def test_an_empty_page_with_a_cursor_is_not_the_end(api: GenesysApi) -> None:
    api.refuse = Pages({"": ((), "c1"), "c1": (("a",), "")})
    async with bench(api.url) as made:
        assert plain(await made.read()) == [
            "page 1: 0 of None",
            "page 2: 1 of None",
            "cursor-end: 1 unique, 2 pages, 2 attempts",
        ]


async def test_entities_that_do_not_show_their_ids_count_each(api: GenesysApi) -> None:
    api.script(QUERY, Answer(body={"entities": [{"id": "a"}, {}, "text"]}))
    async with bench(api.url) as made:
        assert plain(await made.read())[-1] == "cursor-end: 3 unique, 1 pages, 1 attempts"


@pytest.mark.parametrize("lost", [EXPIRED, error_answer(404, "not.found", "?"), error_answer(410, "gone", "?")])
async def test_a_cursor_that_is_no_longer_known_begins_the_window_anew(api: GenesysApi, lost: Answer) -> None:
    once = iter([lost])

    def gateway(seen: Seen) -> Answer | None:
        return next(once, THREE_PAGES(seen)) if seen.query.get("nextPageToken") == "c1" else THREE_PAGES(seen)

    api.refuse = gateway
    async with bench(api.url) as made:
        items = await made.read()

    assert plain(items)[-1] == "cursor-end: 4 unique, 4 pages, 5 attempts"
    assert [item.number for item in items if isinstance(item, Page)] == [1, 2, 3, 4]
    assert cursors(api.asked(QUERY)) == ["", "c1", "", "c1", "c2"]


async def test_a_window_whose_cursors_never_live_long_enough_is_split_in_time(api: GenesysApi) -> None:
    api.refuse = lambda seen: EXPIRED if "nextPageToken" in seen.query else THREE_PAGES(seen)
    async with bench(api.url) as made:
        *pages, split = await made.read()

    assert [item.number for item in pages if isinstance(item, Page)] == [1, 2, 3]
    assert isinstance(split, Split)
    assert [str(part) for part in split.parts] == [str(half) for half in WINDOW.halves(timedelta(minutes=1))]
    assert cursors(api.asked(QUERY)) == ["", "c1"] * token_pages.MOST_PASSES


async def test_one_that_can_not_be_split_any_more_is_refused(api: GenesysApi) -> None:
    api.refuse = lambda seen: EXPIRED if "nextPageToken" in seen.query else THREE_PAGES(seen)
    minute = type(WINDOW)(WINDOW.start, WINDOW.start + timedelta(minutes=1))
    async with bench(api.url) as made:
        with pytest.raises(errors.WindowRefused, match="the cursor is not taken") as refused:
            await made.read(minute)
    assert refused.value.code == "cursor.expired"


async def test_cursors_that_go_in_circles_are_refused_after_a_few_passes(api: GenesysApi) -> None:
    api.refuse = Pages({"": (("a",), "c1"), "c1": (("b",), "c2"), "c2": (("a",), "c1")})
    async with bench(api.url) as made:
        with pytest.raises(errors.WindowRefused, match="was given before") as refused:
            await made.read()
    assert refused.value.code == "cursor.repeated"
    assert cursors(api.asked(QUERY)) == ["", "c1", "c2"] * token_pages.MOST_PASSES


async def test_cursors_without_an_end_are_refused(api: GenesysApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_pages, "MOST_PAGES", 5)

    def endless(seen: Seen) -> Answer | None:
        number = int(seen.query.get("nextPageToken", "0"))
        pages = Pages({seen.query.get("nextPageToken", ""): ((f"e{number}",), str(number + 1))})
        return pages(seen)

    api.refuse = endless
    async with bench(api.url) as made:
        with pytest.raises(errors.WindowRefused, match="no end after 5 pages") as refused:
            await made.read()
    assert refused.value.code == "cursor.endless"
    assert len(api.asked(QUERY)) == 5


async def test_pages_that_are_too_large_are_asked_for_in_smaller_ones_and_numbered_on(api: GenesysApi) -> None:
    too_large = error_answer(400, "response.entity.too.large", "The response is over the size limit.")

    def gateway(seen: Seen) -> Answer | None:
        heavy = seen.path == QUERY and seen.json["size"] == 2_000 and "nextPageToken" in seen.query
        return too_large if heavy else THREE_PAGES(seen)

    api.refuse = gateway
    async with bench(api.url) as made:
        items = await made.read()

    assert [item.number for item in items if isinstance(item, Page)] == [1, 2, 3, 4]
    assert [seen.json["size"] for seen in api.asked(QUERY)][-1] == 1_000
    assert plain(items)[-1].startswith("cursor-end: 4 unique, 4 pages")
    assert [item.filled for item in items if isinstance(item, ReadEnd)] == [4]


async def test_a_server_that_fails_on_a_window_again_and_again_and_not_elsewhere_is_told_apart(api: GenesysApi) -> None:
    def gateway(seen: Seen) -> Answer | None:
        if seen.path == QUERY and seen.json["size"] > 1:
            return error_answer(500, "internal.server.error", "?")
        return Pages({"": ((), "")})(seen)

    api.refuse = gateway
    failures = []
    options = ClientOptions(page_size=2_000, retries=0, timeout=timedelta(seconds=5))
    async with bench(api.url, options=options) as made:
        for _ in range(3):
            with pytest.raises(errors.SourceError) as failed:
                await made.read()
            failures.append(type(failed.value).__name__)
    assert failures == ["ServerError", "ServerError", "WindowRefused"]


async def test_a_selection_is_part_of_every_page_s_question(api: GenesysApi) -> None:
    api.refuse = THREE_PAGES
    async with bench(api.url) as made:
        await made.read(Slice(window=WINDOW, selection=Selection(channels=("EMAIL",))))
    assert [seen.json["filter"] for seen in api.asked(QUERY)] == [{"channelType": ["email"]}] * 3


async def test_interactions_are_asked_for_a_hundred_at_a_time(api: GenesysApi) -> None:
    api.refuse = Pages({"": (("a",), "")})
    async with bench(api.url) as made:
        items = await made.read(tuple(f"i{number}" for number in range(150)))

    assert [len(seen.json["filter"]["interactionId"]) for seen in api.asked(QUERY)] == [100, 50]
    assert plain(items)[-1] == "cursor-end: 1 unique, 2 pages, 2 attempts"


async def test_interactions_that_are_too_heavy_are_refused(api: GenesysApi) -> None:
    too_large = error_answer(400, "response.entity.too.large", "The response is over the size limit.")
    api.refuse = lambda seen: too_large if seen.path == QUERY else None
    async with bench(api.url) as made:
        with pytest.raises(errors.WindowRefused, match="too large"):
            await made.read(("i1",))
