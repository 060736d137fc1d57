"""The token: its life, who shares it, and what a refusal leaves behind."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from urllib.parse import quote, quote_plus

import pytest

from producer import errors
from producer.events import Event, TokenRefreshed, TokenRefused
from producer.genesys.auth import Token, TokenKeeper, token_of, token_request, without
from producer.genesys.exchange import Answer
from producer.genesys.options import Credentials
from producer.model.regions import Endpoints
from tests.support.clock import NOON, FakeClock

MINUTE = timedelta(minutes=1)
HOSTS = Endpoints(api="https://api.x", login="https://login.x")


class Login:
    """A login host that gives out numbered tokens, one error for each in `trouble` first."""

    def __init__(self, clock: FakeClock, *trouble: errors.SourceError) -> None:
        self.clock = clock
        self.trouble = list(trouble)
        self.asked = 0

    async def fetch(self) -> Token:
        self.asked += 1
        number = self.asked
        await asyncio.sleep(0)
        if self.trouble:
            raise self.trouble.pop(0)
        body = b'{"access_token":"t%d","expires_in":3600}' % number
        return token_of(body, self.clock.now(), MINUTE)


def keeper(login: Login, heard: list[Event] | None = None) -> TokenKeeper:
    return TokenKeeper(login.fetch, clock=login.clock, observe=(heard if heard is not None else []).append)


async def test_a_token_is_kept_until_a_minute_before_it_expires() -> None:
    login = Login(FakeClock())
    made = keeper(login)
    values = [(await made.token()).value]
    for wait in (58 * MINUTE, MINUTE, timedelta(0)):
        login.clock.advance(wait)
        values.append((await made.token()).value)
    assert values == ["t1", "t1", "t2", "t2"]


async def test_all_who_wait_share_one_fetch() -> None:
    login = Login(FakeClock())
    made = keeper(login)
    assert {token.value for token in await asyncio.gather(*[made.token() for _ in range(9)])} == {"t1"}
    assert login.asked == 1


async def test_all_who_wait_share_one_refusal_and_the_next_asks_again() -> None:
    login = Login(FakeClock(), errors.CredentialsRefused("no"))
    made = keeper(login)
    refusals = await asyncio.gather(*[made.token() for _ in range(9)], return_exceptions=True)
    assert {type(refusal) for refusal in refusals} == {errors.CredentialsRefused}
    assert login.asked == 1
    assert (await made.token()).value == "t2"


async def test_a_fetch_that_is_cancelled_leaves_it_to_the_next_in_line() -> None:
    login = Login(FakeClock())
    made = keeper(login)
    first, second = asyncio.ensure_future(made.token()), asyncio.ensure_future(made.token())
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).value == "t2"
    assert first.cancelled()


async def test_only_the_token_that_was_refused_is_forgotten() -> None:
    login = Login(FakeClock())
    made = keeper(login)
    old = await made.token()
    made.forget(old)
    new = await made.token()
    made.forget(old)
    assert (await made.token()).value == new.value == "t2"


async def test_while_the_login_host_is_in_trouble_a_token_that_still_lives_is_used() -> None:
    login = Login(FakeClock())
    heard: list[Event] = []
    made = keeper(login, heard)
    await made.token()
    login.trouble = [errors.SourceUnavailable("down")] * 2
    login.clock.advance(59 * MINUTE)
    assert [(await made.token()).value for _ in range(3)] == ["t1"] * 3
    assert login.asked == 2
    login.clock.advance(MINUTE)
    with pytest.raises(errors.SourceUnavailable):
        await made.token()
    assert heard == [
        TokenRefreshed(expires_at=NOON + 60 * MINUTE),
        TokenRefused(reason="SourceUnavailable"),
        TokenRefused(reason="SourceUnavailable"),
    ]


async def test_a_client_that_is_refused_does_not_live_on_with_the_old_token() -> None:
    login = Login(FakeClock())
    made = keeper(login)
    await made.token()
    login.trouble = [errors.CredentialsRefused("disabled")]
    login.clock.advance(59 * MINUTE)
    with pytest.raises(errors.CredentialsRefused):
        await made.token()


@pytest.mark.parametrize(
    ("expires_in", "life", "fresh"),
    [
        ('"²"'.encode(), 300, 240),
        (b"86399", 86_399, 86_339),
        (b"86399.0", 86_399, 86_339),
        (b'"600"', 600, 540),
        (b"90", 90, 45),
        (b"null", 300, 240),
        (b"0", 300, 240),
        (b"-1", 300, 240),
        (b"true", 300, 240),
        (b'"soon"', 300, 240),
        (b"1e300", 172_800, 172_740),
    ],
)
def test_how_long_a_token_lives(expires_in: bytes, life: int, fresh: int) -> None:
    token = token_of(b'{"access_token":"t","expires_in":%b}' % expires_in, NOON, MINUTE)
    assert token == Token(
        value="t", expires_at=NOON + timedelta(seconds=life), fresh_until=NOON + timedelta(seconds=fresh)
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"[" * 100_000,
        b"{}",
        b'{"access_token":7}',
        b'{"access_token":""}',
        b'{"access_token":"a\\r\\nX: b"}',
    ],
)
def test_an_answer_without_a_token_is_malformed_and_not_quoted(body: bytes) -> None:
    with pytest.raises(errors.MalformedBody, match=r"^the token answer (is no JSON object|holds no access_token)$"):
        token_of(body, NOON, MINUTE)


def test_the_request_is_a_basic_form_and_shows_no_secret() -> None:
    request = token_request(HOSTS, Credentials(client_id="me", secret=lambda: "s3cret"), "r-1")
    assert (request.method, request.url, request.body, dict(request.headers)) == (
        "POST",
        "https://login.x/oauth/token",
        b"grant_type=client_credentials",
        {"Authorization": "Basic bWU6czNjcmV0", "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert "s3cret" not in repr(request)
    assert "bWU6" not in repr(request)


def test_the_secret_is_asked_for_each_request_so_that_a_rotated_one_is_read_again() -> None:
    secrets = iter(["old", "new"])
    credentials = Credentials(client_id="me", secret=lambda: next(secrets))
    headers = [token_request(HOSTS, credentials, "").headers["Authorization"] for _ in range(2)]
    assert headers[0] != headers[1]


def test_a_secret_that_cannot_be_read_is_a_refusal() -> None:
    def missing() -> str:
        raise FileNotFoundError("/run/secrets/x")

    with pytest.raises(errors.CredentialsRefused, match="the client secret can't be read: FileNotFoundError"):
        token_request(HOSTS, Credentials(client_id="me", secret=missing), "")


@pytest.mark.parametrize("secret", ["S3CRET", 'a"b\\c&d=é %41', "S3/CRET+x"])
def test_an_answer_that_repeats_the_secret_is_heard_without_it(secret: str) -> None:
    asked = json.dumps({"client_secret": secret, "realm": "r"})
    for body in (asked, json.dumps({"message": f"bad request: {asked}"}), quote(secret, safe=""), quote_plus(secret)):
        heard = without(Answer(status=400, headers={}, body=body.encode()), secret).body.decode()
        assert "***" in heard
        assert secret not in heard
        assert json.dumps(secret)[1:-1] not in heard
