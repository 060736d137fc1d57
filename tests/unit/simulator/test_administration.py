"""What the judge and the operator see."""

from __future__ import annotations

from typing import Any

from producer.simulator import ManualClock
from producer.simulator.clock import HOUR, MINUTE, SECOND

MORNING = "2026-03-10T09:00:00Z/2026-03-10T10:00:00Z"


async def test_truth_tells_every_visible_state_and_nothing_of_the_future(connect: Any, clock: ManualClock) -> None:
    async with connect() as client:
        since = clock.now() - HOUR
        truth = await client.lines(f"/truth?since={since}")
        assert len(truth) > 200
        assert set(truth[0]) == {"id", "poison", "start", "profile", "states"}
        assert set(truth[0]["states"][0]) == {"n", "at", "visibleAt", "cause", "end"}
        for line in truth:
            shown = [state["visibleAt"] for state in line["states"]]
            assert since <= shown[0] <= shown[-1] <= clock.now()
            assert [state["n"] for state in line["states"]] == list(range(len(shown)))
            assert line["states"][0]["cause"] == "started"
        clock.advance(HOUR)
        later = {line["id"]: line["states"] for line in await client.lines(f"/truth?since={since}")}
        assert all(later[line["id"]][: len(line["states"])] == line["states"] for line in truth)
        bounded = await client.lines(f"/truth?since={since}&until={since + 10 * MINUTE}")
        assert {line["id"] for line in bounded} < {line["id"] for line in truth}


async def test_truth_can_be_had_of_what_is_open_and_by_id(connect: Any, clock: ManualClock) -> None:
    async with connect() as client:
        now = clock.now()
        whole = await client.lines(f"/truth?since={now - 30 * HOUR}")
        still = await client.lines(f"/truth?since={now - 30 * HOUR}&openAt={now}")
        assert still == [line for line in whole if line["states"][-1]["end"] is None]
        assert still
        assert await client.lines("/truth", {"ids": [whole[5]["id"], "nobody", whole[2]["id"]]}) == [whole[5], whole[2]]


async def test_truth_is_the_same_for_the_same_seed(connect: Any, clock: ManualClock) -> None:
    path = f"/truth?since={clock.now() - HOUR}"
    async with connect(seed=3) as one, connect(seed=3) as two, connect(seed=4) as three:
        assert await one.lines(path) == await two.lines(path) != await three.lines(path)


async def test_every_served_content_is_the_truths_content_of_that_state(connect: Any, clock: ManualClock) -> None:
    async with connect(poison_probability=0.05, oddity_probability=0.2) as client:
        served: dict[tuple[str, int], Any] = {}
        for _ in range(6):
            body = (await client.query(MORNING, 100))[1]
            answer = (await client.lines("/answers"))[-1]
            pairs = zip(answer["served"], body["conversations"], strict=True)
            served |= {(identifier, number): content for (identifier, number), content in pairs}
            clock.advance(3 * MINUTE)
        states = [list(pair) for pair in served]
        told = await client.lines("/truth/contents", {"states": states})
        assert told == [{"id": i, "n": n, "content": served[i, n]} for i, n in served]
        truth = {line["id"]: line for line in await client.lines(f"/truth?since={clock.now() - 30 * HOUR}")}
        assert all(any(state["n"] == number for state in truth[identifier]["states"]) for identifier, number in served)


async def test_served_states_are_the_last_ones_visible_when_the_request_came(connect: Any, clock: ManualClock) -> None:
    async with connect() as client:
        await client.query(MORNING, 100)
        answer = (await client.lines("/answers"))[-1]
        truth = {line["id"]: line["states"] for line in await client.lines(f"/truth?since={clock.now() - 30 * HOUR}")}
        for identifier, number in answer["served"]:
            visible = [state["n"] for state in truth[identifier] if state["visibleAt"] <= answer["at"]]
            assert visible[-1] == number


async def test_answers_join_reads_by_request_id(connect: Any, clock: ManualClock) -> None:
    async with connect() as client:
        client.headers["X-Request-Id"] = "read-7"
        clock.advance(5 * SECOND)
        await client.query(MORNING, 3)
        await client.ask("GET", "/api/v2/nothing")
        query, nothing = await client.lines("/answers?after=1")
        assert (query["seq"], query["at"], query["requestId"], query["status"]) == (2, clock.now(), "read-7", 200)
        assert (query["method"], query["path"]) == ("POST", "/api/v2/analytics/conversations/details/query")
        assert len(query["served"]) == 3
        assert nothing == {
            "seq": 3,
            "at": clock.now(),
            "requestId": "read-7",
            "method": "GET",
            "path": "/api/v2/nothing",
            "status": 404,
            "fault": None,
            "served": [],
        }


