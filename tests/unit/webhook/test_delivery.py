"""One attempt over real sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from producer import errors
from producer.dev.rehearsal import free_port
from producer.webhook.answers import Answered, Outcome, Unanswered
from producer.webhook.delivery import Sender
from producer.webhook.options import WebhookOptions
from tests.support.build import at
from tests.support.receiver import OTHER_SECRET, SECRET, Receiver, Reply
from tests.support.webhook import delivery, options

NOW = at("10:00")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


async def sent(given: WebhookOptions) -> Outcome:
    async with Sender(given) as sender:
        return await sender.send(delivery(), NOW)


async def test_the_receiver_takes_what_the_reference_library_finds_sound(receiver: Receiver) -> None:
    assert await sent(options(receiver.url)) == Answered(status=204)

    (attempt,) = receiver.attempts
    assert (attempt.method, attempt.path, attempt.id) == ("POST", "/hooks/t0ken", "d-1")
    assert attempt.body == delivery().body.encode()
    assert attempt.sound == (SECRET,)
    assert attempt.headers["content-type"] == "application/json"
    assert attempt.headers["user-agent"] == "tests"


async def test_in_a_rotation_a_receiver_with_either_secret_finds_it_sound(receiver: Receiver) -> None:
    await sent(options(receiver.url, secrets=f"{OTHER_SECRET}\n{SECRET}"))

    assert receiver.attempts[0].sound == (SECRET, OTHER_SECRET)


async def test_a_secret_that_was_rotated_is_used_at_the_next_attempt(receiver: Receiver) -> None:
    turns = iter([SECRET, OTHER_SECRET])
    async with Sender(replace(options(receiver.url), secrets=lambda: next(turns))) as sender:
        await sender.send(delivery(), NOW)
        await sender.send(delivery(), NOW)

    assert [attempt.sound for attempt in receiver.attempts] == [(SECRET,), (OTHER_SECRET,)]


@pytest.mark.parametrize(
    ("headers", "asked"),
    [({}, None), ({"Retry-After": "7"}, 7), ({"Retry-After": "Mon, 10 Mar 2025 10:00:30 GMT"}, 30)],
)
async def test_what_it_answers_and_how_long_it_asks_to_wait(
    receiver: Receiver, headers: dict[str, str], asked: int | None
) -> None:
    receiver.reply = Reply(status=429, headers=headers)

    outcome = await sent(options(receiver.url))

    assert outcome == Answered(status=429, retry_after=None if asked is None else timedelta(seconds=asked))


async def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    with Receiver() as elsewhere:
        receiver.reply = Reply(status=307, headers={"Location": elsewhere.url})

        assert await sent(options(receiver.url)) == Answered(status=307)
        assert elsewhere.attempts == []


async def test_a_body_without_an_end_is_not_read(receiver: Receiver) -> None:
    receiver.reply = Reply(status=200, endless=True)
    started = time.monotonic()

    assert await sent(options(receiver.url, timeout=timedelta(seconds=30))) == Answered(status=200)
    assert time.monotonic() - started < 20


async def test_one_that_never_answers_is_left_after_the_timeout(receiver: Receiver) -> None:
    receiver.reply = Reply(silent=True)

    outcome = await sent(options(receiver.url, timeout=timedelta(seconds=0.2)))

    assert isinstance(outcome, Unanswered)
    assert (outcome.reason, outcome.message.rpartition(":")[0]) == ("timeout", f"timeout at {_host(receiver.url)}")


async def test_one_that_is_down() -> None:
    url = f"http://127.0.0.1:{free_port()}/hooks/t0ken"

    outcome = await sent(options(url))

    assert isinstance(outcome, Unanswered)
    assert outcome.reason == "connection"
    assert outcome.message.startswith(f"connection at {_host(url)}: ClientConnectorError Connect call failed")


async def test_one_that_speaks_no_tls() -> None:
    with Receiver() as receiver:
        outcome = await sent(options(receiver.url.replace("http:", "https:")))

    assert isinstance(outcome, Unanswered)
    assert outcome.reason == "connection"
    assert "t0ken" not in outcome.message


@pytest.mark.parametrize(
    ("url", "secrets", "told"),
    [
        ("http://127.0.0.1:1/x", "", "webhook.secrets must be one secret, or two while they are changed, not 0"),
        ("ftp://host/x", SECRET, "webhook.url must be an address with scheme and host"),
        ("", SECRET, "webhook.url must be an address with scheme and host"),
    ],
)
async def test_what_was_rotated_to_nonsense_is_told_and_not_sent(url: str, secrets: str, told: str) -> None:
    outcome = await sent(options(url, secrets=secrets))

    assert isinstance(outcome, Unanswered)
    assert (outcome.reason, outcome.message.startswith(told)) == ("settings", True)


async def test_plain_http_is_refused_at_the_attempt_too(receiver: Receiver) -> None:
    outcome = await sent(options(receiver.url, allow_http=False))

    assert outcome == Unanswered(
        reason="settings", message="webhook.url must begin with https://, unless webhook.allow_http is true"
    )
    assert receiver.attempts == []


async def test_a_look_delivers_nothing(receiver: Receiver) -> None:
    receiver.reply = Reply(status=405)
    async with Sender(options(receiver.url)) as sender:
        assert await sender.look(NOW) == Answered(status=405)

    (attempt,) = receiver.attempts
    assert (attempt.method, attempt.body, "webhook-id" in attempt.headers) == ("OPTIONS", b"", False)


async def test_the_proxy_of_the_environment_is_taken(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", receiver.url.replace("http://", "http://somebody:pass@"))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    assert await sent(options("http://hooks.example/x")) == Answered(status=204)

    (attempt,) = receiver.attempts
    assert (attempt.path, attempt.headers["proxy-authorization"]) == (
        "http://hooks.example/x",
        "Basic c29tZWJvZHk6cGFzcw==",
    )


def test_a_proxy_that_is_none_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "socks5://127.0.0.1")

    with pytest.raises(errors.ConfigurationError, match="HTTP_PROXY is no address of a proxy"):
        Sender(options("http://hooks.example/x"))


async def test_cancelling_an_attempt_leaves_no_connection(receiver: Receiver) -> None:
    receiver.reply = Reply(silent=True)
    async with Sender(options(receiver.url, timeout=timedelta(seconds=30))) as sender:
        attempt = asyncio.ensure_future(sender.send(delivery(), NOW))
        await asyncio.to_thread(receiver.wait_until, lambda: bool(receiver.attempts))
        attempt.cancel()
        await asyncio.wait({attempt})

        assert attempt.cancelled()
    assert asyncio.all_tasks() == {asyncio.current_task()}


def _host(url: str) -> str:
    return url.split("/")[2]
