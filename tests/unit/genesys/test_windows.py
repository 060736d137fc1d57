"""Reading windows: paging, splitting, shrinking, and whose fault a failure is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from datetime import timedelta

import pytest

from producer import errors
from producer.genesys.breaker import BreakerPolicy
from producer.genesys.cuts import before
from producer.genesys.offset_paging import _together
from producer.genesys.options import ClientOptions
from producer.model.reads import Page, ReadEnd
from producer.model.windows import Direction, Ended, Slice, Window
from tests.support.clock import NOON, FakeClock
from tests.support.genesys_api import QUERY, Answer, GenesysApi, Lived, Seen, error_answer
from tests.support.genesys_source import WINDOW, bench, plain, reading

MIDDLE = NOON + timedelta(minutes=8)
SMALL = ClientOptions(page_size=10, hit_bound=100, timeout=timedelta(seconds=5))


def short_calls(count: int, *, over: timedelta = WINDOW.length) -> list[Lived]:
    """Calls of no length, spread evenly over a span from noon."""
    instants = [NOON + over * number / count for number in range(count)]
    return [Lived(id=f"c{number}", start=start, end=start) for number, start in enumerate(instants)]


def long_calls(count: int, *, still_open: bool = False, direction: str | None = "inbound") -> list[Lived]:
    """Calls that live through the whole window."""
    end = None if still_open else WINDOW.end
    return [Lived(id=f"l{n}-{still_open}-{direction}", start=NOON, end=end, direction=direction) for n in range(count)]


def pages_asked(api: GenesysApi) -> list[int]:
    return [seen.json["paging"]["pageNumber"] for seen in api.asked(QUERY)]


async def test_an_empty_window_is_one_page_and_complete(api: GenesysApi) -> None:
    async with bench(api.url) as made:
        assert plain(await made.read()) == ["page 1: 0 of 0", "complete: 0 unique, 1 pages, 1 attempts"]


async def test_a_page_tells_the_clock_of_the_server_and_an_empty_one_is_not_filled(api: GenesysApi) -> None:
    dates = ["Mon, 10 Mar 2025 12:00:07 GMT", "some day"]
    api.script(QUERY, *[Answer(body={"totalHits": 0}, headers={"Date": date}) for date in dates])
    async with bench(api.url) as made:
        first, end = await made.read()
        second, _ = await made.read()
    assert isinstance(first, Page)
    assert isinstance(second, Page)
    assert isinstance(end, ReadEnd)
    assert (first.served_at, second.served_at) == (NOON + timedelta(seconds=7), None)
    assert (end.pages, end.filled, end.success_ratio) == (1, 0, 0.0)


async def test_pages_are_read_until_a_short_one(api: GenesysApi) -> None:
    api.population = short_calls(25)
    async with bench(api.url, options=SMALL) as made:
        assert plain(await made.read()) == [
            "page 1: 10 of 25",
            "page 2: 10 of 25",
            "page 3: 5 of 25",
            "complete: 25 unique, 3 pages, 3 attempts",
        ]


async def test_a_full_last_page_is_followed_by_one_that_is_absent(api: GenesysApi) -> None:
    api.population = short_calls(20)
    async with bench(api.url, options=SMALL) as made:
        assert plain(await made.read())[-2:] == ["page 3: 0 of 20", "complete: 20 unique, 3 pages, 3 attempts"]


async def test_a_window_that_grows_while_it_is_read_is_read_to_its_end_and_provisional(api: GenesysApi) -> None:
    api.population = short_calls(25)
    first = {"conversations": [{"conversationId": f"c{number}"} for number in range(10)], "totalHits": 10}
    api.script(QUERY, Answer(body=first))
    async with bench(api.url, options=SMALL) as made:
        assert plain(await made.read())[-1] == "provisional: 25 unique, 3 pages, 3 attempts"


async def test_a_conversation_on_two_pages_makes_the_read_provisional(api: GenesysApi) -> None:
    api.population = short_calls(15)
    moved = {"conversations": [{"conversationId": f"c{number}"} for number in range(9, 15)], "totalHits": 15}
    first = {"conversations": [{"conversationId": f"c{number}"} for number in range(10)], "totalHits": 15}
    api.script(QUERY, Answer(body=first), Answer(body=moved))
    async with bench(api.url, options=SMALL) as made:
        *_, end = await made.read()
    assert plain([end]) == ["provisional: 15 unique, 2 pages, 2 attempts"]


async def test_answers_without_a_count_are_read_one_by_one_and_provisional(api: GenesysApi) -> None:
    api.population = short_calls(15)
    full = {"conversations": [{"conversationId": f"c{number}"} for number in range(10)]}
    rest = {"conversations": [{"conversationId": f"c{number}"} for number in range(10, 15)]}
    api.script(QUERY, Answer(body=full), Answer(body=rest))
    async with bench(api.url, options=SMALL) as made:
        assert plain(await made.read())[-1] == "provisional: 15 unique, 2 pages, 2 attempts"


async def test_at_most_the_concurrency_is_in_flight(api: GenesysApi) -> None:
    api.population = short_calls(95)
    options = ClientOptions(page_size=5, concurrency=3, timeout=timedelta(seconds=5))
    async with bench(api.url, options=options) as made:
        assert plain(await made.read())[-1] == "complete: 95 unique, 20 pages, 20 attempts"
    assert api.most_in_flight <= 3


async def test_large_pages_are_asked_for_one_at_a_time(api: GenesysApi) -> None:
    api.population = short_calls(95)
    options = ClientOptions(page_size=5, prefetch_bytes=200, timeout=timedelta(seconds=5))
    async with bench(api.url, options=options) as made:
        await made.read()
    assert api.most_in_flight == 1


async def test_every_request_says_what_it_asks_for_and_carries_the_request_id(api: GenesysApi) -> None:
    async with bench(api.url) as made:
        await made.read(Slice(window=WINDOW, ended=Ended.OPEN, direction=Direction.NONE))
    (seen,) = api.asked(QUERY)
    assert seen.headers["X-Request-Id"] == "r-1"
    assert seen.json == {
        "interval": "2025-03-10T12:00:00.000Z/2025-03-10T12:16:00.000Z",
        "order": "asc",
        "orderBy": "conversationStart",
        "paging": {"pageSize": 100, "pageNumber": 1},
        "conversationFilters": [
            {
                "type": "and",
                "predicates": [
                    {"type": "dimension", "dimension": "conversationEnd", "operator": "notExists"},
                    {"type": "dimension", "dimension": "originatingDirection", "operator": "notExists"},
                ],
            }
        ],
    }


# --- too much for one read ------------------------------------------------------------------------------------------


async def test_a_window_over_the_hit_bound_is_split_in_half(api: GenesysApi) -> None:
    api.population = short_calls(101)
    async with bench(api.url, options=SMALL) as made:
        assert plain(await made.read()) == [
            f"split 101: {Window(NOON, MIDDLE)}, {Window(MIDDLE, WINDOW.end)}",
        ]
    assert [seen.json["paging"]["pageSize"] for seen in api.asked(QUERY)] == [10, 1, 1]


async def test_long_conversations_are_in_both_halves_so_the_window_is_read_whole(api: GenesysApi) -> None:
    api.population = long_calls(101)
    async with bench(api.url, options=SMALL) as made:
        assert plain(await made.read())[-1] == "complete: 101 unique, 11 pages, 13 attempts"


async def test_a_window_within_one_minute_is_read_whole(api: GenesysApi) -> None:
    short = Window(NOON, NOON + timedelta(seconds=60))
    api.population = short_calls(101, over=short.length)
    async with bench(api.url, options=SMALL) as made:
        assert plain(await made.read(short))[-1] == "complete: 101 unique, 11 pages, 11 attempts"


async def test_beyond_the_result_cap_what_time_does_not_split_is_cut_by_end_then_by_direction(
    api: GenesysApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producer.genesys.offset_paging.RESULT_CAP", 150)
    monkeypatch.setattr("producer.genesys.pages.RESULT_CAP", 150)
    api.population = long_calls(80) + long_calls(160, still_open=True) + long_calls(40, direction=None)
    async with bench(api.url, options=SMALL) as made:
        (by_end,) = await made.read()
        (by_direction,) = await made.read(Slice(window=WINDOW, ended=Ended.OPEN))
        ended = await made.read(Slice(window=WINDOW, ended=Ended.ENDED))
        rest = await made.read(Slice(window=WINDOW, ended=Ended.OPEN, direction=Direction.INBOUND))
    window = "2025-03-10T12:00:00.000Z/2025-03-10T12:16:00.000Z"
    assert plain([by_end]) == [f"split 280: {window} open, {window} ended"]
    assert plain([by_direction]) == [f"split 160: {window} open inbound, {window} open outbound, {window} open none"]
    assert plain(ended)[-1] == "complete: 120 unique, 13 pages, 13 attempts"
    assert plain(rest)[-1] == "provisional: 150 unique, 15 pages, 15 attempts, unread over.result.cap"


async def test_a_server_with_a_lower_cap_than_ours_has_the_window_split(api: GenesysApi) -> None:
    api.population = short_calls(50)
    api.refuse = lambda seen: (
        error_answer(400, "bad.request", "Pagination may not exceed 30 results.")
        if seen.path == QUERY and seen.json["paging"]["pageNumber"] > 3
        else None
    )
    async with bench(api.url, options=SMALL) as made:
        assert plain(await made.read())[-1].startswith("split 50: 2025-03-10T12:00:00.000Z/2025-03-10T12:08:00.000Z")


async def test_a_page_that_repeats_a_full_page_is_asked_for_again(api: GenesysApi) -> None:
    api.population = short_calls(25)
    first = Answer(body={"conversations": [{"conversationId": f"c{n}"} for n in range(10)], "totalHits": 25})
    api.script(QUERY, first, first)
    async with bench(api.url, options=SMALL) as made:
        assert plain(await made.read())[-1] == "complete: 25 unique, 3 pages, 4 attempts"


async def test_a_server_that_goes_in_circles_has_its_window_refused(api: GenesysApi) -> None:
    first = Answer(body={"conversations": [{"conversationId": f"c{n}"} for n in range(10)], "totalHits": 20})
    api.refuse = lambda seen: first if seen.path == QUERY else None
    async with bench(api.url, options=SMALL) as made:
        with pytest.raises(errors.WindowRefused, match="page 2 repeats an earlier page"):
            await made.read()


# --- too heavy for the API ------------------------------------------------------------------------------------------


def only_for_the_window(answer: Answer) -> Callable[[Seen], Answer | None]:
    return lambda seen: answer if seen.path == QUERY and seen.json["interval"].startswith("2025-03-10T12:0") else None


TOO_LARGE = error_answer(400, "response.entity.too.large", "The response is over the size limit.")
BAD_GATEWAY = Answer(status=502, body=b"<html>Bad gateway</html>", headers={"Content-Type": "text/html"})


@pytest.mark.parametrize("answer", [TOO_LARGE, BAD_GATEWAY], ids=["too large", "502"])
async def test_what_is_too_heavy_twice_is_asked_for_in_smaller_pages(api: GenesysApi, answer: Answer) -> None:
    api.population = short_calls(12)
    api.refuse = lambda seen: answer if seen.path == QUERY and seen.json["paging"]["pageSize"] > 5 else None
    async with bench(api.url, options=SMALL) as made:
        assert plain(await made.read()) == [
            "page 1: 5 of 12",
            "page 2: 5 of 12",
            "page 3: 2 of 12",
            "complete: 12 unique, 3 pages, 5 attempts",
        ]


@pytest.mark.parametrize("answer", [TOO_LARGE, BAD_GATEWAY], ids=["too large", "502"])
async def test_what_is_too_heavy_in_smaller_pages_too_is_split(api: GenesysApi, answer: Answer) -> None:
    api.refuse = only_for_the_window(answer)
    async with bench(api.url, options=SMALL) as made:
        (split,) = await made.read()
    assert plain([split])[0].startswith("split 0: 2025-03-10T12:00:00.000Z/2025-03-10T12:08:00.000Z")
    sizes = [seen.json["paging"]["pageSize"] for seen in api.asked(QUERY)]
    assert sizes == [10, 10, 5, 5] + [1] * (answer is BAD_GATEWAY)


async def test_what_is_too_heavy_at_the_floor_is_cut_and_then_refused(api: GenesysApi) -> None:
    short = Window(NOON, NOON + timedelta(minutes=1))
    api.refuse = only_for_the_window(TOO_LARGE)
    async with bench(api.url, options=SMALL) as made:
        (split,) = await made.read(short)
        with pytest.raises(errors.WindowRefused, match=r"too large: 400 response\.entity\.too\.large"):
            await made.read(Slice(window=short, ended=Ended.OPEN, direction=Direction.NONE))
    assert len(plain([split])[0].split(", ")) == 2


async def test_an_outage_splits_nothing(api: GenesysApi) -> None:
    api.refuse = lambda seen: BAD_GATEWAY if seen.path == QUERY else None
    async with bench(api.url, options=SMALL) as made:
        with pytest.raises(errors.SourceUnavailable, match="502"):
            await made.read()


# --- whose fault it is ----------------------------------------------------------------------------------------------


BROKEN = error_answer(500, "internal.server.error", "The server encountered an unexpected condition")


async def test_a_window_that_fails_in_three_reads_while_another_is_answered_is_refused(api: GenesysApi) -> None:
    api.refuse = only_for_the_window(BROKEN)
    clock = FakeClock()
    async with bench(api.url, clock=clock) as made:
        for _ in range(2):
            with pytest.raises(errors.SourceUnavailable, match=r"server error: 500 internal\.server\.error"):
                await made.read()
            clock.advance(timedelta(minutes=1))
        with pytest.raises(errors.WindowRefused, match="while the API answers otherwise") as refused:
            await made.read()
    assert (refused.value.code, refused.value.correlation_id) == ("internal.server.error", "ctx-1")


@pytest.mark.parametrize(
    ("seconds", "asked_from"), [(0, -60), (0.001, 0), (30, 0), (60, 0), (90, 30)], ids=lambda each: f"{each} s"
)
def test_the_small_question_never_straddles_a_midnight(seconds: float, asked_from: float) -> None:
    midnight = NOON + timedelta(hours=12)
    start = midnight + timedelta(seconds=seconds)
    asked = before(Window(start, start + timedelta(seconds=5)))
    assert asked == Window(midnight + timedelta(seconds=asked_from), start)


async def test_a_refused_small_question_is_no_answer_and_refuses_no_window(api: GenesysApi) -> None:
    refusal = error_answer(400, "bad.request", "no such time")
    api.refuse = lambda seen: (
        None if seen.path != QUERY else BROKEN if seen.json["interval"].startswith("2025-03-10T12:0") else refusal
    )
    options = ClientOptions(retries=0, breaker=BreakerPolicy(failures=2), timeout=timedelta(seconds=5))
    clock = FakeClock()
    async with bench(api.url, options=options, clock=clock) as made:
        for _ in range(6):
            with pytest.raises(errors.SourceUnavailable, match="500 internal"):
                await made.read()
            clock.advance(timedelta(minutes=5))


async def test_a_400_refuses_the_window_at_once(api: GenesysApi) -> None:
    api.script(QUERY, error_answer(400, "bad.request", "agentId x is not a valid UUID."))
    async with bench(api.url) as made:
        with pytest.raises(errors.WindowRefused, match=r"400 bad\.request agentId x is not a valid UUID"):
            await made.read()
    assert len(api.asked(QUERY)) == 1


async def test_a_reader_that_stops_early_leaves_nothing_in_flight(api: GenesysApi) -> None:
    api.population = short_calls(60)
    async with bench(api.url, options=SMALL) as made:
        async with aclosing(made.source.read(reading())) as items:
            async for item in items:
                if isinstance(item, Page) and item.number == 2:
                    break
        assert plain(await made.read())[-1].startswith("complete: 60 unique")
    assert api.in_flight == 0


async def test_a_read_that_is_cancelled_in_the_moment_a_page_fails_ends_as_cancelled() -> None:
    failing = asyncio.get_running_loop().create_future()

    async def asked() -> None:
        await failing

    async def slow() -> None:
        await asyncio.sleep(60)

    asker = asyncio.create_task(_together([asked(), slow()]))
    await asyncio.sleep(0)
    failing.set_exception(errors.SourceUnavailable("reset"))
    asyncio.get_running_loop().call_soon(asker.cancel)
    with pytest.raises(asyncio.CancelledError):
        await asker


async def test_a_page_that_fails_ends_the_others_and_is_raised_as_itself() -> None:
    ended = asyncio.Event()

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def broken() -> None:
        raise errors.SourceUnavailable("reset")

    with pytest.raises(errors.SourceUnavailable, match="reset"):
        await _together([slow(), broken(), slow()])
    assert ended.is_set()
    asker = asyncio.current_task()
    assert asker
    assert asker.cancelling() == 0
