"""What 1,000 new conversations cost in requests, by read: what `plan` says of a small and a large organisation.

It asks a simulated one for its volume, with the daemon's default settings.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from producer.clock import VirtualClock
from producer.dev import rehearsal
from producer.model.reads import ReadKind
from producer.simulator import SimulatorOptions
from tests.benchmarks.figures import Figure, noted
from tests.support.simulated import SimulatedOrganisation
from tests.support.stage import ORIGIN

RATES = (5_000, 50_000)
"""Conversations a day."""
SPEED = 20.0


def requests() -> list[Figure]:
    """Plan a day of each."""
    return [figure for rate in RATES for figure in _figures(rate, _planned(rate))]


def _figures(rate: int, plan: Mapping[str, Any]) -> list[Figure]:
    thousands = plan["volume"]["conversationsPerDay"] / 1_000
    by_read = {
        kind.value: sum(each["requestsPerDay"] for each in plan["reads"] if each["read"] == kind.value)
        for kind in (ReadKind.HEAD, ReadKind.WATCH, ReadKind.REREAD)
    }
    total = plan["total"]
    return [
        noted(
            f"requests a 1,000 new conversations, {rate:,} a day",
            total["requestsPerDay"] / thousands,
            note=f"{total['share']:.1%} of the budget, {total['busiestPerMinute']} a minute at the busiest",
        ),
        *(noted(f"  of these: {read}", count / thousands) for read, count in by_read.items()),
    ]


def _planned(rate: int) -> Mapping[str, Any]:
    clock = VirtualClock(origin=ORIGIN, epoch=time.time(), speed=SPEED)
    options = SimulatorOptions(origin=ORIGIN, epoch=clock.epoch, speed=SPEED, rate_per_day=rate)
    with SimulatedOrganisation(options) as organisation:
        shared = rehearsal.settings_for(
            organisation=organisation.url, bootstrap_servers="localhost:9092", prefix="plan", admin_port=0
        )
        environ = rehearsal.environ_of({**shared, **rehearsal.clock_settings(clock)})
        command = [sys.executable, "-m", "producer", "plan", "--output", "json"]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    plan: Mapping[str, Any] = json.loads(done.stdout)
    return plan
