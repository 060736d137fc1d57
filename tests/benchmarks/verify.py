"""What `verify` costs: the look at one record, with its contents and without, and the ledger of very many.

The ledger works in a process of its own, so that its memory is nobody else's.
"""

from __future__ import annotations

import subprocess
import sys
import time

from producer.encoding.plain import PlainReader
from producer.verify.contents import LEADING, Contents
from producer.verify.ledger import Ledger
from producer.verify.shape import shape_of
from tests.benchmarks.conversations import pool
from tests.benchmarks.figures import Figure, at_most, noted
from tests.support.conversations import AVRO, SCHEMA
from tests.support.facts import remembered, seen
from tests.support.memory import peak
from tests.support.records import raw_record

RECORDS = 500_000
LOOKS = 2_000
_AT_ONCE = 2_000
_LARGEST = 192  # MB: the cache, one more for each of two sorts, and the interpreter with what it imports
_GROWTH = 4  # MB


def verify() -> list[Figure]:
    """Records a CPU-second, bytes a record, and the most memory."""
    few, many = _ledger_of(RECORDS), _ledger_of(2 * RECORDS)
    return [
        noted("records looked at with their contents, a CPU-second", _looks(whole=True)),
        noted("records looked at without, a CPU-second", _looks(whole=False)),
        at_most(f"memory of a ledger of {RECORDS:,} records and states, MB", few[2], _LARGEST),
        at_most("what twice as many take more, MB", many[2] - few[2], _GROWTH),
        noted("ledger on disk, bytes a record and state", few[1] / RECORDS),
        noted("records and states sorted and joined, a CPU-second", RECORDS / few[0]),
    ]


def _looks(*, whole: bool) -> float:
    reader = PlainReader(AVRO.framing, None if whole else LEADING)
    contents = Contents(reader, shape_of("platform", SCHEMA.text), whole=whole)
    records = [raw_record(each) for each in pool()[:50]]
    began = time.process_time()
    for number in range(LOOKS):
        if contents.look(records[number % len(records)]).problems:
            raise SystemExit("a sound record is found altered")
    return LOOKS / (time.process_time() - began)


def _ledger_of(records: int) -> tuple[float, float, float]:
    """CPU-seconds, bytes on disk, and the most memory in MB."""
    program = [sys.executable, "-m", "tests.benchmarks.verify", str(records)]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    cpu, disk, memory = map(float, done.stdout.split())
    return cpu, disk, memory


def fill(records: int) -> None:
    """Fill a ledger in an order that is not its own, walk through it, and print what that took."""
    began = time.process_time()
    with Ledger() as ledger:
        for start in range(0, records, _AT_ONCE):
            ids = [f"00000000-0000-4000-8000-{7_919 * each % records:012}" for each in range(start, start + _AT_ONCE)]
            requests = [f"00000000-0000-4000-9000-{(start + each) // 30:012}" for each in range(_AT_ONCE)]
            ledger.add([seen(1, id=each, request=read) for each, read in zip(ids, requests, strict=True)])
            ledger.add([remembered(1, id=each) for each in ids])
            for read in requests:
                ledger.count(read, "QUERY", start)
        if sum(1 for _ in ledger.trails()) != records or sum(1 for _ in ledger.reads()) < records // 30:
            raise SystemExit("the ledger lost something")
        memory = peak() / 1_024
        print(time.process_time() - began, ledger.bytes_used(), memory)


if __name__ == "__main__":
    fill(int(sys.argv[1]))
