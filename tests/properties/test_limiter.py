"""The limiter against a server that counts as it likes: fixed or sliding minutes, anywhere between send and answer."""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.genesys.limiter import SPACING, Limiter, LimiterPolicy
from producer.genesys.limiter_learned import MINUTE
from producer.model.checkpoint import Usage
from tests.support.clock import NOON

MICROSECOND = timedelta(microseconds=1)


@dataclass
class Traffic:
    """Workers that send whenever the limiter lets them, through a network with jitter. Times are spans from NOON."""

    limiter: Limiter
    random: Random
    workers: int = 8
    longest_latency: float = 0.2
    timeout_share: float = 0.0
    oversleep: float = 0.0
    sent: list[timedelta] = field(default_factory=list)
    counted: list[timedelta] = field(default_factory=list)

    def run(self, begin: timedelta, end: timedelta) -> None:
        """Send as much as the limiter allows between two instants; what is in flight at the end stays so."""
        answers: list[timedelta] = []
        now = begin
        while now < end:
            while answers and answers[0] <= now:
                self._end(heapq.heappop(answers))
            wait = self.limiter.reserve(NOON + now) if len(answers) < self.workers else None
            if wait == timedelta(0):
                heapq.heappush(answers, self._send(now))
                continue
            asleep_until = end if wait is None else now + wait + self._oversleep()
            now = min([asleep_until, *answers[:1]])

    def _send(self, now: timedelta) -> timedelta:
        took = timedelta(seconds=self.random.uniform(0.001, self.longest_latency))
        self.sent.append(now)
        self.counted.append(now + self.random.choice((0, 1, self.random.random())) * took)
        return now + took

    def _end(self, at: timedelta) -> None:
        if self.random.random() < self.timeout_share:
            self.limiter.lost(NOON + at)
        else:
            self.limiter.answered(NOON + at)

    def _oversleep(self) -> timedelta:
        return timedelta(seconds=self.random.uniform(0, self.oversleep)) + MICROSECOND


def busiest_sliding_minute(instants: list[timedelta], span: timedelta = MINUTE) -> int:
    """The most instants in any `[t, t + span)`."""
    ordered = sorted(instants)
    return max((bisect_left(ordered, each + span) - number for number, each in enumerate(ordered)), default=0)


