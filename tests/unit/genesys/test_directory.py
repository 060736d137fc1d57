"""Looking up names: what is asked, what an answer says, and that names never stand in the way of reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from producer import errors, events
from producer.genesys.breaker import BreakerPolicy
from producer.genesys.directory import names_in, names_request
from producer.genesys.options import ClientOptions
from producer.model.names import NameKind
from producer.model.reads import ReadKind
from producer.simulator.options import SimulatorOptions
from producer.simulator.server import serve
from tests.support.clock import FakeClock
from tests.support.genesys_api import QUERY, Answer, GenesysApi, error_answer
from tests.support.genesys_source import bench

QUEUES = "/api/v2/routing/queues"
CODES = "/api/v2/routing/wrapupcodes"
BROKEN = Answer(status=500, body=b"")
SECRET = SimulatorOptions().client_secret


@pytest.mark.parametrize(
    ("kind", "ids", "path", "query"),
    [
        (NameKind.QUEUE, ("a", "b"), QUEUES, {"pageSize": ["100"], "id": ["a", "b"]}),
        (NameKind.WRAP_UP, ("a",), CODES, {"pageSize": ["100"], "id": ["a"]}),
        (NameKind.USER, ("a", "b"), "/api/v2/users", {"pageSize": ["100"], "state": ["any"], "id": ["a", "b"]}),
        (NameKind.DIVISION, ("a", "b"), "/api/v2/authorization/divisions", {"pageSize": ["100"], "id": ["a", "b"]}),
        (NameKind.QUEUE, (), QUEUES, {"pageSize": ["1"]}),
    ],
)
def test_what_is_asked(kind: NameKind, ids: tuple[str, ...], path: str, query: Any) -> None:
    request = names_request("https://api", kind, ids, request_id="r-1")
    parts = urlsplit(request.url)
    assert (request.method, parts.path, parse_qs(parts.query)) == ("GET", path, query)
    assert (request.read, request.request_id) == (ReadKind.DIRECTORY, "r-1")


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b'{"entities": [{"id": "a", "name": "S\xc3\xbcd"}, {"id": "b", "name": "B"}]}', {"a": "S\u00fcd", "b": "B"}),
        (b'{"entities": [7, {"id": "a"}, {"name": "b"}, {"id": "c", "name": ""}, {"id": 1, "name": "d"}]}', {}),
        (b'{"entities": null}', {}),
        (b"{}", {}),
        (b'{"entities": [{"id": "a", "name": "' + b"x" * 2_000 + b'"}]}', {"a": "x" * 1_000}),
    ],
)
def test_what_an_answer_says(body: bytes, names: dict[str, str]) -> None:
    assert names_in(body) == names


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"entities": {"a": 1}}', b'{"entities": "a"}'])
def test_what_is_no_answer(body: bytes) -> None:
    with pytest.raises(errors.MalformedBody, match="no list of entities"):
        names_in(body)


async def test_a_failure_is_not_repeated_and_a_refused_permission_is_named(api: GenesysApi) -> None:
    api.script(QUEUES, BROKEN, error_answer(403, "missing.any.permissions", "no"))
    async with bench(api.url) as made:
        with pytest.raises(errors.SourceUnavailable, match="server error"):
            await made.source.names(NameKind.QUEUE, ["a"])
        with pytest.raises(errors.PermissionMissing, match=r"it takes routing:queue:view\): 403"):
            await made.source.names(NameKind.QUEUE, ["a"])
    assert len(api.asked(QUEUES)) == 2


async def test_names_that_fail_do_not_open_the_breaker_nor_do_those_that_answer_keep_it_closed(api: GenesysApi) -> None:
    options = ClientOptions(breaker=BreakerPolicy(failures=2, first_pause=timedelta(minutes=1)), retries=0)
    clock = FakeClock()
    async with bench(api.url, options=options, clock=clock) as made:
        for _ in range(4):
            clock.advance(timedelta(seconds=5))
            api.script(QUEUES, BROKEN)
            with pytest.raises(errors.SourceUnavailable):
                await made.source.names(NameKind.QUEUE, ["a"])
        assert made.happened(events.BreakerChanged) == []
        for _ in range(2):
            clock.advance(timedelta(seconds=5))
            api.script(QUERY, BROKEN)
            with pytest.raises(errors.SourceUnavailable):
                await made.source.permitted(clock.now())
            if not made.happened(events.BreakerChanged):
                api.script(QUEUES, Answer(body={"entities": []}))
                assert await made.source.names(NameKind.QUEUE, ["a"]) == {}
        assert [event.state for event in made.happened(events.BreakerChanged)] == ["open"]
        asked = len(api.asked(QUEUES))
        with pytest.raises(errors.SourceUnavailable, match="not asked: the breaker is open"):
            await made.source.names(NameKind.QUEUE, ["a"])
        assert len(api.asked(QUEUES)) == asked


async def test_ten_thousand_queues_take_a_hundred_requests_of_the_simulated_organisation() -> None:
    options = SimulatorOptions(client_id="client-1", queues=10_000, unlisted=0.05, limit_per_minute=1_000)
    async with serve(options) as simulator, bench(simulator.url, secret=SECRET) as made:
        queues = simulator.organisation.directory.queues
        ids = [queue.id for queue in queues]
        found: dict[str, str] = {}
        for start in range(0, len(ids), 100):
            found.update(await made.source.names(NameKind.QUEUE, ids[start : start + 100]))
        assert simulator.front.stats.values()["requests"][QUEUES] == {"200": 100}
    known = {queue.id: queue.name for queue in queues if queue.id in found}
    assert (len(found), found) == (9_500, known)
