"""Reading by id."""

from __future__ import annotations

import pytest

from producer import errors
from tests.support.clock import NOON
from tests.support.genesys_api import BY_ID, Answer, GenesysApi, Lived, Seen, error_answer
from tests.support.genesys_source import bench, plain

TOO_LARGE = error_answer(400, "response.entity.too.large", "The response is over the size limit.")


async def test_ids_go_comma_joined_in_one_call_and_unknown_ones_are_left_out(api: GenesysApi) -> None:
    api.population = [Lived(id="a", start=NOON), Lived(id="c/é", start=NOON)]
    async with bench(api.url) as made:
        items = await made.read(("a", "b", "c/é"))
    assert plain(items) == ["page 1: 2 of None", "complete: 2 unique, 1 pages, 1 attempts"]
    assert [seen.query["id"] for seen in api.asked(BY_ID)] == ["a,b,c/é"]


async def test_none_found_is_an_empty_page(api: GenesysApi) -> None:
    async with bench(api.url) as made:
        assert plain(await made.read(("x",))) == ["page 1: 0 of None", "complete: 0 unique, 1 pages, 1 attempts"]


async def test_more_than_a_hundred_ids_take_several_calls(api: GenesysApi) -> None:
    async with bench(api.url) as made:
        await made.read(tuple(str(number) for number in range(250)))
    assert [len(seen.query["id"].split(",")) for seen in api.asked(BY_ID)] == [100, 100, 50]


async def test_too_large_answers_halve_the_batch(api: GenesysApi) -> None:
    def at_most_two(seen: Seen) -> Answer | None:
        return TOO_LARGE if seen.path == BY_ID and seen.query["id"].count(",") > 1 else None

    api.population = [Lived(id=each, start=NOON) for each in "abcde"]
    api.refuse = at_most_two
    async with bench(api.url) as made:
        items = await made.read(tuple("abcde"))
    assert plain(items)[-1] == "complete: 5 unique, 3 pages, 7 attempts"
    assert [seen.query["id"] for seen in api.asked(BY_ID)] == ["a,b,c,d,e"] * 2 + ["a,b"] + ["c,d,e"] * 2 + ["c", "d,e"]


async def test_a_single_conversation_that_is_too_large_is_refused(api: GenesysApi) -> None:
    api.refuse = lambda seen: TOO_LARGE if seen.path == BY_ID else None
    async with bench(api.url) as made:
        with pytest.raises(errors.WindowRefused, match="too large"):
            await made.read(("a",))


async def test_an_id_that_comes_twice_makes_the_read_provisional(api: GenesysApi) -> None:
    api.script(BY_ID, Answer(body={"conversations": [{"conversationId": "a"}, {"conversationId": "a"}]}))
    async with bench(api.url) as made:
        assert plain(await made.read(("a",)))[-1] == "provisional: 1 unique, 1 pages, 1 attempts"