def busiest_fixed_minute(instants: list[timedelta], phase: timedelta) -> int:
    """The most instants in any minute of a clock that is off by `phase`."""
    ordered = sorted(instants)
    minutes = {(each - phase) // MINUTE for each in ordered}
    return max(
        bisect_left(ordered, phase + (number + 1) * MINUTE) - bisect_left(ordered, phase + number * MINUTE)
        for number in minutes
    )


@given(
    requests_per_minute=st.integers(1, 400),
    headroom=st.sampled_from((0.0, 0.1, 0.5)),
    latency=st.sampled_from((0.01, 0.2, 3.0, 30.0)),
    timeout_share=st.sampled_from((0.0, 0.3)),
    phase=st.integers(0, 59_999),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=150, deadline=None)
def test_no_minute_of_the_server_sees_more_requests_than_the_cap(
    requests_per_minute: int, headroom: float, latency: float, timeout_share: float, phase: int, seed: int
) -> None:
    policy = LimiterPolicy(requests_per_minute=requests_per_minute, headroom=headroom)
    traffic = Traffic(
        Limiter(policy, now=NOON), Random(seed), workers=8, longest_latency=latency, timeout_share=timeout_share
    )
    traffic.run(timedelta(0), timedelta(minutes=4))
    assert busiest_sliding_minute(traffic.counted) <= policy.cap
    assert busiest_fixed_minute(traffic.counted, timedelta(milliseconds=phase)) <= policy.cap
    assert busiest_sliding_minute(traffic.sent, SPACING) <= max(1, policy.cap / 12)


@pytest.mark.parametrize("requests_per_minute", [120, 200, 300, 1000])
@pytest.mark.parametrize("oversleep", [0.0, 0.003])
def test_under_load_at_100_ms_at_least_97_percent_of_the_cap_is_used(
    requests_per_minute: int, oversleep: float
) -> None:
    policy = LimiterPolicy(requests_per_minute=requests_per_minute)
    traffic = Traffic(Limiter(policy, now=NOON), Random(1), longest_latency=0.2, oversleep=oversleep)
    traffic.run(timedelta(0), timedelta(minutes=20))
    whole_spacings = policy.cap // 12 * 12
    assert len(traffic.sent) >= 0.995 * min(policy.cap, whole_spacings) * 20
    if requests_per_minute == 300:
        assert len(traffic.sent) >= 0.97 * policy.cap * 20


@given(
    checkpoint_at=st.integers(0, 150_000),
    lived_on=st.integers(0, 90_000),
    down=st.integers(0, 90_000),
    busy_from=st.integers(0, 60_000),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=150, deadline=None)
def test_a_successor_and_its_predecessor_together_stay_below_the_published_limit(
    checkpoint_at: int, lived_on: int, down: int, busy_from: int, seed: int
) -> None:
    policy, random = LimiterPolicy(), Random(seed)
    begin, saved, killed, restarted = _milliseconds(busy_from, checkpoint_at, lived_on, down)
    first = Traffic(Limiter(policy, now=NOON), random)
    first.run(begin, saved)
    usage = first.limiter.usage(NOON + saved)
    first.run(saved, killed)
    successor = Limiter(policy, now=NOON + restarted)
    successor.resume(usage, NOON + restarted)
    second = Traffic(successor, random)
    second.run(restarted, restarted + timedelta(minutes=3))
    assert busiest_sliding_minute(first.counted + second.counted) <= policy.requests_per_minute


def _milliseconds(*spans: int) -> Iterator[timedelta]:
    total = 0
    for span in spans:
        total += span
        yield timedelta(milliseconds=total)


@given(limit=st.integers(20, 250), retry_after=st.integers(1, 60), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_a_server_that_allows_less_refuses_rarely_and_nothing_is_sent_while_it_asks_us_to_wait(
    limit: int, retry_after: int, seed: int
) -> None:
    policy, random = LimiterPolicy(), Random(seed)
    limiter = Limiter(policy, now=NOON)
    accepted: list[timedelta] = []
    refusals: list[timedelta] = []
    silent_until = now = timedelta(0)
    while now < timedelta(minutes=10):
        wait = limiter.reserve(NOON + now)
        if wait:
            now += wait + MICROSECOND
            continue
        assert now >= silent_until
        now += timedelta(seconds=random.uniform(0.001, 0.1))
        lately = len(accepted) - bisect_right(accepted, now - MINUTE)
        if lately < limit:
            accepted.append(now)
            limiter.answered(NOON + now)
            continue
        before = limiter.cap(NOON + now)
        learned = limiter.refused(NOON + now, timedelta(seconds=retry_after))
        assert min(int(0.46 * lately), before) <= learned <= before
        silent_until = now + timedelta(seconds=retry_after)
        refusals.append(now)
    assert len(refusals) <= 15


@given(learned=st.integers(1, 269), minutes=st.integers(0, 60))
def test_a_learned_cap_stands_for_ten_minutes_and_then_rises_ever_faster(learned: int, minutes: int) -> None:
    limiter = Limiter(LimiterPolicy(), now=NOON)
    limiter.resume(Usage(at=NOON + 9 * MINUTE, recent=0, learned=learned, learned_at=NOON), NOON)
    caps = [limiter.cap(NOON + minute * MINUTE) for minute in (minutes, minutes + 1)]
    if minutes < 10:
        assert caps == [learned, learned]
    elif minutes < 20:
        assert learned <= caps[0] <= caps[1] <= min(270, learned * 1.06)
    else:
        fast = 2.7 * (minutes - 20) ** 2
        assert caps[0] == min(270, learned + int(0.06 * learned + fast))
    assert limiter.cap(NOON + 30 * MINUTE) == 270
