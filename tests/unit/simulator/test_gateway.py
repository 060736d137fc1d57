"""The token dialect as a client of the gateway sees it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from producer.simulator import ManualClock
from producer.simulator.clock import MINUTE

LOGIN = "/gateway/oauth/token"
QUERY = "/gateway/api/v2/analytics/conversations/details/query"
PLATFORM_QUERY = "/api/v2/analytics/conversations/details/query"
MORNING = {"startTime": "2026-03-10T09:00:00Z", "endTime": "2026-03-10T10:00:00Z"}
ALL = {"filter": {"channelType": ["all"]}, "timeRange": MORNING}
CLIENT = {
    "grant_type": "client_credentials",
    "client_id": "simulator",
    "client_secret": "simulator-secret",
    "realm": "simulated-realm",
    "scope": "analytics:conversation:view",
}


async def page(client: Any, cursor: str = "", **more: Any) -> tuple[int, Any]:
    path = f"{QUERY}?nextPageToken={cursor}" if cursor else QUERY
    answer: tuple[int, Any] = await client.ask("POST", path, {**ALL, **more})
    return answer


async def whole(client: Any, **more: Any) -> list[Any]:
    """All entities from the first page to the last."""
    found: list[Any] = []
    cursor = ""
    while True:
        status, body = await page(client, cursor, **more)
        assert status == 200, body
        found += body["entities"]
        if "nextPageToken" not in body:
            return found
        cursor = body["nextPageToken"]


async def test_login_as_json_in_the_name_of_the_realm(connect: Any) -> None:
    async with connect(token_lifetime=timedelta(seconds=90)) as client:
        status, body = await client.ask("POST", LOGIN, CLIENT)
        client.headers = {"Authorization": f"Bearer {body.pop('access_token')}"}
        assert (status, body) == (
            200,
            {"token_type": "bearer", "expires_in": 90, "scope": "analytics:conversation:view"},
        )
        assert (await page(client, size=1))[0] == 200


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_id": "nobody"}, 400, "invalid_client"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"realm": "elsewhere"}, 400, "invalid_realm"),
        ({"scope": "users:view"}, 400, "invalid_scope"),
    ],
)
async def test_refused_logins(connect: Any, change: dict[str, str], status: int, error: str) -> None:
    async with connect() as client:
        found, body = await client.ask("POST", LOGIN, {**CLIENT, **change})
        assert (found, body["error"]) == (status, error)


async def test_a_login_that_is_no_json(connect: Any) -> None:
    async with connect() as client, client.session.post(client.simulator.url + LOGIN, data=b"grant_type=x") as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, "bad.request")


async def test_pages_follow_by_cursor_and_find_what_the_platform_finds(connect: Any) -> None:
    async with connect(total_hits_error_probability=0.0) as client:
        await client.login()
        found = [each["id"] for each in await whole(client, size=50)]
        number, platform = 1, []
        while (answer := await client.query("2026-03-10T09:00:00Z/2026-03-10T10:00:00Z", 100, number))[1].get(
            "conversations"
        ):
            platform += [each["conversationId"] for each in answer[1]["conversations"]]
            number += 1

        assert found == platform
        assert len(set(found)) == len(found) > 150


async def test_a_page_of_two_thousand_is_the_last_when_it_holds_all(connect: Any) -> None:
    async with connect() as client:
        await client.login()
        status, body = await page(client)
        assert (status, list(body)) == (200, ["entities"])
        assert len(body["entities"]) > 150


async def test_a_flat_conversation_says_no_more_than_the_dialect_does(connect: Any) -> None:
    async with connect(oddity_probability=0.0, poison_probability=0.0) as client:
        await client.login()
        found = await whole(client)
        known = {
            "id",
            "interactionId",
            "channelType",
            "startTimestamp",
            "endTimestamp",
            "participantCount",
            "queueName",
            "wrapUpCode",
            "attributes",
        }

        assert {name for each in found for name in each} == known
        assert {"id", "channelType", "startTimestamp", "participantCount", "attributes"} <= set.intersection(
            *(set(each) for each in found)
        )
        assert {each["channelType"] for each in found} >= {"voice", "chat", "email", "sms", "callback", "social"}


async def test_channels_are_selected_by_their_words(connect: Any) -> None:
    async with connect(oddity_probability=0.0) as client:
        await client.login()
        everything = await whole(client)
        chosen = await whole(client, filter={"channelType": ["sms", "chat"]}, size=10)

        assert chosen == [each for each in everything if each["channelType"] in {"sms", "chat"}]
        assert len(chosen) > 3


async def test_interactions_are_found_by_id_without_a_range(connect: Any) -> None:
    async with connect() as client:
        await client.login()
        ids = [each["id"] for each in (await whole(client))[:3]]
        status, body = await client.ask("POST", QUERY, {"filter": {"interactionId": [*ids, "unknown"]}})
        assert (status, [each["id"] for each in body["entities"]]) == (200, ids)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"timeRange": MORNING},
        {"filter": {}, "timeRange": MORNING},
        {"filter": {"participantId": ["p"]}, "timeRange": MORNING},
        {"filter": {"channelType": []}, "timeRange": MORNING},
        {"filter": {"channelType": ["fax"]}, "timeRange": MORNING},
        {"filter": {"channelType": ["all"]}},
        {"filter": {"channelType": ["all"]}, "timeRange": {"startTime": "soon", "endTime": "later"}},
        {"filter": {"channelType": ["all"]}, "timeRange": {"startTime": MORNING["endTime"]}},
        {**ALL, "size": 0},
        {**ALL, "size": 2_001},
        {**ALL, "size": "many"},
        {"filter": {"interactionId": [str(number) for number in range(101)]}},
        {**ALL, "timeRange": {"startTime": "2026-03-01T00:00:00Z", "endTime": "2026-03-09T00:00:00Z"}},
    ],
)
async def test_refused_queries(connect: Any, body: Any) -> None:
    async with connect() as client:
        await client.login()
        status, answer = await client.ask("POST", QUERY, body)
        assert (status, answer["status"]) == (400, 400)


async def test_a_cursor_is_of_one_question_and_ends_after_its_time(connect: Any, clock: ManualClock) -> None:
    async with connect(cursor_lifetime=timedelta(minutes=2)) as client:
        await client.login()
        cursor = (await page(client, size=50))[1]["nextPageToken"]
        assert (await page(client, cursor, size=60))[1]["code"] == "invalid.cursor"
        assert (await page(client, cursor, size=50))[0] == 200
        clock.at += 2 * MINUTE
        assert (await page(client, cursor, size=50))[0] == 400


async def test_what_becomes_visible_behind_a_cursor_is_found_and_nothing_comes_twice(
    connect: Any, clock: ManualClock
) -> None:
    async with connect() as client:
        await client.login()
        later = {"startTime": "2026-03-10T09:55:00Z", "endTime": "2026-03-10T10:05:00Z"}
        found: list[str] = []
        cursor = ""
        for _ in range(200):
            _, body = await page(client, cursor, size=20, timeRange=later)
            found += [each["id"] for each in body["entities"]]
            if "nextPageToken" not in body:
                break
            cursor = body["nextPageToken"]
            clock.at += 10_000
        assert len(set(found)) == len(found) > 100


async def test_the_faults_of_cursors(connect: Any) -> None:
    async with connect() as client:
        await client.login()
        client.simulator.inject("cursor-expired", path="/gateway/", times=1)
        _, first = await page(client, size=50)
        assert (await page(client, first["nextPageToken"], size=50))[1]["code"] == "invalid.cursor"

        _, first = await page(client, size=50)
        client.simulator.inject("cursor-expired", path="/gateway/", times=1)
        assert (await page(client, first["nextPageToken"], size=50))[1]["code"] == "invalid.cursor"

        _, first = await page(client, size=50)
        client.simulator.inject("duplicate-page", path="/gateway/", times=1)
        assert await page(client, first["nextPageToken"], size=50) == (200, first)
        assert (await page(client, first["nextPageToken"], size=50))[1]["entities"] != first["entities"]


async def test_the_limit_and_the_permission_are_the_platform_s(connect: Any) -> None:
    async with connect(limit_per_minute=2) as client:
        await client.login()
        assert [(await page(client, size=1))[0] for _ in range(3)] == [200, 200, 429]
        client.simulator.limit(300)
        client.simulator.permit(allowed=False)
        assert (await page(client, size=1))[1]["code"] == "missing.any.permissions"


async def test_neither_dialect_takes_the_other_s_question(connect: Any) -> None:
    async with connect() as client:
        await client.login()
        interval = "2026-03-10T09:00:00Z/2026-03-10T10:00:00Z"
        assert (await client.ask("POST", PLATFORM_QUERY, ALL))[0] == 400
        assert (await client.ask("POST", QUERY, {"interval": interval}))[0] == 400
        assert (await client.ask("GET", "/gateway/api/v2/tokens/me"))[0] == 404


async def test_the_log_of_answers_and_the_truth_know_the_dialect(connect: Any) -> None:
    async with connect() as client:
        await client.login()
        _, body = await page(client, size=5)
        answer = (await client.lines("/answers"))[-1]
        told = await client.lines("/truth/contents", {"states": answer["served"], "dialect": "token"})

        assert [line["content"] for line in told] == body["entities"]
        async with client.session.post(
            f"{client.simulator.url}/truth/contents", json={"states": [], "dialect": "x"}
        ) as refused:
            assert refused.status == 400
