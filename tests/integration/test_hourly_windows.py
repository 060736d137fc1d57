"""A consumer that closes hourly windows on the final watermark has the organisation's totals, late data and all.

It reads with confluent-kafka, and decodes with the shipped schemas by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from producer.dev.broker import Broker
from producer.dev.judge.decoding import Decoder
from producer.dev.judge.topics import Entry, entries
from producer.model.batch import Topic
from tests.support.stage import ORIGIN, Script, Stage

pytestmark = pytest.mark.timeout(180)

HOUR = timedelta(hours=1)
HOURS = tuple(ORIGIN + number * HOUR for number in range(2))
LATE = Script(
    speed=240.0,
    settings={
        "CAPTURE__POLL_INTERVAL": "60s",
        "CAPTURE__HEAD_LAG": "30s",
        "CAPTURE__OVERLAP": "60s",
        "CAPTURE__REREADS": "5m,15m",
        "CAPTURE__WATCH__ADOPT": "0s",
    },
    organisation={"visibility_tail": timedelta(minutes=12), "visibility_tail_probability": 0.1},
)
"""One in ten changes takes up to twelve minutes to show: longer than the head looks back."""
SECONDS = 120.0
Totals = dict[datetime, int]


@pytest.fixture
def stage(broker: Broker, tmp_path: Path) -> Iterator[Stage]:
    with Stage(broker, tmp_path, LATE) as stage:
        stage.make_topics()
        yield stage


def millis(instant: datetime) -> int:
    return round(instant.timestamp() * 1_000)


class Consumer:
    """What a stream processor remembers: all records so far, and the windows that it has closed."""

    def __init__(self, stage: Stage) -> None:
        decoder = Decoder.shipped()

        def read(topic: Topic) -> Iterator[tuple[Entry, dict[str, Any]]]:
            for entry in entries(stage.kafka, stage.topic(topic)):
                yield entry, decoder.read(entry.value or b"")

        self._records = list(read(Topic.CONVERSATIONS))
        self._watermarks = [watermark for _, watermark in read(Topic.WATERMARKS)]

    def totals(self, through: Literal["headThrough", "finalThrough"]) -> Totals:
        """Conversations that began in each hour: closed by the first watermark that is past it, never opened again."""
        closed: Totals = {}
        for watermark in self._watermarks:
            for hour in HOURS:
                if hour not in closed and watermark[through] >= millis(hour + HOUR):
                    closed[hour] = self._window(hour, watermark["offsets"])
        return closed

    def _window(self, hour: datetime, offsets: list[int]) -> int:
        started = {
            entry.key
            for entry, record in self._records
            if entry.offset < offsets[entry.partition]
            and millis(hour) <= (record["startTime"] or 0) < millis(hour + HOUR)
        }
        return len(started)


def test_hourly_totals_are_the_truths(stage: Stage) -> None:
    daemon = stage.start()
    end = HOURS[-1] + HOUR
    daemon.wait_until(
        lambda status: (status["sources"][0]["final"] or "") > end.isoformat(), f"final watermark past {end}", SECONDS
    )
    assert daemon.stop() == 0
    truth = {
        hour: sum(millis(hour) <= one["start"] < millis(hour + HOUR) for one in stage.organisation.truth())
        for hour in HOURS
    }
    consumer = Consumer(stage)

    assert consumer.totals("finalThrough") == truth
    head = consumer.totals("headThrough")
    assert all(head[hour] < truth[hour] for hour in HOURS)  # else nothing was late
    assert min(truth.values()) > 300
