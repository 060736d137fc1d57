from __future__ import annotations

from datetime import timedelta

import pytest

from producer.simulator import SimulatorOptions, refusals
from producer.simulator.access import Quota, Tokens
from producer.simulator.clock import MINUTE, SECOND

BEGIN = 1000 * MINUTE


def test_a_fixed_window_refuses_until_the_minute_is_over() -> None:
    quota = Quota("fixed", 0.0)
    assert [quota.admit(BEGIN + at * SECOND, 3) for at in (10, 20, 30, 40, 59, 60)] == [None, None, None, 20, 1, None]
    assert quota.used(BEGIN + MINUTE) == 1


def test_a_sliding_window_refuses_until_the_oldest_has_left() -> None:
    quota = Quota("sliding", 0.0)
    admitted = [quota.admit(BEGIN + at * SECOND, 3) for at in (10, 20, 30, 40, 69, 70, 71)]
    assert admitted == [None, None, None, 30, 1, None, 9]
    assert quota.most == 3


def test_a_fixed_window_lets_a_sliding_minute_exceed_the_limit() -> None:
    quota = Quota("fixed", 0.0)
    for at in (58, 59, 60, 61):
        assert quota.admit(BEGIN + at * SECOND, 2) is None
    assert quota.most == 4


@pytest.mark.parametrize("window", ["fixed", "sliding"])
def test_after_the_wait_the_request_is_admitted(window: str) -> None:
    quota = Quota("sliding" if window == "sliding" else "fixed", 0.3)
    now = BEGIN + 17_345
    for _ in range(500):
        wait = quota.admit(now, 10)
        now += 150 if wait is None else wait * SECOND
        if wait is not None:
            assert quota.admit(now, 10) is None


def test_another_client_eats_its_share() -> None:
    quota = Quota("sliding", 0.5)
    assert [quota.admit(BEGIN, 4) is None for _ in range(4)] == [True, True, False, False]


def test_a_limit_below_what_is_used_refuses() -> None:
    quota = Quota("sliding", 0.0)
    assert [quota.admit(BEGIN + at, 10) for at in range(5)] == [None] * 5
    assert quota.admit(BEGIN + SECOND, 2) == 60


def refused(tokens: Tokens, header: str | None, now: int) -> str:
    with pytest.raises(refusals.Refused) as caught:
        tokens.check(header, now)
    return caught.value.code


def test_tokens_expire_and_can_be_revoked() -> None:
    tokens = Tokens(SimulatorOptions(token_lifetime=timedelta(seconds=30)))
    one, two = tokens.issue(BEGIN), tokens.issue(BEGIN)
    assert tokens.check(f"Bearer {one}", BEGIN + 29 * SECOND) == one
    assert refused(tokens, f"bearer {one}", BEGIN + 30 * SECOND) == "credentials.expired"
    tokens.revoke(one)
    assert refused(tokens, f"Bearer {one}", BEGIN) == "bad.credentials"
    assert tokens.check(f"Bearer {two}", BEGIN) == two
    tokens.revoke()
    assert refused(tokens, f"Bearer {two}", BEGIN) == "bad.credentials"
    assert [refused(tokens, header, BEGIN) for header in (None, "", "Basic x", "Bearer ")] == [
        "authentication.required"
    ] * 4
