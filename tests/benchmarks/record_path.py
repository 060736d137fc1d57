"""How fast one core takes conversations from the bytes of a page to framed Avro, without network and Kafka.

Run with `python -m tests.benchmarks.record_path`. Every figure is a ratio of CPU-seconds within one run to a fixed
baseline, so that it can be compared over machines:

    new        orjson.loads of each raw conversation + fastavro's schemaless_writer of its ready record
    unchanged  msgspec's split of the page into raw conversations + blake2b-128 of each
"""

from __future__ import annotations

import gc
import io
import itertools
import re
import statistics
import time
import uuid
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import fastavro
import msgspec
import orjson

from producer.encoding.avro import Avro, Encoder
from producer.encoding.schemas import Subject
from producer.model.conversation import ConversationState
from producer.model.instants import Millis
from producer.model.outcome import Emitted, Sighting, Unchanged
from producer.model.reads import Origin
from producer.transform.normalize import Detail, Normalizer
from producer.transform.revision import Comparison
from producer.transform.split import split

DATA = Path(__file__).parents[1] / "data"
PAGES, PER_PAGE, ROUNDS = 20, 100, 5
TARGET_SIZE = 9_500  # bytes of a conversation, on average
_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_INSTANT = re.compile(rb'"(20\d\d-\d\d-\d\dT\d\d:\d\d):\d\d\.\d\d\dZ')
SIGHTING = Sighting(
    source="bench",
    request_id=str(uuid.UUID(int=1)),
    origin=Origin.QUERY,
    as_of=Millis(1_760_000_000_000),
    observed_at=Millis(1_760_000_000_100),
    normalized_at=Millis(1_760_000_000_200),
    horizon_day=0,
)


class _Body(msgspec.Struct):
    conversations: list[msgspec.Raw]


def samples() -> list[bytes]:
    """The samples that normalise, so chosen that they are 9-10 KB on average."""
    found = []
    for file in sorted(DATA.glob("details-*.json")):
        found += [orjson.dumps(each) for each in orjson.loads(file.read_bytes())["conversations"]]
    small = [each for each in found if len(each) > 6_000]
    return [each for each in small if len(each) < TARGET_SIZE * 1.8]


def variation(sample: bytes, number: int) -> bytes:
    """The same conversation with other ids and other seconds."""

    def other_id(match: re.Match[bytes]) -> bytes:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{match[0]!r}{number}")).encode()

    def other_second(match: re.Match[bytes]) -> bytes:
        shift = (hash(match[0]) ^ number * 7919) % 60_000
        return b'"%s:%02d.%03dZ' % (match[1], shift // 1_000, shift % 1_000)

    return _INSTANT.sub(other_second, _UUID.sub(other_id, sample))


def pages() -> list[bytes]:
    """Bodies of a query, every conversation another one."""
    varied = (variation(sample, number) for number, sample in enumerate(itertools.cycle(samples())))
    return [
        b'{"conversations":[%s],"totalHits":%d}' % (b",".join(itertools.islice(varied, PER_PAGE)), PAGES * PER_PAGE)
        for _ in range(PAGES)
    ]


def cpu(work: Callable[[], object]) -> float:
    """CPU-seconds of a piece of work, the best of several rounds: the machine is shared, its caches are not."""
    taken = []
    for _ in range(ROUNDS):
        gc.collect()
        before = time.process_time()
        work()
        taken.append(time.process_time() - before)
    return min(taken)


def emitted(bodies: list[bytes], compare: Comparison, encode: Encoder) -> list[Emitted]:
    """Every conversation through the whole path, as new ones."""
    outcomes = []
    for body in bodies:
        for raw in split(body).conversations:
            outcome = compare(raw, lambda _id: None, SIGHTING)
            if not isinstance(outcome, Emitted):
                raise SystemExit(f"a conversation of the benchmark is not emitted but {outcome}")
            encode(outcome.record)
            outcomes.append(outcome)
    return outcomes


def report(name: str, baseline: float, ours: float) -> None:
    """One line: conversations per CPU-second of both, and the ratio."""
    total = PAGES * PER_PAGE
    print(f"{name:<22} {total / baseline:>10.0f}/s baseline {total / ours:>10.0f}/s here   ratio {baseline / ours:.2f}")


def measure_new(bodies: list[bytes], detail: Detail, avro: Avro) -> Mapping[str, ConversationState]:
    """Print the ratio for new conversations; returns what is then known of them."""
    schema = avro.schemas.latest(Subject.CONVERSATION)
    compare, encode = Comparison(Normalizer(schema.text, detail)), avro.encoder(Subject.CONVERSATION)
    raws = [bytes(raw.raw) for body in bodies for raw in split(body).conversations]
    outcomes = emitted(bodies, compare, encode)
    records: list[Any] = [outcome.record for outcome in outcomes]

    def baseline() -> None:
        for raw, record in zip(raws, records, strict=True):
            orjson.loads(raw)
            fastavro.schemaless_writer(io.BytesIO(), schema.parsed, record)

    def ours() -> None:
        for body in bodies:
            for raw in split(body).conversations:
                outcome = compare(raw, lambda _id: None, SIGHTING)
                encode(outcome.record)  # type: ignore[union-attr] # checked above: all are emitted

    report(f"new ({detail.value})", cpu(baseline), cpu(ours))
    return {outcome.state.id: outcome.state for outcome in outcomes}


def measure_unchanged(bodies: list[bytes], known: Mapping[str, ConversationState], avro: Avro) -> None:
    """Print the ratio for conversations that are known as they are."""
    compare = Comparison(Normalizer(avro.schemas.latest(Subject.CONVERSATION).text))
    decoder = msgspec.json.Decoder(_Body)

    def baseline() -> None:
        for body in bodies:
            for raw in decoder.decode(body).conversations:
                blake2b(raw, digest_size=16).digest()

    def ours() -> None:
        for body in bodies:
            for raw in split(body).conversations:
                if not isinstance(compare(raw, known.get, SIGHTING), Unchanged):
                    raise SystemExit("a conversation of the benchmark is not unchanged")

    report("unchanged", cpu(baseline), cpu(ours))


def main() -> None:
    """Print all figures."""
    bodies, avro = pages(), Avro.shipped()
    size = statistics.mean(len(body) for body in bodies) / PER_PAGE
    print(f"{PAGES} pages of {PER_PAGE} conversations of {size:.0f} bytes, best of {ROUNDS} rounds")
    measure_new(bodies, Detail.SUMMARY, avro)
    known = measure_new(bodies, Detail.FULL, avro)
    measure_unchanged(bodies, known, avro)


if __name__ == "__main__":
    main()
