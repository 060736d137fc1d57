"""How much of everything a day costs: requests, memory, disk, and bytes on each topic.

The whole daemon with its default spans follows a simulated organisation of 150,000 conversations a day through its
busiest hours, some times as fast as in life, so that polls come as often as they would.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from producer.dev.broker import Broker
from producer.model.batch import Topic
from tests.benchmarks.figures import Figure, noted
from tests.support.stage import Daemon, Script, Stage

RATE = 150_000
SPEED = 8.0
FOLLOWED = timedelta(minutes=16)
"""Product time. A quarter of it passes before anything is counted: the first reads have every open conversation new."""
PATIENCE = 300.0
_AS_BY_DEFAULT = {"CAPTURE__POLL_INTERVAL": "15s", "CAPTURE__HEAD_LAG": "30s"}
_MB = 1 << 20


def sizes() -> list[Figure]:
    """Follow, then count what came between two instants."""
    with Broker.started() as broker, tempfile.TemporaryDirectory(prefix="genesys-producer-bench-") as name:
        folder = Path(name)
        settings = _AS_BY_DEFAULT | {"STATE__PATH": str(folder / "state")}
        with Stage(broker, folder, Script(speed=SPEED, rate=RATE, settings=settings)) as stage:
            stage.make_topics()
            began = stage.now()
            daemon = stage.start()
            stage.wait_until_covered(daemon, began + FOLLOWED / 4, PATIENCE)
            first, at_first, on_topics = _counters(daemon), stage.now(), _bytes(stage)
            stage.wait_until_covered(daemon, began + FOLLOWED, PATIENCE)
            last, at_last, later = _counters(daemon), stage.now(), _bytes(stage)
            resident, tracked = _resident(daemon), last["tracked_conversations"]
            daemon.stop()
            copy = sum(file.stat().st_size for file in (folder / "state").iterdir())
    minutes = (at_last - at_first) / timedelta(minutes=1)
    counted = {name: last[name] - first.get(name, 0) for name in last}
    grown = {topic: later[topic] - on_topics[topic] for topic in Topic}
    return [
        *_figures(counted, grown, minutes),
        noted("memory of the daemon, MB", resident, note=f"{tracked:,.0f} conversations tracked"),
        noted("working copy on disk, bytes a conversation", copy / tracked),
    ]


def _figures(counted: Mapping[str, float], grown: Mapping[Topic, int], minutes: float) -> list[Figure]:
    new = counted['records_produced_total{change="new"}']
    records = new + counted['records_produced_total{change="changed"}']
    return [
        noted(
            "requests a minute",
            counted["http_requests_total"] / minutes,
            note=f"{minutes:.0f} minutes of product time, {new / minutes:.0f} new conversations and"
            f" {records / minutes:.0f} records a minute,"
            f" {counted['records_unchanged_total'] / minutes:.0f} read again unchanged",
        ),
        noted("records a new conversation", records / new),
        noted("transactions a minute", counted['transactions_total{outcome="committed"}'] / minutes),
        noted("conversations topic, bytes a record", grown[Topic.CONVERSATIONS] / records),
        noted("state topic, bytes a record", grown[Topic.STATE] / records),
        noted("audit topic, KB a minute", grown[Topic.AUDIT] / minutes / 1_000),
        noted("watermarks topic, KB a minute", grown[Topic.WATERMARKS] / minutes / 1_000),
    ]


def _counters(daemon: Daemon) -> Mapping[str, float]:
    """The sums of the metrics by name, and by name and one label where a figure asks for it."""
    _, text = daemon.get("/metrics")
    sums: dict[str, float] = {}
    for name, labels, value in re.findall(r"^genesys_producer_(\w+)(?:\{(.*)\})? ([\d.e+]+)$", text, re.MULTILINE):
        kept = re.findall(r'(?:change|outcome)="\w+"', labels)
        for key in (name, f"{name}{{{','.join(kept)}}}"):
            sums[key] = sums.get(key, 0) + float(value)
    return sums


def _bytes(stage: Stage) -> Mapping[Topic, int]:
    """What the partitions of the topics hold, in bytes of their segments: one copy, compressed as it was sent."""
    data = stage.broker.directory / "data"
    return {topic: sum(file.stat().st_size for file in data.glob(f"{stage.topic(topic)}-*/*.log")) for topic in Topic}


def _resident(daemon: Daemon) -> float:
    lines = Path(f"/proc/{daemon.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024 / _MB