async def test_answers_that_did_not_arrive_served_nothing(connect: Any) -> None:
    async with connect() as client:
        client.simulator.inject("truncated", times=1)
        await client.ask("GET", "/healthz")
        async with client.session.post(
            f"{client.simulator.url}/api/v2/analytics/conversations/details/query",
            json={"interval": MORNING},
            headers=client.headers,
        ) as answer:
            await answer.read()
        (line,) = await client.lines("/answers?after=1")
        assert (line["status"], line["fault"], line["served"]) == (200, "truncated", [])


async def test_stats(connect: Any, clock: ManualClock) -> None:
    async with connect(limit_per_minute=2) as client:
        for _ in range(3):
            await client.query(MORNING, 2)
        _, stats = await client.ask("GET", "/stats")
        assert stats == {
            "requests": {
                "/api/v2/analytics/conversations/details/query": {"200": 2, "429": 1},
                "/oauth/token": {"200": 1},
            },
            "faults": {},
            "inFlight": 0,
            "peakConcurrency": 1,
            "rateLimited": 1,
            "conversationsServed": 4,
            "now": clock.now(),
            "limitPerMinute": 2,
            "quotaUsed": 2,
            "maxAcceptedPerMinute": 2,
            "maxOverLimit": 0,
            "acceptedOfOther": 0,
            "lastSeq": 4,
        }


async def test_faults_are_put_listed_and_cleared(connect: Any) -> None:
    async with connect() as client:
        _, put = await client.ask("POST", "/faults", {"faults": [{"kind": "reset", "path": "/users", "times": 2}]})
        assert [(one["kind"], one["path"], one["times"], one["fired"]) for one in put["faults"]] == [
            ("reset", "/users", 2, 0)
        ]
        assert (await client.ask("POST", "/faults", {"kind": "slow"}))[1]["faults"][1]["kind"] == "slow"
        assert (await client.ask("GET", "/faults"))[1]["faults"][0]["kind"] == "reset"
        assert await client.ask("DELETE", "/faults") == (200, {"faults": []})
        async with client.session.post(f"{client.simulator.url}/faults", json={"kind": "earthquake"}) as answer:
            assert (answer.status, "earthquake" in await answer.text()) == (400, True)


async def test_control(connect: Any) -> None:
    async with connect() as client:
        wanted = {
            "limitPerMinute": 7,
            "noticeSeconds": 0.5,
            "otherClientShare": 0.25,
            "permission": False,
            "secret": "new",
            "revokeTokens": True,
            "tokenLifetimeSeconds": 60,
        }
        assert await client.ask("POST", "/control", wanted) == (
            200,
            {
                "limitPerMinute": 7,
                "otherClientShare": 0.25,
                "permission": False,
                "latencySeconds": 0.0,
                "tokenLifetimeSeconds": 60,
            },
        )
        assert (await client.query(MORNING))[0] == 401
        assert (await client.login())[0] == 401
        assert (await client.login(secret="new"))[1]["expires_in"] == 60
        assert (await client.query(MORNING))[0] == 403
        for wrong in (
            {"weather": "fine"},
            {"limitPerMinute": 0},
            {"limitPerMinute": 9, "noticeSeconds": "soon"},
            {"noticeSeconds": 5},
            {"otherClientShare": 1},
        ):
            async with client.session.post(f"{client.simulator.url}/control", json=wrong) as answer:
                assert answer.status == 400


async def test_what_cannot_be_read_is_refused(connect: Any) -> None:
    async with connect() as client:
        for method, path, data in (
            ("GET", "/truth?since=yesterday", None),
            ("GET", "/truth?since=0", None),
            ("POST", "/truth/contents", b"{"),
            ("POST", "/truth/contents", b'{"states": 1}'),
            ("POST", "/control", b"[]"),
        ):
            async with client.session.request(method, client.simulator.url + path, data=data) as answer:
                assert answer.status == 400, path
        assert (await client.lines("/truth/contents", {"states": [["nobody", 0]]})) == [
            {"id": "nobody", "n": 0, "content": None}
        ]
        assert (await client.ask("GET", "/healthz"))[1]["status"] == "ok"
