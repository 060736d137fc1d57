from __future__ import annotations

import inspect

import pytest

from producer import errors

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.ProducerError)]


@pytest.mark.parametrize("kind", ALL)
def test_every_error_says_what_happened_and_what_to_do(kind: type[errors.ProducerError]) -> None:
    what_happened = (kind.__doc__ or "").strip().splitlines()[0]
    assert what_happened.endswith(".")
    assert kind.what_to_do
    assert kind.what_to_do[0].islower()


def test_exit_codes_are_those_of_the_command_line() -> None:
    codes = {kind.__name__: kind.exit_code for kind in ALL}
    passing = {"SourceUnavailable", "RateLimited", "MalformedBody", "SinkUnavailable"}
    assert {name for name, code in codes.items() if code == 75} == passing
    assert {name for name, code in codes.items() if code == 70} == {"ProducerError", "Malformed"}
    assert {name: code for name, code in codes.items() if code not in {69, 70, 75}} == {
        "ConfigurationError": 78,
        "UsageError": 64,
    }


def test_an_error_of_the_source_carries_what_the_vendor_asks_for() -> None:
    error = errors.PermissionMissing("403: missing analytics:view", code="missing.permissions", correlation_id="c-1")
    assert (str(error), error.code, error.correlation_id) == (
        "403: missing analytics:view",
        "missing.permissions",
        "c-1",
    )
    without_answer = errors.SourceUnavailable("no route to host")
    assert (without_answer.code, without_answer.correlation_id) == ("", None)


def test_a_malformed_conversation_tells_where() -> None:
    error = errors.Malformed("bad_instant", "$.conversationStart", "not an instant")
    assert (str(error), error.reason, error.path) == (
        "not an instant at $.conversationStart",
        "bad_instant",
        "$.conversationStart",
    )
