"""The token dialect as the flow sees it."""

from __future__ import annotations

import pytest

from producer import errors
from producer.events import TokenRefreshed
from tests.support.clock import NOON
from tests.support.genesys_api import QUERY, TOKEN, Answer, GenesysApi, Seen, error_answer
from tests.support.genesys_source import SECRET
from tests.support.token_source import REALM, Pages, bench

ONE_PAGE = Pages({"": (("a",), "")})


async def test_it_asks_for_a_token_of_its_realm_at_the_gateway_alone(api: GenesysApi) -> None:
    api.refuse = ONE_PAGE
    async with bench(api.url) as made:
        await made.read()
    (login,) = api.asked(TOKEN)

    assert (login.json["realm"], login.json["client_secret"]) == (REALM, SECRET)
    assert [seen.path for seen in api.seen] == [TOKEN, QUERY]
    assert [type(event) for event in made.events].count(TokenRefreshed) == 1
    assert SECRET not in repr(made.events)


async def test_a_token_that_is_refused_is_renewed_once_and_the_page_asked_for_again(api: GenesysApi) -> None:
    api.refuse = ONE_PAGE
    api.script(QUERY, error_answer(401, "bad.credentials", "Invalid login credentials."))
    async with bench(api.url) as made:
        items = await made.read()
    assert len(items) == 2
    assert [seen.headers["Authorization"] for seen in api.asked(QUERY)] == ["Bearer token-1", "Bearer token-2"]


@pytest.mark.parametrize(("status", "code"), [(400, "invalid_realm"), (401, "invalid_client"), (403, "access_denied")])
async def test_a_gateway_that_gives_no_token_speaks_of_the_client(api: GenesysApi, status: int, code: str) -> None:
    api.script(TOKEN, Answer(status=status, body={"error": code, "error_description": "no"}))
    async with bench(api.url) as made:
        with pytest.raises(errors.CredentialsRefused, match=f"no token for the OAuth client: {status} {code} no"):
            await made.read()


async def test_a_scope_that_lets_nothing_be_read_is_a_missing_permission(api: GenesysApi) -> None:
    api.script(TOKEN, Answer(body={"access_token": "t", "expires_in": 60, "scope": "users:view"}))
    async with bench(api.url) as made:
        with pytest.raises(errors.PermissionMissing):
            await made.read()


async def test_whose_token_it_is_is_not_told_and_not_asked(api: GenesysApi) -> None:
    async with bench(api.url) as made:
        assert await made.source.organisation_id() is None
    assert api.seen == []


async def test_permission_shows_by_one_conversation_of_the_last_minute(api: GenesysApi) -> None:
    def forbidden(seen: Seen) -> Answer | None:
        return error_answer(403, "missing.any.permissions", "no") if seen.path == QUERY else None

    api.refuse = ONE_PAGE
    async with bench(api.url) as made:
        await made.source.permitted(NOON)
        api.refuse = forbidden
        with pytest.raises(errors.PermissionMissing):
            await made.source.permitted(NOON)
    asked = api.asked(QUERY)[0].json

    assert (asked["size"], asked["timeRange"]) == (
        1,
        {"startTime": "2025-03-10T11:59:00.000Z", "endTime": "2025-03-10T12:00:00.000Z"},
    )


async def test_what_was_used_of_the_limit_is_carried_over(api: GenesysApi) -> None:
    api.refuse = ONE_PAGE
    async with bench(api.url) as first, bench(api.url) as second:
        await first.read()
        used = first.source.usage()
        second.source.resume(used)

        assert second.source.usage() == used
        assert used.recent
