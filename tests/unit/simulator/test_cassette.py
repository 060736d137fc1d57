from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from producer.simulator.cassette import Cassette

QUERY = "/api/v2/analytics/conversations/details/query"


def record(folder: Path, name: str, request: Any, response: Any) -> None:
    (folder / f"{name}.request.json").write_bytes(orjson.dumps(request))
    (folder / f"{name}.response.json").write_bytes(orjson.dumps(response))


def played(cassette: Cassette, body: Any) -> bytes | None:
    found = cassette.play("POST", QUERY, orjson.dumps(body))
    return found.body if found else None


def test_answers_are_played_in_order_and_the_last_one_again(tmp_path: Path) -> None:
    record(
        tmp_path, "1", {"method": "post", "path": QUERY, "body": {"a": 1, "b": 2}}, {"status": 200, "body": {"n": 1}}
    )
    record(
        tmp_path, "2", {"method": "POST", "path": QUERY, "body": {"b": 2, "a": 1}}, {"status": 200, "body": {"n": 2}}
    )
    record(tmp_path, "3", {"method": "POST", "path": QUERY}, {"status": 502, "body": "<html>"})
    cassette = Cassette(tmp_path)
    assert [played(cassette, {"a": 1, "b": 2}) for _ in range(3)] == [b'{"n":1}', b'{"n":2}', b'{"n":2}']
    assert played(cassette, {"a": 3}) == b"<html>"
    assert cassette.play("GET", QUERY, b"") is None


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no recorded answers"):
        Cassette(tmp_path)


async def test_it_is_served_in_place_of_the_organisation(tmp_path: Path, connect: Any) -> None:
    recorded = {"message": "recorded", "contextId": "c-1"}
    headers = {"ININ-Correlation-Id": "c-1"}
    record(tmp_path, "1", {"method": "POST", "path": QUERY}, {"status": 503, "headers": headers, "body": recorded})
    async with connect(cassette=tmp_path) as client:
        async with client.session.post(client.simulator.url + QUERY, json={}, headers=client.headers) as answer:
            assert (answer.status, answer.headers["ININ-Correlation-Id"], await answer.json()) == (503, "c-1", recorded)
        status, body = await client.ask("GET", "/api/v2/users?pageSize=1")
        assert (status, body["code"]) == (404, "not.found")


async def test_a_recorded_login_is_played_too(tmp_path: Path, connect: Any) -> None:
    record(
        tmp_path, "1", {"method": "POST", "path": "/oauth/token"}, {"status": 400, "body": {"error": "invalid_client"}}
    )
    async with connect(cassette=tmp_path) as client:
        assert await client.login() == (400, {"error": "invalid_client"})
