"""One request through every kind of trouble: what is asked again, after how long, and what it ends as."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from producer import errors, events
from producer.clock import WallClock
from producer.genesys.breaker import BreakerPolicy
from producer.genesys.options import ClientOptions
from tests.support.clock import NOON, FakeClock
from tests.support.genesys_api import BY_ID, ME, QUERY, TOKEN, Answer, GenesysApi, error_answer
from tests.support.genesys_source import SECRET, bench, plain

QUICK = ClientOptions(timeout=timedelta(seconds=0.3))
HTML = {"Content-Type": "text/html"}
SECONDS = timedelta(seconds=1)
NOTHING_FOUND = ["page 1: 0 of 0", "complete: 0 unique, 1 pages, 2 attempts"]


def too_many(**headers: str) -> Answer:
    message = "Rate limit exceeded the maximum. Retry the request in [42] seconds"
    return error_answer(429, "too.many.requests.retry.after", message, **headers)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (error_answer(500, "internal.server.error", "The server encountered an unexpected condition"), "5xx"),
        (Answer(status=502, body=b"<html><h1>502</h1></html>", headers=HTML), "5xx"),
        (Answer(status=503), "5xx"),
        (error_answer(504, "request.timeout", "The request timed out."), "5xx"),
        (error_answer(408, "client.timeout", "The client timed out."), "timeout"),
        (error_answer(409, "conflict", "Conflict."), "5xx"),
        (Answer(stall=True), "timeout"),
        (Answer(reset=True), "connection"),
        (Answer(cut=True), "body"),
        (Answer(body=b'{"conversations":[{"conversationId":"c'), "body"),
        (Answer(body=b"<html>Log in to the hotel's network</html>", headers=HTML), "body"),
        (Answer(body=b"[1]"), "body"),
        (Answer(), "body"),
        (Answer(body=b"not gzip at all", headers={"Content-Encoding": "gzip"}), "body"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_may_pass_is_asked_again_after_a_backoff(api: GenesysApi, trouble: Answer, reason: str) -> None:
    api.script(QUERY, trouble)
    clock = FakeClock()
    async with bench(api.url, options=QUICK, clock=clock) as made:
        assert plain(await made.read()) == NOTHING_FOUND
    (retried,) = made.happened(events.RequestRetried)
    assert (retried.reason, retried.attempt, retried.wait, retried.request_id) == (reason, 1, SECONDS, "r-1")
    assert clock.slept == [SECONDS]


async def test_three_retries_wait_longer_each_time_and_then_the_read_has_failed(api: GenesysApi) -> None:
    api.script(QUERY, *[error_answer(500, "internal.server.error", "Oops")] * 4)
    clock = FakeClock()
    async with bench(api.url, clock=clock) as made:
        with pytest.raises(errors.SourceUnavailable, match=r"server error: 500 internal\.server\.error Oops") as failed:
            await made.read()
    assert failed.value.correlation_id == "ctx-1"
    assert clock.slept == [1 * SECONDS, 2 * SECONDS, 4 * SECONDS]
    assert [each.status for each in made.happened(events.RequestFinished) if each.endpoint == "query"][:4] == [500] * 4


async def test_a_retry_and_a_429_name_the_answer_that_support_can_look_up(api: GenesysApi) -> None:
    api.script(QUERY, error_answer(500, "internal.server.error", "Oops"), error_answer(429, "too.many", "Slow down"))
    async with bench(api.url, options=QUICK) as made:
        await made.read()
    assert [each.correlation_id for each in made.happened(events.RequestRetried)] == ["ctx-1", "ctx-1"]
    assert [each.correlation_id for each in made.happened(events.RateLimitHit)] == ["ctx-1"]


async def test_no_server_at_all_is_a_source_unavailable(api: GenesysApi) -> None:
    async with bench("http://127.0.0.1:1") as made:
        with pytest.raises(errors.SourceUnavailable, match=r"connection at 127\.0\.0\.1:1"):
            await made.read()
    assert {each.failure for each in made.happened(events.RequestFinished)} == {"connection"}


async def test_an_answer_over_the_bound_in_bytes_is_never_held_whole(api: GenesysApi) -> None:
    api.refuse = lambda seen: Answer(body=b" " * 5000) if seen.path == BY_ID else None
    async with bench(api.url, options=ClientOptions(max_response_bytes=1000)) as made:
        with pytest.raises(errors.WindowRefused, match="more than 1000 bytes"):
            await made.read(("c1",))


# --- 429 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (too_many(**{"Retry-After": "7"}), 7),
        (too_many(**{"Retry-After": "Mon, 10 Mar 2025 12:00:09 GMT"}), 9),
        (too_many(), 42),
        (error_answer(429, "too.many.requests", "Slow down"), 1),
        (Answer(status=429, body=b"<html>", headers=HTML), 1),
    ],
    ids=["seconds", "date", "in the message", "backoff", "html"],
)
async def test_a_429_stops_every_request_for_as_long_as_it_says(api: GenesysApi, answer: Answer, wait: int) -> None:
    api.script(QUERY, answer)
    clock = FakeClock()
    async with bench(api.url, clock=clock) as made:
        assert plain(await made.read()) == NOTHING_FOUND
    assert clock.now() >= NOON + wait * SECONDS
    (hit,) = made.happened(events.RateLimitHit)
    assert (hit.wait, hit.learned, hit.request_id) == (wait * SECONDS, 135, "r-1")
    assert api.tokens == 1, "a token is never renewed because of a 429"


async def test_a_read_that_is_refused_four_times_by_429_is_rate_limited(api: GenesysApi) -> None:
    api.script(QUERY, *[too_many(**{"Retry-After": "1"})] * 4)
    async with bench(api.url) as made:
        with pytest.raises(errors.RateLimited, match=r"429 too\.many\.requests"):
            await made.read()
    assert not made.happened(events.BreakerChanged)


async def test_headers_that_name_a_lower_limit_are_believed(api: GenesysApi) -> None:
    api.script(QUERY, Answer(body={"totalHits": 0}, headers={"inin-ratelimit-allowed": "60"}))
    async with bench(api.url) as made:
        await made.read()
    assert made.happened(events.LimiterMeasured)[-1] == events.LimiterMeasured(
        source="default", cap=60, learned=None, used=1
    )


# --- tokens and permissions -----------------------------------------------------------------------------------------


async def test_a_revoked_token_is_replaced_once_for_all_who_wait(api: GenesysApi) -> None:
    async with bench(api.url) as made:
        await made.read()
        api.revoked.add("token-1")
        async with asyncio.TaskGroup() as group:
            reads = [group.create_task(made.read()) for _ in range(5)]
    assert [plain(each.result())[0] for each in reads] == ["page 1: 0 of 0"] * 5
    assert api.tokens == 2


async def test_a_second_401_with_a_new_token_is_a_refusal(api: GenesysApi) -> None:
    api.script(QUERY, *[error_answer(401, "bad.credentials", "Invalid login credentials.")] * 2)
    async with bench(api.url) as made:
        with pytest.raises(errors.CredentialsRefused, match="a new token is refused as well"):
            await made.read()
    assert api.tokens == 2


@pytest.mark.parametrize(
    ("status", "error", "description"),
    [
        (400, "invalid_client", "client not found"),
        (401, "invalid_client", "authentication failed"),
        (400, "unsupported_grant_type", "no"),
        (403, "access_denied", "no"),
    ],
)
async def test_a_refused_client_is_named_and_asked_once(
    api: GenesysApi, status: int, error: str, description: str
) -> None:
    api.script(TOKEN, Answer(status=status, body={"error": error, "error_description": description}))
    async with bench(api.url) as made:
        with pytest.raises(errors.CredentialsRefused) as refused:
            await made.read()
    assert str(refused.value) == f"no token for the OAuth client: {status} {error} {description}"
    assert made.happened(events.TokenRefused) == [events.TokenRefused(source="default", reason="CredentialsRefused")]
    assert len(api.seen) == 1


async def test_a_complaint_that_repeats_the_secret_is_told_without_it(api: GenesysApi) -> None:
    api.script(TOKEN, Answer(status=400, body={"error": "invalid_request", "error_description": f"got {SECRET}"}))
    async with bench(api.url) as made:
        with pytest.raises(errors.CredentialsRefused) as refused:
            await made.read()
    assert str(refused.value) == "no token for the OAuth client: 400 invalid_request got ***"


async def test_a_login_host_in_trouble_is_asked_again(api: GenesysApi) -> None:
    api.script(TOKEN, Answer(status=502, body=b"<html>"), Answer(body=b"<html>"), Answer(reset=True))
    async with bench(api.url) as made:
        assert plain(await made.read())[0] == "page 1: 0 of 0"
    assert [each.endpoint for each in made.happened(events.RequestRetried)] == ["token"] * 3


async def test_a_login_host_that_is_not_one_says_check_the_region(api: GenesysApi) -> None:
    api.script(TOKEN, error_answer(404, "not found", "HTTP 404 Not Found"))
    async with bench(api.url) as made:
        with pytest.raises(errors.SourceUnavailable, match=r"check genesys\.region"):
            await made.read()


@pytest.mark.parametrize("path", [TOKEN, QUERY])
async def test_an_address_that_is_not_allowed_is_named_and_no_token_is_renewed(api: GenesysApi, path: str) -> None:
    api.script(path, error_answer(401, "ip.not.authorized", "Your IP is not authorized."))
    async with bench(api.url) as made:
        with pytest.raises(errors.AddressNotAllowed, match="Your IP is not authorized"):
            await made.read()
    assert len(api.asked(TOKEN)) == 1


async def test_a_missing_permission_is_named(api: GenesysApi) -> None:
    message = "You must have at least one of the following permissions assigned: [analytics:conversationDetail:view]"
    api.script(QUERY, error_answer(403, "missing.any.permissions", message))
    async with bench(api.url) as made:
        with pytest.raises(errors.PermissionMissing, match=r"assigned: \[analytics:conversationDetail:view\]"):
            await made.read()


async def test_a_redirect_is_not_followed_with_the_token(api: GenesysApi) -> None:
    api.script(QUERY, Answer(status=302, headers={"Location": "http://127.0.0.1:1/"}))
    async with bench(api.url) as made:
        with pytest.raises(errors.SourceUnavailable, match="not an answer of the API"):
            await made.read()


# --- the breaker ----------------------------------------------------------------------------------------------------


async def test_the_breaker_opens_is_probed_with_a_small_question_and_closes(api: GenesysApi) -> None:
    api.refuse = lambda seen: Answer(status=503) if seen.path == QUERY else None
    clock = FakeClock()
    options = ClientOptions(breaker=BreakerPolicy(failures=3, first_pause=60 * SECONDS))
    async with bench(api.url, options=options, clock=clock) as made:
        with pytest.raises(errors.SourceUnavailable, match="server error: 503"):
            await made.read()
        with pytest.raises(
            errors.SourceUnavailable, match="not asked: the breaker is open for 56 s more, after 3 failures"
        ):
            await made.read()
        asked_while_open = len(api.asked(QUERY))
        clock.advance(60 * SECONDS)
        api.refuse = lambda _: None
        assert plain(await made.read()) == NOTHING_FOUND
    assert asked_while_open == 3
    assert [seen.json["interval"][:16] for seen in api.asked(QUERY)[3:]] == ["2025-03-10T11:59", "2025-03-10T12:00"]
    assert [(each.state, each.reason) for each in made.happened(events.BreakerChanged)] == [
        ("open", "5xx"),
        ("half_open", ""),
        ("closed", "answered"),
    ]


async def test_a_400_says_nothing_against_the_api(api: GenesysApi) -> None:
    api.script(QUERY, *[error_answer(400, "bad.request", "no")] * 9)
    async with bench(api.url) as made:
        for _ in range(9):
            with pytest.raises(errors.WindowRefused):
                await made.read()
    assert not made.happened(events.BreakerChanged)


# --- cancellation and secrets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [TOKEN, QUERY])
async def test_a_cancelled_read_gives_back_its_slot_and_its_connection(api: GenesysApi, path: str) -> None:
    api.script(path, Answer(stall=True))
    options = ClientOptions(concurrency=1)
    async with bench(api.url, options=options) as made:
        reading_on = asyncio.create_task(made.read())
        await api.stalled.wait()
        reading_on.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading_on
        assert plain(await made.read())[0] == "page 1: 0 of 0"
        assert made.source.usage().recent == (2 if path == QUERY else 1)
    assert not [task for task in asyncio.all_tasks() if "/producer/" in repr(task.get_coro())]


async def test_reads_that_wait_for_the_limiter_can_be_cancelled(api: GenesysApi) -> None:
    api.script(QUERY, too_many(**{"Retry-After": "3000"}))
    async with bench(api.url, clock=WallClock()) as made:
        first = asyncio.create_task(made.read())
        await _until(lambda: made.happened(events.RateLimitHit))
        others = [asyncio.create_task(made.read()) for _ in range(9)]
        await _until(lambda: made.source._client._gate.waiting == len(others) - 1)
        for waiting in (first, *others):
            waiting.cancel()
        outcomes = await asyncio.gather(first, *others, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {asyncio.CancelledError}
        assert made.source._client._gate.waiting == 0
        assert not made.source._client._gate.slots.locked()
        assert made.source.usage().recent == 1


async def _until(happened: Callable[[], object]) -> None:
    """Let the other tasks run until something has happened; the test's own timeout is the bound."""
    while not happened():  # noqa: ASYNC110 - what is waited for is somebody else's state
        await asyncio.sleep(0)


