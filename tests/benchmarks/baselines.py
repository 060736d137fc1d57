"""The fixed pieces of work that the daemon's CPU time is compared with, in a process of their own.

    python -m tests.benchmarks.baselines new|summary|unchanged

It prepares its data and says `ready`; then each line on stdin makes one round, and its answer is the CPU-seconds that a
conversation took. Like the daemon's, its garbage collector is quiet.

    new, summary   orjson.loads of each raw conversation + fastavro's schemaless_writer of its ready record
    unchanged      msgspec's split of the page into raw conversations + blake2b-128 of each
"""

from __future__ import annotations

import gc
import io
import itertools
import sys
import time
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import fastavro
import msgspec
import orjson

from producer.commands.run import quiet_collector
from producer.encoding.avro import Avro
from producer.encoding.schemas import Subject
from producer.model.instants import Millis
from producer.model.outcome import Emitted, Sighting
from producer.model.reads import Origin, RawConversation
from producer.transform.fingerprint import raw_hash
from producer.transform.normalize import Detail, Normalizer
from producer.transform.revision import Comparison
from tests.benchmarks.conversations import PER_PAGE, bodies, conversations, pool

PAGES = 20
_SPLIT_ROUNDS = 10  # splitting is so fast that one pass over the pages is no measurement
_SIGHTING = Sighting(
    source="default",
    request_id="00000000-0000-0000-0000-000000000000",
    origin=Origin.QUERY,
    as_of=Millis(1_760_000_000_000),
    observed_at=Millis(1_760_000_000_100),
    normalized_at=Millis(1_760_000_000_200),
    horizon_day=0,
)


class _Body(msgspec.Struct):
    conversations: list[msgspec.Raw]


def writing(detail: Detail) -> Callable[[], int]:
    """Parse and write conversations whose records are ready."""
    avro = Avro.shipped()
    schema = avro.schemas.latest(Subject.CONVERSATION)
    compare = Comparison(Normalizer(schema.text, detail))
    raws = list(itertools.islice(conversations(pool()), PAGES * PER_PAGE))
    records = [_record(compare, raw) for raw in raws]

    def work() -> int:
        for raw, record in zip(raws, records, strict=True):
            orjson.loads(raw)
            fastavro.schemaless_writer(io.BytesIO(), schema.parsed, record)
        return len(raws)

    return work


def _record(compare: Comparison, raw: bytes) -> Any:
    outcome = compare(RawConversation(None, raw, raw_hash(raw)), lambda _id: None, _SIGHTING)
    if not isinstance(outcome, Emitted):
        raise SystemExit(f"a conversation of the benchmark is not emitted but {outcome}")
    return outcome.record


def splitting() -> Callable[[], int]:
    """Split pages and hash what is in them."""
    pages = list(bodies(pool(), pages=PAGES, pages_in_window=PAGES))
    decoder = msgspec.json.Decoder(_Body)

    def work() -> int:
        for body in pages * _SPLIT_ROUNDS:
            for raw in decoder.decode(body).conversations:
                blake2b(raw, digest_size=16).digest()
        return len(pages) * _SPLIT_ROUNDS * PER_PAGE

    return work


def main() -> None:
    """Make a round for every line, until there are no more."""
    work = splitting() if sys.argv[1] == "unchanged" else writing(Detail("full" if sys.argv[1] == "new" else "summary"))
    gc.collect()
    quiet_collector()
    work()  # warms the caches
    print("ready", flush=True)
    for _ in sys.stdin:
        before = time.process_time()
        done = work()
        print((time.process_time() - before) / done, flush=True)


if __name__ == "__main__":
    main()
