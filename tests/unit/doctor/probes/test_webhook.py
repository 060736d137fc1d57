from __future__ import annotations

import pytest

from producer.clock import WallClock
from producer.doctor.probes.webhook import WebhookProbe
from producer.doctor.results import Outcome
from tests.support.receiver import Receiver, Reply
from tests.support.webhook import options

CLOCK = WallClock()


async def test_it_looks_and_delivers_nothing() -> None:
    with Receiver(Reply(status=404)) as receiver:
        (result,) = await WebhookProbe(options=options(receiver.url), clock=CLOCK).examine()

        assert result.outcome is Outcome.OK
        assert "t0ken" not in result.finding
        assert [(each.method, each.body) for each in receiver.attempts] == [("OPTIONS", b"")]


async def test_without_a_receiver_nobody_is_asked() -> None:
    (result,) = await WebhookProbe(options=None, clock=CLOCK).examine()
    assert result.finding == "not in use"


async def test_a_proxy_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1")
    (result,) = await WebhookProbe(options=options("https://hooks.example/"), clock=CLOCK).examine()
    assert (result.outcome, result.what_to_do) == (Outcome.WARNING, "correct the variable, or unset it")