async def test_no_event_and_no_error_holds_the_secret_or_the_token(api: GenesysApi) -> None:
    api.script(QUERY, Answer(status=500), too_many(), error_answer(401, "unauthorized", "no"), *[Answer(cut=True)] * 2)
    async with bench(api.url) as made:
        with pytest.raises(errors.SourceError) as failed:
            await made.read()
        await made.source.organisation_id()
        told = [repr(made.events), repr(failed.value), str(failed.value), repr(vars(made.source._client))]
    assert SECRET not in "".join(told)
    assert "token-1" not in "".join(told)


async def test_the_organisation_is_told_where_it_is_permitted(api: GenesysApi) -> None:
    api.script(
        ME,
        Answer(body={"organization": {"id": "org-1"}}),
        error_answer(403, "missing.permissions", "no"),
        error_answer(404, "not.found", "no"),
        Answer(body={}),
    )
    async with bench(api.url) as made:
        assert [await made.source.organisation_id() for _ in range(4)] == ["org-1", None, None, None]


async def test_an_answer_about_the_organisation_that_is_no_json_is_malformed(api: GenesysApi) -> None:
    api.refuse = lambda seen: Answer(body=b"<html>") if seen.path == ME else None
    async with bench(api.url) as made:
        with pytest.raises(errors.MalformedBody, match="no JSON object"):
            await made.source.organisation_id()


