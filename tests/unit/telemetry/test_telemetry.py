from __future__ import annotations

import io
import json
import logging
import socket
from datetime import timedelta
from typing import Any

import pytest

from producer import errors, events
from producer.telemetry import Options, Telemetry
from producer.telemetry.lines import SILENT
from tests.support.happenings import NOON, SECOND, one_of_each


class StillClock:
    def now(self) -> Any:
        return NOON

    async def sleep(self, duration: timedelta) -> None:
        raise NotImplementedError


class FullDisk(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def telemetry(stream: io.StringIO, *, port: int = 0, secrets: tuple[str, ...] = ()) -> Telemetry:
    options = Options(host="127.0.0.1", port=port, stream=stream, log_level=logging.DEBUG, log_format="json")
    return Telemetry(options=options, clock=StillClock(), sources=["default"], version="1.2.3", secrets=secrets)


def test_it_takes_every_event() -> None:
    stream = io.StringIO()
    observed = telemetry(stream)
    for event in one_of_each("x"):
        observed.observe(event)
    actions = {json.loads(line)["action"] for line in stream.getvalue().splitlines()}
    assert "observer_failed" not in actions
    assert len(actions) == len(one_of_each("x")) - len(SILENT)


def test_a_listener_that_fails_is_logged_once_and_the_others_are_told() -> None:
    stream = io.StringIO()
    observed = telemetry(stream)
    impossible = events.RateLimitHit(source="default", wait=SECOND, learned=1, request_id=None)  # type: ignore[arg-type]
    for _ in range(3):
        observed.observe(impossible)
    failures = [line for line in map(json.loads, stream.getvalue().splitlines()) if line["action"] == "observer_failed"]
    assert failures == [
        {
            "timestamp": failures[0]["timestamp"],
            "level": "error",
            "action": "observer_failed",
            "message": "telemetry: history failed on RateLimitHit: "
            "TypeError(\"'NoneType' object is not subscriptable\"); said once, then only counted",
            "what_to_do": "report it with the log lines around it; the flow itself is not affected",
        }
    ]
    assert observed.snapshot().sources[0].rate_limited == 3


def test_a_log_that_cannot_be_written_does_not_stop_the_flow() -> None:
    observed = telemetry(FullDisk())
    observed.observe(events.TokenRefused(source="default", reason="x"))
    assert [row.action for row in observed.snapshot().errors] == ["token_refused"]


def test_a_rotated_secret_is_kept_out_from_when_it_is_learned() -> None:
    stream = io.StringIO()
    observed = telemetry(stream, secrets=("old-canary",))
    observed.learn_secret("new-canary")
    observed.observe(events.TokenRefused(source="default", reason="old-canary new-canary"))
    assert "canary" not in stream.getvalue() + repr(observed.snapshot())
    assert json.loads(stream.getvalue())["message"] == "no access token could be had: *** ***"


async def test_a_port_that_is_taken_is_a_matter_of_configuration() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(errors.ConfigurationError) as refused:
            async with telemetry(io.StringIO(), port=port).serve():
                pytest.fail("it must not serve")
    assert str(refused.value) == (
        f"admin.host and admin.port: can't listen at 127.0.0.1:{port} (error while attempting to bind on address "
        f"('127.0.0.1', {port}): address already in use); "
        "another process may use it: choose another port, or 0 for any free one"
    )
