"""The arguments of `verify`."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

import pytest

from producer import errors
from producer.commands.verify import configure, instant, question_of, refuse_sample
from producer.model.windows import Interval
from producer.verify.again import Question


def question(*words: str) -> Question | None:
    parser = argparse.ArgumentParser()
    configure(parser)
    return question_of(parser.parse_args(words))


def test_without_source_nothing_is_asked() -> None:
    assert question() is None


def test_a_sample_or_a_window() -> None:
    assert question("--source") == Question(size=100, seed=0)
    assert question("--source", "--sample", "5", "--seed", "9") == Question(size=5, seed=9)
    window = Interval(datetime(2026, 3, 10, 10, tzinfo=UTC), datetime(2026, 3, 11, tzinfo=UTC))
    assert question("--source", "--from", "2026-03-10T11:00+01:00", "--to", "2026-03-11") == Question(window=window)


@pytest.mark.parametrize(
    "words",
    [
        ("--from", "2026-03-10", "--to", "2026-03-11"),
        ("--source", "--from", "2026-03-10"),
        ("--source", "--from", "2026-03-11", "--to", "2026-03-10"),
        ("--source", "--sample", "0"),
        ("--source", "--requests-per-minute", "0"),
    ],
)
def test_what_makes_no_sense_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(errors.UsageError):
        question(*words)


def test_a_gateway_of_the_token_dialect_is_asked_for_windows_only() -> None:
    window = Question(window=Interval(instant("2026-03-10"), instant("2026-03-11")))
    for asked, dialect in ((None, "token"), (window, "token"), (Question(), "platform")):
        refuse_sample(asked, dialect)
    with pytest.raises(errors.UsageError, match="give --from and --to"):
        refuse_sample(Question(), "token")


def test_instants_are_utc_and_whole_milliseconds() -> None:
    assert instant("2026-03-10T10:00:00.123456") == datetime(2026, 3, 10, 10, 0, 0, 123_000, tzinfo=UTC)
