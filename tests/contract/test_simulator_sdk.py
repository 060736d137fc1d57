"""The simulator against the official SDK, which knows nothing of this project: what it reads, the platform would send.

The SDK blocks, keeps its configuration per process, reads a file under HOME and starts a thread that watches it; so it
runs in a process of its own with an empty HOME, one scenario a test, and prints what it saw as JSON.
"""

from __future__ import annotations

import asyncio
import os
import sys
import textwrap
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from producer.simulator import ManualClock, Simulator, SimulatorOptions, serve

MORNING = "2026-03-10T09:00:00.000Z/2026-03-10T10:00:00.000Z"
PRELUDE = """
import json, sys, time
import PureCloudPlatformClientV2 as gc
from PureCloudPlatformClientV2.rest import ApiException

base, secret = sys.argv[1], "simulator-secret"
gc.configuration.host = base
def login(secret=secret, client="simulator"):
    return gc.api_client.ApiClient(base).get_client_credentials_token(client, secret)
def query(interval, size=100, number=1, **more):
    q = gc.ConversationQuery()
    q.interval, q.order, q.order_by = interval, "asc", "conversationStart"
    q.paging = {"pageSize": size, "pageNumber": number}
    for name, value in more.items():
        setattr(q, name, value)
    return q
def failure(call):
    try:
        call()
    except ApiException as problem:
        try:
            body = json.loads(problem.body)
        except ValueError:
            body = problem.body
        return {"status": problem.status, "body": body, "correlation": problem.headers.get("ININ-Correlation-Id")}
def predicate(kind, **values):
    made = kind()
    for name, value in values.items():
        setattr(made, name, value)
    return made
"""


