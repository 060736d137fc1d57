"""When a failure counts against a window."""

from __future__ import annotations

from datetime import timedelta

import pytest

from producer import errors
from producer.genesys.blame import Blame, may_belong_to_window
from producer.genesys.exchange import Failure, NoAnswer
from producer.genesys.retry import NotFound, ServerError
from producer.model.windows import Direction, Ended, Slice, Window
from tests.support.clock import NOON

SECOND = timedelta(seconds=1)


def part(number: int = 0, *, length: int = 60) -> Slice:
    start = NOON + number * SECOND
    return Slice(window=Window(start, start + length * SECOND))


def test_three_reads_in_a_row_are_no_chance_also_while_the_window_grows() -> None:
    blame = Blame()
    assert [blame.repeated(part(length=each)) for each in (60, 75, 90)] == [False, False, True]


def test_a_read_that_ends_well_is_forgiven_and_others_are_counted_apart() -> None:
    blame = Blame()
    other = Slice(window=part().window, ended=Ended.OPEN)
    for each in (part(), part(), other):
        blame.repeated(each)
    blame.forgive(part())
    assert (blame.repeated(part()), blame.repeated(other), blame.repeated(other)) == (False, False, True)


def test_what_was_given_up_stays_so_with_its_siblings_until_it_is_read() -> None:
    blame = Blame()
    inbound = Slice(window=part().window, ended=Ended.OPEN, direction=Direction.INBOUND)
    outbound = Slice(window=part().window, ended=Ended.OPEN, direction=Direction.OUTBOUND)
    assert [blame.repeated(inbound) for _ in range(3)] == [False, False, True]
    assert (blame.repeated(outbound), blame.repeated(inbound), blame.repeated(part(60))) == (True, True, False)
    blame.forgive(inbound)
    blame.forgive(outbound)
    assert (blame.repeated(outbound), blame.repeated(inbound)) == (False, False)


def test_only_the_latest_windows_are_remembered() -> None:
    blame = Blame()
    for _ in range(2):
        blame.repeated(part())
    for number in range(1, 65):
        blame.repeated(part(number))
    assert not blame.repeated(part())


@pytest.mark.parametrize(
    ("error", "belongs"),
    [
        (ServerError("500"), True),
        (errors.MalformedBody("cut"), True),
        (NoAnswer(Failure.TIMEOUT, ""), True),
        (NoAnswer(Failure.CONNECTION, ""), False),
        (NotFound(""), False),
        (errors.SourceUnavailable("breaker"), False),
        (errors.RateLimited(""), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_network_a_breaker_and_a_limit_are_no_windows_fault(error: errors.SourceError, *, belongs: bool) -> None:
    assert may_belong_to_window(error) is belongs
