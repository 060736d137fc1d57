"""The API as a client sees it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from producer.simulator import ManualClock, refusals
from producer.simulator.clock import HOUR, MINUTE, text

MORNING = "2026-03-10T09:00:00Z/2026-03-10T10:00:00Z"
DETAILS = "/api/v2/analytics/conversations/details"
OPEN = [{"type": "and", "predicates": [{"dimension": "conversationEnd", "operator": "notExists"}]}]


def ids(page: Any) -> list[str]:
    return [conversation["conversationId"] for conversation in page.get("conversations", [])]


async def test_login_and_its_refusals(connect: Any) -> None:
    async with connect(token_lifetime=timedelta(seconds=90)) as client:
        status, body = await client.login()
        assert (status, body["token_type"], body["expires_in"]) == (200, "bearer", 90)
        assert await client.login("nobody") == (
            400,
            {"error": "invalid_client", "description": "client not found", "error_description": "client not found"},
        )
        assert await client.login(secret="wrong") == (
            401,
            {
                "error": "invalid_client",
                "description": "authentication failed",
                "error_description": "authentication failed",
            },
        )
        async with client.session.post(f"{client.simulator.url}/oauth/token", json={}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (404, "not found")


async def test_pages_follow_one_another_and_end_with_an_absent_list(connect: Any) -> None:
    async with connect(total_hits_error_probability=0.0) as client:
        pages = [await client.query(MORNING, 50, number) for number in range(1, 20)]
        found = [identifier for status, page in pages if status == 200 for identifier in ids(page)]
        total = pages[0][1]["totalHits"]
        assert len(found) == len(set(found)) == total > 150
        assert pages[-1] == (200, {"totalHits": total})
        starts = [one["conversationStart"][:19] for _, page in pages for one in page.get("conversations", [])]
        assert starts == sorted(starts)


async def test_nothing_found_has_no_list(connect: Any) -> None:
    async with connect() as client:
        assert await client.query("2026-03-10T11:00:00Z/2026-03-10T12:00:00Z") == (200, {"totalHits": 0})


async def test_total_hits_is_off_now_and_then_by_little(connect: Any) -> None:
    async with connect(total_hits_error_probability=0.5) as client:
        hits = {(await client.query(MORNING, 1, number))[1]["totalHits"] for number in range(1, 60)}
        assert len(hits) > 1
        assert max(hits) - min(hits) <= 2 + max(hits) // 50


async def test_the_set_moves_under_the_reader(connect: Any, clock: ManualClock) -> None:
    async with connect(rate_per_day=50_000) as client:
        now_and_later = "2026-03-10T09:55:00Z/2026-03-10T10:10:00Z"
        before = (await client.query(now_and_later, 1))[1]["totalHits"]
        clock.advance(2 * MINUTE)
        assert (await client.query(now_and_later, 1))[1]["totalHits"] > before + 20


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        ({"conversationFilters": OPEN}, lambda one: "conversationEnd" not in one),
        (
            {"segmentFilters": [{"type": "or", "predicates": [{"dimension": "mediaType", "value": "email"}]}]},
            lambda one: one["participants"][0]["sessions"][0]["mediaType"] == "email",
        ),
    ],
)
async def test_filters(connect: Any, filters: Any, holds: Any) -> None:
    async with connect(total_hits_error_probability=0.0) as client:
        everything = [
            one for n in range(1, 10) for one in (await client.query(MORNING, 100, n))[1].get("conversations", [])
        ]
        _, page = await client.query(MORNING, 100, 1, **filters)
        assert ids(page) == ids({"conversations": [one for one in everything if holds(one)]})[:100]
        assert 0 < page["totalHits"] < len(everything)


async def test_by_id_one_and_several(connect: Any, clock: ManualClock) -> None:
    async with connect() as client:
        known = (await client.query(MORNING, 100))[1]["conversations"]
        assert await client.ask(
            "GET", f"/api/v2/analytics/conversations/{ids({'conversations': known})[0]}/details"
        ) == (
            200,
            known[0],
        )
        wanted = [*ids({"conversations": known[:3]}), str(uuid.uuid4())]
        assert await client.ask("GET", f"{DETAILS}?id={'%2C'.join(wanted)}") == (200, {"conversations": known[:3]})
        assert await client.ask("GET", f"{DETAILS}?id={uuid.uuid4()}") == (200, {})
        status, body = await client.ask("GET", f"/api/v2/analytics/conversations/{uuid.uuid4()}/details")
        assert (status, body["code"]) == (404, "not.found")
        assert (await client.ask("GET", DETAILS))[0] == 400


async def test_a_conversation_is_not_there_before_it_is_visible(connect: Any, clock: ManualClock) -> None:
    async with connect() as client:
        later = clock.now() + HOUR
        plan = next(iter(client.simulator.organisation.appearing(later, later + MINUTE)))
        path = f"/api/v2/analytics/conversations/{client.simulator.organisation.identifier(plan.key)}/details"
        clock.at = plan.states[0].visible_at - 1
        assert (await client.ask("GET", path))[0] == 404
        clock.advance(1)
        assert (await client.ask("GET", path))[0] == 200


async def test_reference_calls_are_paged_and_selected_by_id(connect: Any) -> None:
    async with connect() as client:
        for kind in ("routing/queues", "routing/wrapupcodes", "users", "authorization/divisions"):
            status, page = await client.ask("GET", f"/api/v2/{kind}?pageSize=3&pageNumber=2")
            assert (status, page["pageSize"], page["pageNumber"]) == (200, 3, 2)
            assert page["pageCount"] == -(-page["total"] // 3)
            assert len(page["entities"]) == min(3, page["total"] - 3)
            chosen = page["entities"][0]
            assert (await client.ask("GET", f"/api/v2/{kind}?id={chosen['id']}"))[1]["entities"] == [chosen]
        users = client.simulator.organisation.directory.listing("users") or []
        left = [each for each in users if each["state"] != "active"]
        assert len(left) == 30
        for state, found in (("", 0), ("&state=active", 0), ("&state=any", 2), ("&state=inactive", 2)):
            some = await client.ask("GET", f"/api/v2/users?id={left[0]['id']}&id={left[1]['id']}{state}")
            assert len(some[1]["entities"]) == found
        assert (await client.ask("GET", "/api/v2/users?pageSize=all"))[1]["code"] == "invalid.query.param.value"
        organization = (await client.ask("GET", "/api/v2/organizations/me"))[1]
        assert (await client.ask("GET", "/api/v2/tokens/me"))[1]["organization"]["id"] == organization["id"]


async def test_as_many_queues_as_asked_for_of_which_some_are_not_listed(connect: Any) -> None:
    async with connect(queues=1_000, unlisted=0.05) as client:
        totals = {
            kind: (await client.ask("GET", f"/api/v2/routing/{kind}"))[1]["total"] for kind in ("queues", "wrapupcodes")
        }
        assert totals == {"queues": 950, "wrapupcodes": 51}
        queues = client.simulator.organisation.directory.queues
        assert len({queue.id for queue in queues}) == len({queue.name for queue in queues}) == 1_000
        ids = ",".join(queue.id for queue in queues[:100])
        _, found = await client.ask("GET", f"/api/v2/routing/queues?pageSize=100&id={ids}")
        assert 80 < found["total"] < 100


async def test_an_organisation_of_the_usual_size_is_the_same_as_ever(connect: Any) -> None:
    async with connect() as usual, connect(queues=1_000) as large:
        ours, theirs = usual.simulator.organisation.directory, large.simulator.organisation.directory
        assert (len(ours.queues), ours.queues) == (40, theirs.queues[:40])
        assert (ours.users, ours.wrapup_codes) == (theirs.users, theirs.wrapup_codes)


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        ("/api/v2/routing/queues", "[routing:queue:view]"),
        ("/api/v2/routing/wrapupcodes", "[routing:wrapupCode:view]"),
        ("/api/v2/users", "[directory:user:view]"),
        ("/api/v2/authorization/divisions", "[authorization:division:view]"),
    ],
)
async def test_a_reference_call_that_is_forbidden_names_its_permission(
    connect: Any, path: str, permission: str
) -> None:
    async with connect() as client:
        client.simulator.inject("forbidden", path=path, times=1)
        status, body = await client.ask("GET", path)
        assert (status, body["code"]) == (403, "missing.any.permissions")
        assert permission in body["message"]
        assert (await client.ask("GET", path))[0] == 200


async def test_conversations_refer_to_what_the_reference_calls_list(connect: Any) -> None:
    async with connect() as client:
        listed = {}
        for kind in ("routing/queues", "routing/wrapupcodes", "users"):
            listed[kind] = {
                one["id"] for one in (await client.ask("GET", f"/api/v2/{kind}?pageSize=500"))[1]["entities"]
            }
        text_of_page = str((await client.query(MORNING, 100))[1])
        for kind, known in listed.items():
            assert any(identifier in text_of_page for identifier in known), kind


async def test_every_answer_has_a_correlation_id_and_error_bodies_repeat_it(connect: Any) -> None:
    async with connect() as client:
        for path, headers in (
            ("/api/v2/users", client.headers),
            ("/api/v2/users", {}),
            ("/api/v2/nothing", client.headers),
        ):
            async with client.session.get(client.simulator.url + path, headers=headers) as answer:
                body = await answer.json()
                assert uuid.UUID(answer.headers["ININ-Correlation-Id"]).version == 4
                if answer.status != 200:
                    assert body["contextId"] == answer.headers["ININ-Correlation-Id"]
                    assert (body["status"], body["details"], body["errors"]) == (answer.status, [], [])


async def test_401_and_403(connect: Any) -> None:
    async with connect() as client:
        good = client.headers
        client.headers = {}
        assert (await client.query(MORNING))[1]["code"] == "authentication.required"
        client.headers = {"Authorization": "Bearer nonsense"}
        assert (await client.query(MORNING))[1]["code"] == "bad.credentials"
        client.headers = good
        client.simulator.permit(allowed=False)
        status, body = await client.query(MORNING)
        assert (status, body["code"], body["message"]) == (
            403,
            "missing.any.permissions",
            str(refusals.missing_permission()),
        )
        assert (await client.ask("GET", "/api/v2/users"))[0] == 200
        client.simulator.permit(allowed=True)
        assert (await client.query(MORNING))[0] == 200
        client.simulator.revoke_tokens()
        assert (await client.query(MORNING))[1]["code"] == "bad.credentials"
        client.simulator.rotate_secret("another")
        assert (await client.login())[0] == 401
        assert (await client.login(secret="another"))[0] == 200


async def test_tokens_expire_on_the_organisations_clock(connect: Any, clock: ManualClock) -> None:
    async with connect(token_lifetime=timedelta(minutes=5)) as client:
        clock.advance(5 * MINUTE)
        assert (await client.query(MORNING))[1]["code"] == "credentials.expired"


async def test_the_limit(connect: Any, clock: ManualClock) -> None:
    async with connect(limit_per_minute=2, rate_headers=True) as client:
        clock.advance(18_000)
        assert [(await client.query(MORNING, 1))[0] for _ in range(2)] == [200, 200]
        async with client.session.get(f"{client.simulator.url}/api/v2/users", headers=client.headers) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "42")
            assert answer.headers["inin-ratelimit-count"] == "2"
            assert await answer.json() == {
                "message": "Rate limit exceeded the maximum. Retry the request in [42] seconds",
                "code": "too.many.requests.retry.after",
                "status": 429,
                "contextId": answer.headers["ININ-Correlation-Id"],
                "details": [],
                "errors": [],
            }
        client.simulator.limit(3)
        assert (await client.query(MORNING, 1))[0] == 200
        clock.advance(42_000)
        assert (await client.query(MORNING, 1))[0] == 200


async def test_bodies_that_are_no_query(connect: Any) -> None:
    async with connect() as client:
        url = f"{client.simulator.url}{DETAILS}/query"
        for data, status, code in (
            (b"{", 400, "bad.request"),
            (b"[]", 400, "bad.request"),
            (b'{"a":"' + b"x" * 512_000 + b'"}', 413, "request.entity.too.large"),
        ):
            async with client.session.post(url, data=data, headers=client.headers) as answer:
                assert (answer.status, (await answer.json())["code"]) == (status, code)


async def test_old_conversations_have_been_deleted(connect: Any, clock: ManualClock) -> None:
    async with connect(retention=timedelta(days=10)) as client:
        path = f"{DETAILS}?id={ids((await client.query(MORNING, 1))[1])[0]}"
        clock.advance(9 * 24 * HOUR)
        await client.login()
        assert (await client.ask("GET", path))[1] != {}
        clock.advance(25 * HOUR)
        await client.login()
        assert await client.ask("GET", path) == (200, {})
        assert (await client.query(MORNING))[1] == {"totalHits": 0}


async def test_gzip_only_for_those_who_take_it(connect: Any) -> None:
    async with connect(gzip=True) as client:
        url, body = f"{client.simulator.url}{DETAILS}/query", {"interval": MORNING}
        answers = {}
        for accepted in ("gzip", "identity"):
            headers = {**client.headers, "Accept-Encoding": accepted}
            async with client.session.post(url, json=body, headers=headers) as answer:
                answers[accepted] = (answer.headers.get("Content-Encoding"), (await answer.json())["conversations"])
        assert answers["gzip"][0] == "gzip"
        assert answers["identity"] == (None, answers["gzip"][1])


async def test_a_page_may_be_twice_as_long_where_the_option_allows(connect: Any) -> None:
    async with connect(max_page_size=200) as client:
        assert len(ids((await client.query(MORNING, 200))[1])) > 100


async def test_an_interval_that_reaches_into_the_future_finds_what_is_there(connect: Any, clock: ManualClock) -> None:
    async with connect(total_hits_error_probability=0.0) as client:
        ahead = f"2026-03-10T09:00:00Z/{text(clock.now() + HOUR)}"
        assert (await client.query(ahead))[1]["totalHits"] >= (await client.query(MORNING))[1]["totalHits"]
