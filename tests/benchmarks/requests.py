"""What 1,000 new conversations cost in requests, by read, with the daemon's default settings.

What `plan` says of a small and a large organisation, and what a daemon was seen to take in a whole day of the former.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from producer.clock import VirtualClock
from producer.dev import rehearsal
from producer.dev.broker import Broker
from producer.model.reads import ReadKind
from producer.simulator import SimulatorOptions
from tests.benchmarks.figures import Figure, noted
from tests.support.simulated import SimulatedOrganisation
from tests.support.stage import ORIGIN, Daemon, Script, Stage

RATES = (5_000, 50_000)
"""Conversations a day."""
SPEED = 20.0
_KINDS = tuple(kind.value for kind in (ReadKind.HEAD, ReadKind.WATCH, ReadKind.REREAD))
_MEASURED_SPEED = 120.0
_HISTORY = timedelta(days=9)
"""Capture begins so long ago, beyond the last re-read: what it then finds by the way keeps every tier busy at once."""
_SETTLING = timedelta(hours=3)
"""Until what lies behind is read."""
_DAY = timedelta(days=1)
_PATIENCE = 120.0  # seconds
_DEFAULTS = {
    "CAPTURE__START": (ORIGIN - _HISTORY).isoformat(),
    "CAPTURE__POLL_INTERVAL": "15s",
    "CAPTURE__HEAD_LAG": "30s",
}


def requests() -> list[Figure]:
    """Plan a day of each."""
    return [figure for rate in RATES for figure in _figures(rate, _planned(rate))]


def requests_measured() -> list[Figure]:
    """Live through a day of the small one; a quarter of an hour of real time.

    The large one would need a day at a tenth of that speed: two cores do not keep up with it.
    """
    with Broker.started() as broker:
        return _lived(RATES[0], broker)


def _lived(rate: int, broker: Broker) -> list[Figure]:
    script = Script(speed=_MEASURED_SPEED, rate=rate, settings=_DEFAULTS)
    with (
        tempfile.TemporaryDirectory(prefix="genesys-producer-bench-") as folder,
        Stage(broker, Path(folder), script) as stage,
    ):
        stage.make_topics()
        daemon = stage.start()
        _live_until_covered(stage, daemon, _SETTLING)
        before = _counters(daemon)
        _live_until_covered(stage, daemon, _SETTLING + _DAY)
        taken = _counters(daemon)
        taken.subtract(before)
    thousands = taken["new"] / 1_000
    return [
        noted(
            f"requests a 1,000 new conversations, {rate:,} a day, as measured",
            taken["requests"] / thousands,
            note=f"{taken['new']:,} conversations, {taken['limited']} answers with 429",
        ),
        *(noted(f"  of these pages: {kind}", taken[kind] / thousands) for kind in _KINDS),
    ]


def _live_until_covered(stage: Stage, daemon: Daemon, since_origin: timedelta) -> None:
    instant = ORIGIN + since_origin
    time.sleep(max(0.0, (instant - stage.now()).total_seconds() / _MEASURED_SPEED))
    stage.wait_until_covered(daemon, instant, _PATIENCE)


def _counters(daemon: Daemon) -> Counter[str]:
    """Requests in all and those refused, pages by kind of read, and new conversations, since the daemon's start."""
    with urllib.request.urlopen(f"{daemon.admin_url}/metrics", timeout=30) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    counted: Counter[str] = Counter()
    for sample in (sample for family in families for sample in family.samples):
        labels = sample.labels
        match sample.name.removeprefix("genesys_producer_"):
            case "http_requests_total" if labels["endpoint"] != "token":
                counted["requests"] += int(sample.value)
                counted["limited"] += int(sample.value) if labels["status"] == "429" else 0
            case "pages_fetched_total":
                counted[labels["read"]] += int(sample.value)
            case "records_produced_total" if labels["change"] == "new":
                counted["new"] += int(sample.value)
    return counted


def _figures(rate: int, plan: Mapping[str, Any]) -> list[Figure]:
    thousands = plan["volume"]["conversationsPerDay"] / 1_000
    by_read = {kind: sum(each["requestsPerDay"] for each in plan["reads"] if each["read"] == kind) for kind in _KINDS}
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