async def test_a_permission_that_is_missing_shows_in_the_first_question(api: GenesysApi) -> None:
    api.script(QUERY, error_answer(403, "missing.any.permissions", "no"), error_answer(400, "bad.request", "no"))
    async with bench(api.url) as made:
        with pytest.raises(errors.PermissionMissing, match="missing"):
            await made.source.permitted(NOON)
        await made.source.permitted(NOON)  # a 400 says nothing of what is permitted
        await made.source.permitted(NOON + timedelta(hours=12, milliseconds=0.5))
    asked = [(seen.json["interval"], seen.json["paging"]["pageSize"]) for seen in api.asked(QUERY)]
    assert asked == [
        *[("2025-03-10T11:59:00.000Z/2025-03-10T12:00:00.000Z", 1)] * 2,
        ("2025-03-10T23:59:00.000Z/2025-03-11T00:00:00.000Z", 1),
    ]


@pytest.mark.parametrize(
    ("scope", "refused"),
    [(b"analytics", False), (b"other analytics:readonly", False), (b"", False), (b"users other", True)],
)
async def test_a_token_whose_scope_lets_nothing_be_read_is_refused(
    api: GenesysApi, scope: bytes, *, refused: bool
) -> None:
    api.script(TOKEN, Answer(body=b'{"access_token":"t","expires_in":600,"scope":"%b"}' % scope))
    async with bench(api.url) as made:
        if refused:
            with pytest.raises(errors.PermissionMissing, match="the token's scope is 'users other'; reads need one of"):
                await made.read()
        else:
            await made.read()


async def test_what_a_predecessor_spent_is_counted(api: GenesysApi) -> None:
    clock = FakeClock()
    async with bench(api.url, clock=clock) as first:
        await first.read()
        usage = first.source.usage()
    async with bench(api.url, clock=clock) as second:
        second.source.resume(usage)
        assert second.source.usage() == usage
        await second.read()
        assert second.source.usage().recent == usage.recent + 1