async def sdk(simulator: Simulator, home: Path, scenario: str) -> Any:
    """Run a scenario with the SDK; its last expression-like line assigns `result`, which comes back."""
    program = f"{PRELUDE}\n{textwrap.dedent(scenario)}\nprint(json.dumps(result, default=str))"
    process = await asyncio.create_subprocess_exec(
        # the SDK's own warnings are no concern of ours: it escapes strings in ways that newer Pythons dislike
        *(sys.executable, "-W", "ignore", "-c", program, simulator.url),
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(40):
            out, err = await process.communicate()
    except BaseException:
        process.kill()
        await process.communicate()
        raise
    assert process.returncode == 0, err.decode()
    return orjson.loads(out.splitlines()[-1])


def options(**more: Any) -> SimulatorOptions:
    return SimulatorOptions(
        rate_per_day=4_000,
        poison_probability=0.0,
        oddity_probability=0.0,
        total_hits_error_probability=0.0,
        **more,
    )


def morning() -> ManualClock:
    return ManualClock("2026-03-10T10:00:00Z")


async def test_token_and_its_refusals(tmp_path: Path) -> None:
    async with serve(options(), morning()) as simulator:
        seen = await sdk(
            simulator,
            tmp_path,
            """
            result = {
                "token": len(login().access_token),
                "unknown": failure(lambda: login(client="nobody")),
                "wrong": failure(lambda: login("wrong")),
            }
            """,
        )
    assert seen["token"] > 40
    assert [(seen[name]["status"], seen[name]["body"]["error"]) for name in ("unknown", "wrong")] == [
        (400, "invalid_client"),
        (401, "invalid_client"),
    ]


async def test_a_search_is_paged_to_its_end(tmp_path: Path) -> None:
    async with serve(options(), morning()) as simulator:
        seen = await sdk(
            simulator,
            tmp_path,
            f"""
            api = gc.AnalyticsApi(login())
            pages, number = [], 1
            while True:
                page = api.post_analytics_conversations_details_query(query("{MORNING}", 50, number))
                if page.conversations is None:
                    break
                pages.append([(c.conversation_id, c.conversation_start.isoformat()) for c in page.conversations])
                number += 1
            last = pages[0][0][0]
            purposes = sorted({{p.purpose for p in api.get_analytics_conversation_details(last).participants}})
            result = {{"pages": pages, "hits": page.total_hits, "purposes": purposes}}
            """,
        )
    rows = [tuple(row) for page in seen["pages"] for row in page]
    assert len(rows) == len({identifier for identifier, _ in rows}) == seen["hits"]
    assert [started for _, started in rows] == sorted(started for _, started in rows)
    assert [len(page) for page in seen["pages"][:-1]] == [50] * (len(seen["pages"]) - 1)
    assert "outdated_sdk_version" not in seen["purposes"]


async def test_every_field_and_word_is_known_to_the_sdk(tmp_path: Path) -> None:
    """What the SDK's models don't know they drop or replace; so the page, read and written again, must be the same."""
    async with serve(options(), morning()) as simulator:
        seen = await sdk(
            simulator,
            tmp_path,
            f"""
            client = login()
            api = gc.AnalyticsApi(client)
            page = api.post_analytics_conversations_details_query(query("{MORNING}", 100))
            result = client.sanitize_for_serialization(page.conversations)
            """,
        )
        rows = simulator.organisation.by_id([one["conversationId"] for one in seen], simulator.clock.now())
        assert len(rows) == 100
        for row, read in zip(rows, seen, strict=True):
            assert paths(read) == paths(orjson.loads(row.content))


def paths(value: Any, path: str = "") -> set[str]:
    """Every path to a value, with its words; instants are left out, since the SDK writes them in its own way."""
    if isinstance(value, dict):
        return set().union(*(paths(one, f"{path}.{name}") for name, one in value.items() if one is not None))
    if isinstance(value, list):
        return set().union(*(paths(one, f"{path}[{n}]") for n, one in enumerate(value)))
    if isinstance(value, str) and value[:4].isdigit() and value[4:5] == "-" and value[10:11] == "T":
        return {path}
    return {f"{path}={value}"}


async def test_predicates_and_an_empty_page(tmp_path: Path) -> None:
    async with serve(options(), morning()) as simulator:
        seen = await sdk(
            simulator,
            tmp_path,
            f"""
            api = gc.AnalyticsApi(login())
            def ask(interval="{MORNING}", **more):
                return api.post_analytics_conversations_details_query(query(interval, **more))
            still_open = predicate(
                gc.ConversationDetailQueryFilter,
                type="and",
                predicates=[
                    predicate(
                        gc.ConversationDetailQueryPredicate,
                        type="dimension", dimension="conversationEnd", operator="notExists",
                    )
                ],
            )
            mail = predicate(
                gc.SegmentDetailQueryFilter,
                type="and",
                predicates=[
                    predicate(gc.SegmentDetailQueryPredicate, dimension="mediaType", value="email"),
                    predicate(gc.SegmentDetailQueryPredicate, dimension="purpose", value="external"),
                ],
            )
            is_open, by_mail = ask(conversation_filters=[still_open]), ask(segment_filters=[mail])
            result = {{
                "open": [str(c.conversation_end) for c in is_open.conversations],
                "mail": sorted({{p.sessions[0].media_type for c in by_mail.conversations for p in c.participants}}),
                "none": ask("2026-03-11T09:00:00Z/2026-03-11T10:00:00Z").conversations,
            }}
            """,
        )
    assert (set(seen["open"]), seen["mail"], seen["none"]) == ({"None"}, ["email"], None)


async def test_by_id(tmp_path: Path) -> None:
    async with serve(options(), morning()) as simulator:
        now = simulator.clock.now()
        plans = list(simulator.organisation.appearing(now - 600_000, now))[:3]
        known = [simulator.organisation.identifier(plan.key) for plan in plans]
        seen = await sdk(
            simulator,
            tmp_path,
            f"""
            api = gc.AnalyticsApi(login())
            known, unknown = {known!r}, "3f0e0c8a-0000-4000-8000-000000000002"
            several = api.get_analytics_conversations_details(id=[*known, unknown]).conversations
            result = {{
                "one": api.get_analytics_conversation_details(known[0]).conversation_id,
                "several": [c.conversation_id for c in several],
                "none": api.get_analytics_conversations_details(id=[unknown]).conversations,
                "missing": failure(lambda: api.get_analytics_conversation_details(unknown)),
            }}
            """,
        )
    assert (seen["one"], seen["several"], seen["none"]) == (known[0], known, None)
    assert (seen["missing"]["status"], seen["missing"]["body"]["code"]) == (404, "not.found")
    assert seen["missing"]["body"]["contextId"] == seen["missing"]["correlation"]


async def test_reference_calls(tmp_path: Path) -> None:
    async with serve(options(), morning()) as simulator:
        seen = await sdk(
            simulator,
            tmp_path,
            """
            client = login()
            queues = gc.RoutingApi(client).get_routing_queues(page_size=100)
            codes = gc.RoutingApi(client).get_routing_wrapupcodes(page_size=10, page_number=2)
            nowhere = "00000000-0000-4000-8000-000000000000"
            wanted = [one.id for one in queues.entities[:2]] + [nowhere]
            queues_by_id = gc.RoutingApi(client).get_routing_queues(id=wanted, page_size=100)
            wanted_codes = [one.id for one in codes.entities[:3]]
            codes_by_id = gc.RoutingApi(client).get_routing_wrapupcodes(id=wanted_codes, page_size=100)
            users = gc.UsersApi(client).get_users(page_size=100)
            some = gc.UsersApi(client).get_users(id=[u.id for u in users.entities[:2]])
            divisions = gc.AuthorizationApi(client).get_authorization_divisions()
            two = gc.AuthorizationApi(client).get_authorization_divisions(id=[d.id for d in divisions.entities[1:3]])
            result = {
                "queues": [len(queues.entities), queues.total, queues.entities[0].name != ""],
                "codes": [len(codes.entities), codes.page_number, codes.page_count, codes.total],
                "by_id": [[one.id for one in queues_by_id.entities] == wanted[:2], len(codes_by_id.entities)],
                "users": [len(users.entities), users.page_count, len(some.entities)],
                "divisions": [d.name for d in divisions.entities],
                "two": [d.name for d in two.entities],
                "organizations": [
                    gc.OrganizationApi(client).get_organizations_me().id,
                    gc.TokensApi(client).get_tokens_me().organization.id,
                ],
            }
            """,
        )
    assert seen["queues"] == [40, 40, True]
    assert seen["codes"] == [10, 2, 6, 54]
    assert seen["by_id"] == [True, 3]
    assert seen["users"] == [100, 3, 2]
    assert seen["divisions"][0] == "Home"
    assert seen["two"] == seen["divisions"][1:3]
    assert seen["organizations"][0] == seen["organizations"][1]


async def test_a_429_with_retry_after_is_repeated_by_the_sdk(tmp_path: Path) -> None:
    async with serve(options(), morning()) as simulator:
        simulator.inject("rate-limited", path="/details/query", times=2, retry_after=1)
        seen = await sdk(
            simulator,
            tmp_path,
            f"""
            api = gc.AnalyticsApi(login())
            began = time.monotonic()
            page = api.post_analytics_conversations_details_query(query("{MORNING}", 5))
            result = {{"rows": len(page.conversations), "seconds": time.monotonic() - began}}
            """,
        )
        statuses = [
            orjson.loads(line)["status"] for line in simulator.front.answers.lines(1, simulator.organisation.identifier)
        ]
    assert (seen["rows"], statuses) == (5, [429, 429, 200])
    assert 2.0 <= seen["seconds"] < 4.0


async def test_error_bodies(tmp_path: Path) -> None:
    async with serve(options(token_lifetime=timedelta(hours=2)), morning()) as simulator:
        simulator.inject("bad-gateway", path="/api/v2/users", times=1)
        seen = await sdk(
            simulator,
            tmp_path,
            f"""
            client = login()
            api = gc.AnalyticsApi(client)
            def ask(*arguments, **more):
                q = query(*arguments, **more)
                return failure(lambda: api.post_analytics_conversations_details_query(q))
            result = {{
                "cap": ask("{MORNING}", 100, 1001),
                "days": ask("2026-03-01T00:00:00Z/2026-03-09T00:00:00Z"),
                "size": ask("{MORNING}", 101),
                "html": failure(lambda: gc.UsersApi(client).get_users()),
            }}
            client.access_token = "nonsense"
            result["token"] = ask("{MORNING}")
            """,
        )
        simulator.permit(allowed=False)
        forbidden = await sdk(
            simulator,
            tmp_path,
            f"""
            api = gc.AnalyticsApi(login())
            result = failure(lambda: api.post_analytics_conversations_details_query(query("{MORNING}")))
            """,
        )
    assert {name: (one["status"], one["body"].get("code")) for name, one in seen.items() if name != "html"} == {
        "cap": (400, "bad.request"),
        "days": (400, "bad.request"),
        "size": (400, "bad.request"),
        "token": (401, "bad.credentials"),
    }
    assert seen["cap"]["body"]["message"].startswith("Pagination may not exceed 100000 results.\n\nTip: ")
    assert seen["days"]["body"]["message"].endswith("does not exceed 7 days")
    assert (seen["html"]["status"], seen["html"]["body"][:6]) == (502, "<html>")
    assert (forbidden["status"], forbidden["body"]["code"]) == (403, "missing.any.permissions")
    for one in (seen["cap"], seen["token"], forbidden):
        assert one["body"]["contextId"] == one["correlation"]
