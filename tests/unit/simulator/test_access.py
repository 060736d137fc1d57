from __future__ import annotations

from datetime import timedelta

import pytest

from producer.simulator import SimulatorOptions, refusals
from producer.simulator.access import Quota, Quotas, Tokens
from producer.simulator.clock import MINUTE, SECOND

BEGIN = 1000 * MINUTE


def test_a_fixed_window_refuses_until_the_minute_is_over() -> None:
    quota = Quota("fixed")
    assert [quota.admit(BEGIN + at * SECOND, 3) for at in (10, 20, 30, 40, 59, 60)] == [None, None, None, 20, 1, None]
    assert quota.used(BEGIN + MINUTE) == 1


def test_a_sliding_window_refuses_until_the_oldest_has_left() -> None:
    quota = Quota("sliding")
    admitted = [quota.admit(BEGIN + at * SECOND, 3) for at in (10, 20, 30, 40, 69, 70, 71)]
    assert admitted == [None, None, None, 30, 1, None, 9]
    assert quota.most == 3


def test_a_fixed_window_lets_a_sliding_minute_exceed_the_limit() -> None:
    quota = Quota("fixed")
    for at in (58, 59, 60, 61):
        assert quota.admit(BEGIN + at * SECOND, 2) is None
    assert quota.most == 4


@pytest.mark.parametrize("window", ["fixed", "sliding"])
def test_after_the_wait_the_request_is_admitted(window: str) -> None:
    quota = Quota("sliding" if window == "sliding" else "fixed")
    now = BEGIN + 17_345
    for _ in range(500):
        wait = quota.admit(now, 10)
        now += 150 if wait is None else wait * SECOND
        if wait is not None:
            assert quota.admit(now, 10) is None


def test_another_client_has_had_its_share_before_we_come() -> None:
    quota = Quota("sliding")
    assert [quota.admit(BEGIN, 10, 0.4) is None for _ in range(8)] == [True] * 6 + [False] * 2
    assert (quota.others, quota.used(BEGIN), quota.most) == (4, 10, 10)


@pytest.mark.parametrize("window", ["fixed", "sliding"])
def test_another_client_asks_at_a_steady_pace_and_is_refused_like_anybody(window: str) -> None:
    quota = Quota("sliding" if window == "sliding" else "fixed")
    idle = [quota.admit(BEGIN + minute * MINUTE, 300, 0.4) for minute in range(5)]
    assert idle == [None] * 5
    assert quota.others == pytest.approx(5 * 120, abs=2)
    while quota.admit(BEGIN + 5 * MINUTE - 1, 300, 0.4) is None:
        pass
    before = quota.others
    quota.admit(BEGIN + 5 * MINUTE + (30 * SECOND if window == "sliding" else -1), 300, 0.4)
    assert quota.others - before <= 61
    assert quota.used(BEGIN + 5 * MINUTE - 1) <= 300


def test_a_share_that_is_taken_away_and_given_again_begins_then() -> None:
    quota = Quota("sliding")
    shares = [(0, 0.0), (10, 0.5), (40, 0.5), (50, 0.0), (55, 0.5)]
    others = []
    for second, share in shares:
        assert quota.admit(BEGIN + second * SECOND, 12, share) is None
        others.append(quota.others)
    assert (others[:2], others[3:]) == ([0, 0], [others[2]] * 2)
    assert others[2] == pytest.approx(3, abs=1)


def test_when_a_window_ends() -> None:
    fixed, sliding = Quota("fixed"), Quota("sliding")
    assert sliding.resets_in(BEGIN) == 60
    for quota in (fixed, sliding):
        quota.admit(BEGIN + 10_500, 10)
    assert (fixed.resets_in(BEGIN + 20_001), sliding.resets_in(BEGIN + 20_001)) == (40, 51)


def test_how_far_a_sliding_minute_was_above_the_limit_is_known_but_for_the_minute_after_it_was_lowered() -> None:
    assert Quota("fixed").most_over is None
    quota = Quota("fixed")
    for at in (58, 59, 60, 61):
        quota.admit(BEGIN + at * SECOND, 3)
    assert quota.most_over == 1
    lowered = Quota("fixed")
    for at in (50, 51, 52, 60, 61, 125):
        lowered.admit(BEGIN + at * SECOND, 10 if at < 60 else 2)
    assert lowered.most_over == -1


def limited(quotas: Quotas, token: str, now: int) -> bool:
    try:
        quotas.admit(token, now)
    except refusals.Refused:
        return True
    return False


def test_a_limit_that_is_announced_is_in_the_headers_before_it_is_kept_to() -> None:
    quotas = Quotas(SimulatorOptions(limit_per_minute=3))
    quotas.change(1, BEGIN, notice=30 * SECOND)
    assert [limited(quotas, "token", BEGIN + at * SECOND) for at in (1, 2, 31)] == [False, False, True]
    assert quotas.headers("token", BEGIN + 31 * SECOND) == {
        "inin-ratelimit-count": "2",
        "inin-ratelimit-allowed": "1",
        "inin-ratelimit-reset": "29",
    }
    quotas.change(9, BEGIN + 32 * SECOND)
    assert not limited(quotas, "token", BEGIN + 32 * SECOND)


def test_what_a_forgotten_token_reached_is_remembered() -> None:
    quotas = Quotas(SimulatorOptions(limit_per_minute=3))
    assert quotas.most_over() is None
    for at in (58, 59, 60, 61):
        quotas.admit("first", BEGIN + at * SECOND)
    for number in range(1_001):
        quotas.admit(str(number), BEGIN + 200 * SECOND)
    assert (quotas.most(), quotas.most_over()) == (4, 1)


def test_a_limit_below_what_is_used_refuses() -> None:
    quota = Quota("sliding")
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
