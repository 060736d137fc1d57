"""What capture costs in requests: a day of the head, the watch and the re-reads, or a range of time.

Pure. It counts the requests of reads that go well: repeats, retries and tokens come on top. Where the head's share of
the budget does not pay for its polls they come less often, as `pace` has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from producer.model.instants import ONE_DAY, utc_midnight
from producer.model.reads import ReadKind
from producer.model.volume import OPEN_BANDS, Volume
from producer.model.windows import Interval, Window, windows_between
from producer.planning.pace import poll_interval
from producer.planning.rereads import step_of
from producer.planning.watch import IDS_AT_ONCE, THREAD_EVERY, WRAP_UP_EVERY, WatchPolicy, open_every

MINUTES_A_DAY = ONE_DAY / timedelta(minutes=1)
LACKING_WRAP_UP = 0.05
"""Assumed: the part of a day's conversations that lack a wrap-up code for the whole time that it is waited for."""

_OPEN_NAMES = ("open since yesterday", "open for days", "open for weeks")
_MINUTE = timedelta(minutes=1)
_DAY_SECONDS = ONE_DAY.total_seconds()
_LONG_LIVED = 1.5  # halves that hold more than this many times their parent share long conversations
_FINEST = 60.0  # seconds; finer windows are not counted one by one, nor does a read split finer
_SPLIT = 3  # the first page of a window that is split, and a probe of each half


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What decides the cost besides the volume: as the settings have it. `budget` is in requests a minute."""

    budget: float
    head_share: float
    backfill_share: float
    page_size: int
    hit_bound: int
    poll_interval: timedelta
    overlap: timedelta
    catch_up_slice: timedelta
    ages: tuple[timedelta, ...]
    watch: WatchPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one kind of read costs in a day; `busiest` is the requests a minute in the busiest span of it.

    `age` is that of the re-read; `asked` counts the conversations that the watch asks for by id.
    """

    read: ReadKind
    what: str
    reads: float
    requests: float
    busiest: float
    age: timedelta | None = None
    asked: float = 0.0

    @property
    def a_minute(self) -> float:
        """Requests a minute, on average."""
        return self.requests / MINUTES_A_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCost:
    """What a day costs, by read, of `budget` requests a minute. `slowest_poll` is how long the poll interval gets."""

    costs: tuple[Cost, ...]
    budget: float
    slowest_poll: timedelta

    @property
    def requests(self) -> float:
        """All of them."""
        return sum(cost.requests for cost in self.costs)

    @property
    def share(self) -> float:
        """The part of the day's budget that they take."""
        return self.requests / (self.budget * MINUTES_A_DAY)

    @property
    def busiest(self) -> float:
        """Requests a minute in the busiest span."""
        return sum(cost.busiest for cost in self.costs)

    @property
    def fits(self) -> bool:
        """True when a day's reads can be made in a day; else re-reads come later and later."""
        return self.share <= 1

    @property
    def left(self) -> float:
        """Requests a minute that are left for others."""
        return max(0.0, self.budget * (1 - self.share))


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeCost:
    """What one reading of a range costs: windows, requests, and the minutes it takes with so many requests `a_minute`;
    None when there are none.
    """

    interval: Interval
    reads: float
    requests: float
    a_minute: float
    minutes: float | None


def day_cost(volume: Volume, rules: Rules) -> DayCost:
    """What a day of capture costs at a volume."""
    head, slowest = _head(volume, rules)
    rereads = [_reread(volume, rules, age) for age in rules.ages]
    return DayCost(costs=(head, *_watch(volume, rules), *rereads), budget=rules.budget, slowest_poll=slowest)


def range_cost(volume: Volume, rules: Rules, interval: Interval, left: float) -> RangeCost:
    """What it costs to read a range once, every day of it at this volume, with the requests that are `left` a minute
    for it, or what backfill is guaranteed.
    """
    a_minute = max(left, rules.budget * rules.backfill_share)
    reads = requests = 0.0
    for window in windows_between(interval.start, interval.end, rules.catch_up_slice):
        more_reads, more_requests = _window(volume, rules, *_seconds_of(window))
        reads, requests = reads + more_reads, requests + more_requests
    minutes = requests / a_minute if a_minute else None
    return RangeCost(interval=interval, reads=reads, requests=requests, a_minute=a_minute, minutes=minutes)


