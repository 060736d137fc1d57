"""Conversations through the whole daemon, from gzipped pages over HTTP to committed transactions of a real Kafka.

CPU-seconds of the daemon are compared with those of a baseline in the same run. The two take turns, and medians count:
the machine may be shared.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from producer.dev.broker import Broker
from tests.benchmarks.conversations import PER_PAGE
from tests.benchmarks.figures import Figure, at_least, at_most, noted
from tests.benchmarks.stage import Baseline, Plan, Span, Stage

TURNS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class _Speed:
    """Medians over the turns: conversations per second and per CPU-second, and the share of the baseline's pace."""

    per_second: float
    per_cpu_second: float
    baseline: float
    ratio: float

    def __str__(self) -> str:
        return (
            f"{self.per_second:,.0f} conversations/s, {self.per_cpu_second:,.0f} per CPU-second of the daemon"
            f" (baseline {self.baseline:,.0f})"
        )


def new() -> list[Figure]:
    """New conversations, written in full."""
    windows, pages = 1, 20
    plan = Plan(windows=windows * (TURNS + 1), pages=pages)
    with Broker.started() as broker, Stage(plan, broker) as stage, Baseline("new") as baseline:
        stage.work(windows)  # warms up
        speed = _compared(stage, baseline, windows=windows, pages=pages)
    return [at_least("new: ratio to orjson.loads + schemaless_writer", speed.ratio, 0.4, note=str(speed))]


def unchanged() -> list[Figure]:
    """Conversations that are known as they are."""
    windows, pages = 5, 100
    plan = Plan(windows=1 + windows * TURNS, pages=pages, same=True)
    with Broker.started() as broker, Stage(plan, broker) as stage, Baseline("unchanged") as baseline:
        stage.work(1)  # makes them known
        speed = _compared(stage, baseline, windows=windows, pages=pages)
    return [at_least("unchanged: ratio to split + blake2b-128", speed.ratio, 0.5, note=str(speed))]


def summary(conversations: int = 200_000, compared_at: int = 20_000) -> list[Figure]:
    """New conversations, written as summaries; and what the memory of so many costs."""
    pages = 40
    in_window = pages * PER_PAGE
    plan = Plan(windows=conversations // in_window, pages=pages, detail="summary")
    with Broker.started() as broker, Stage(plan, broker) as stage, Baseline("summary") as baseline:
        stage.work(compared_at // in_window)
        before = stage.resident()
        speed = _compared(stage, baseline, windows=1, pages=pages)
        stage.work(plan.windows - compared_at // in_window - TURNS)
        after = stage.resident()
    return [
        noted("summary: ratio to orjson.loads + schemaless_writer", speed.ratio, note=str(speed)),
        at_most(
            f"memory: MB at {conversations:,} conversations above those at {compared_at:,}",
            after - before,
            25,
            note=f"{before:.0f} MB, then {after:.0f} MB",
        ),
    ]


def _compared(stage: Stage, baseline: Baseline, *, windows: int, pages: int) -> _Speed:
    """Daemon and baseline in turns."""
    conversations = windows * pages * PER_PAGE
    rounds = [(baseline.round(), stage.work(windows)) for _ in range(TURNS)]
    spans: list[Span] = [span for _, span in rounds]
    wall, cpu = (statistics.median(each) for each in ([span.wall for span in spans], [span.cpu for span in spans]))
    fixed = statistics.median(seconds for seconds, _ in rounds)
    return _Speed(
        per_second=conversations / wall,
        per_cpu_second=conversations / cpu,
        baseline=1 / fixed,
        ratio=fixed * conversations / cpu,
    )
