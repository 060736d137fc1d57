"""A program that extracts very much and keeps nothing: how many records, how long, and how its memory went.

python -m tests.support.large_extraction URL --days 10
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from producer import Connection, ConversationRetriever, Query
from producer.clock import VirtualClock

END = datetime(2026, 3, 10, tzinfo=UTC)
_PAGE = 4096  # bytes
_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of it. `early_mib` is the memory in use once a tenth was extracted, `most_mib` the most after that."""

    records: int
    distinct: int
    pages: int
    seconds: float
    early_mib: float
    most_mib: float


def memory() -> float:
    """MiB that this process has in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / _MIB


async def extract(url: str, days: int, a_day: int) -> Result:
    """Extract all of so many days."""
    access = Connection(
        api_url=url, login_url=url, client_id="mill", client_secret="mill-secret", requests_per_minute=100_000
    )
    retriever = ConversationRetriever(
        access, clock=VirtualClock(origin=END + timedelta(days=1), epoch=time.time(), speed=1)
    )
    query = Query(channel_types=("VOICE",), start_time=END - timedelta(days=days), end_time=END)
    began, samples, total = time.monotonic(), list[float](), 0
    ids = Ids()
    async with aclosing(retriever.execute(query)) as chunks:
        async for chunk in chunks:
            total += len(chunk)
            ids.add([record["recordId"] for record in chunk])
            samples.append(memory())
    assert retriever.metrics is not None
    tenth = len(samples) // 10
    return Result(
        records=total,
        distinct=ids.distinct,
        pages=retriever.metrics.total_pages_fetched,
        seconds=round(time.monotonic() - began, 1),
        early_mib=round(samples[tenth], 1),
        most_mib=round(max(samples[tenth:]), 1),
    )


class Ids:
    """Counts distinct ids of pages that come in order, without keeping them: each is greater than the one before."""

    def __init__(self) -> None:
        self.distinct = 0
        self._last = ""

    def add(self, ids: list[str]) -> None:
        for each in ids:
            self.distinct += each > self._last
            self._last = max(self._last, each)


def measured(days: int, a_day: int, seconds: float) -> Result:
    """What such a program finds, in a process of its own, against a mill in another."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.page_mill", "--a-day", str(a_day)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as mill:
        assert mill.stdout is not None
        command = [sys.executable, "-m", "tests.support.large_extraction", mill.stdout.readline().strip()]
        try:
            done = subprocess.run(
                [*command, "--days", str(days), "--a-day", str(a_day)],
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        finally:
            mill.kill()
    assert done.returncode == 0, done.stderr
    return Result(**json.loads(done.stdout))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--days", type=int, required=True)
    parser.add_argument("--a-day", type=int, required=True)
    given = parser.parse_args()
    sys.stdout.write(json.dumps(asdict(asyncio.run(extract(given.url, given.days, given.a_day)))))