def _head(volume: Volume, rules: Rules) -> tuple[Cost, timedelta]:
    """The head's polls, each of them a window of the overlap and of what came since the last one."""
    share = rules.budget * rules.head_share
    polls = requests = busiest = 0.0
    slowest = rules.poll_interval
    span = volume.span_seconds
    for number in range(len(volume.begun)):
        end = (number + 0.5) * span
        interval, needed = _poll(volume, rules, end, share)
        slowest = max(slowest, interval)
        polls += span / interval.total_seconds()
        requests += needed * span / interval.total_seconds()
        busiest = max(busiest, needed * (_MINUTE / interval))
    past_midnight = rules.overlap / rules.poll_interval  # the overlap that reaches back over it is a window of its own
    cost = Cost(
        read=ReadKind.HEAD,
        what="poll",
        reads=polls + past_midnight,
        requests=requests + past_midnight,
        busiest=busiest,
    )
    return cost, slowest


def _poll(volume: Volume, rules: Rules, end: float, share: float) -> tuple[timedelta, float]:
    """The interval between polls that end about here, and what one of them costs.

    A longer interval makes a longer window: twice is near enough, since what grows is the smaller part of it.
    """
    interval, needed = rules.poll_interval, 0.0
    for _ in range(2):
        start = max(0.0, end - (rules.overlap + interval).total_seconds())
        _, needed = _window(volume, rules, start, end)
        interval = poll_interval(rules.poll_interval, round(needed), share)
    return interval, needed


def _reread(volume: Volume, rules: Rules, age: timedelta) -> Cost:
    """A tier: every window of the day once."""
    reads = requests = 0.0
    for start, end, times in _steps(step_of(age).total_seconds()):
        more_reads, more_requests = _window(volume, rules, start, end)
        reads, requests = reads + times * more_reads, requests + times * more_requests
    return Cost(
        read=ReadKind.REREAD,
        what="after",
        age=age,
        reads=reads,
        requests=requests,
        busiest=requests / MINUTES_A_DAY,
    )


def _steps(step: float) -> Iterator[tuple[float, float, float]]:
    """The windows of a day, cut at its midnight, as (start, end, how many like it)."""
    stride = max(step, _FINEST)
    start = 0.0
    while start < _DAY_SECONDS:
        yield start, min(start + step, _DAY_SECONDS), stride / step
        start += stride


def _watch(volume: Volume, rules: Rules) -> tuple[Cost, ...]:
    """What is asked for by id. Whatever is due when one looks shares a call, so that one may be less than full."""
    policy = rules.watch
    if not policy.by_id:
        return ()
    threads = volume.messages * (policy.message / ONE_DAY) + volume.emails * (policy.email / ONE_DAY)
    lacking = volume.a_day * LACKING_WRAP_UP * (policy.wrap_up / ONE_DAY)
    open_ones = zip(_OPEN_NAMES, volume.still_open, [open_every(youngest) for youngest, _ in OPEN_BANDS], strict=True)
    watched = [
        *open_ones,
        ("ended threads", threads, THREAD_EVERY),
        ("without a wrap-up", lacking, WRAP_UP_EVERY),
    ]
    due = sum(count * (_MINUTE / every) for _, count, every in watched)
    looks = _MINUTE / rules.poll_interval
    calls = max(min(looks, due), due / IDS_AT_ONCE)
    return tuple(
        _watched(what, count, count * (_MINUTE / every) * (calls / due if due else 0.0))
        for what, count, every in watched
    )


def _watched(what: str, count: float, a_minute: float) -> Cost:
    requests = a_minute * MINUTES_A_DAY
    return Cost(read=ReadKind.WATCH, what=what, asked=count, reads=requests, requests=requests, busiest=a_minute)


def _window(volume: Volume, rules: Rules, start: float, end: float) -> tuple[float, float]:
    """(reads, requests) of one window: its pages, or where it holds too much those of its parts."""
    hits = volume.hits(start, end)
    middle = (start + end) / 2
    if hits > rules.hit_bound and end - start >= 2 * _FINEST:
        halves = volume.hits(start, middle) + volume.hits(middle, end)
        if halves <= _LONG_LIVED * hits:
            first, second = _window(volume, rules, start, middle), _window(volume, rules, middle, end)
            return first[0] + second[0], _SPLIT + first[1] + second[1]
    return 1.0, hits // rules.page_size + 1  # a last page that is full is followed by one more


def _seconds_of(window: Window) -> tuple[float, float]:
    midnight = utc_midnight(window.start)
    return (window.start - midnight).total_seconds(), (window.end - midnight).total_seconds()
