"""Judge a run: read the topics and the simulator, boil both down to evidence, count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta

import orjson

from producer.clock import VirtualClock
from producer.dev.judge import counting, topics
from producer.dev.judge.content import WHOLE, Sight, digest_of_answer, names_in
from producer.dev.judge.decoding import Decoder
from producer.dev.judge.evidence import (
    Announced,
    Appended,
    Served,
    TrueConversation,
    by_key,
    states_to_fetch,
    what_was_served,
)
from producer.dev.judge.horizon import DAY, Horizon
from producer.dev.judge.simulator import Simulator, TruthMissing
from producer.dev.judge.verdict import Verdict
from producer.kafka.options import KafkaOptions
from producer.model.batch import Topic

DEFAULTS = Horizon()


def judge(
    kafka: KafkaOptions,
    simulator_url: str,
    clock: VirtualClock | None = None,
    horizon: Horizon = DEFAULTS,
    sight: Sight = WHOLE,
) -> Verdict:
    """Judge everything on the topics. Blocking; stop the producer first, keep the simulator running.

    `clock` puts Kafka's append times on the organisation's clock (None: that is real time); `horizon` says how long
    capture was set to look; `sight` how much of contents the records hold, and the form in which they were served.
    Raises ReadFailed and TruthMissing when there is no telling.
    """
    bench = _Bench(kafka, clock, sight)
    simulator = Simulator(simulator_url)
    announced = bench.announced()
    records, found = bench.records()
    letters = by_key(bench.letters())
    served = what_was_served(simulator.answers(), announced)
    through = bench.head_through()
    span, truth = _truth(simulator, served, through, horizon)
    contents = dict(simulator.contents(states_to_fetch(served), sight))
    poison = frozenset(one.id for one in truth if one.poison)
    cases = list(counting.cases_of(served, records, letters, contents, poison))
    missed = counting.missed(truth, served, span, horizon)
    stats = simulator.stats()
    return Verdict(
        lost=sum(case.lost for case in cases),
        behind=sum(case.behind for case in cases),
        doubled=sum(counting.doubled(case.trail) for case in cases),
        disordered=sum(counting.disordered(trail) for trail in records.values()),
        invented=sum(case.invented for case in cases),
        unaccounted=counting.unaccounted(announced.records, found),
        judged=sum(case.judged for case in cases),
        changed=sum(case.changed for case in cases),
        unseen=missed.unseen,
        beyond_horizon=missed.beyond_horizon,
        poisoned=sum(case.judged and case.id in poison for case in cases),
        dead_letters=sum(map(len, letters.values())),
        records=sum(map(len, records.values())),
        transactions=topics.transactions(kafka, kafka.topics[Topic.STATE]),
        requests=sum(sum(by_status.values()) for by_status in stats["requests"].values()),
        rate_limited=stats["rateLimited"],
        freshness=counting.freshness(cases, truth, span),
        head_through=through,
    )


def _truth(
    simulator: Simulator, served: Mapping[str, Served], head_through: int | None, horizon: Horizon
) -> tuple[counting.Span, list[TrueConversation]]:
    """What is judged, and the truth of the conversations that matter for it: those that were served, those that
    appeared since the first read, and those that were open then, as far back as the first start looks for them.
    """
    firsts = [one.first for one in served.values() if one.first is not None]
    lasts = [one.last[0] for one in served.values() if one.last is not None]
    if not firsts:
        raise TruthMissing("no read was completed: there is nothing to judge")
    first, last = min(firsts), max(lasts)
    span = counting.Span(begin=first, end=min(last, head_through or first))
    opened = min(first - horizon.adopt // timedelta(milliseconds=1), first // DAY * DAY)
    found = [*simulator.appeared(first, last + 1), *simulator.appeared(opened, first, open_at=first)]
    others = served.keys() - {one.id for one in found}
    return span, [*found, *simulator.truth(others)]


class _Bench:
    """The topics, boiled down while they are read: contents become digests at once."""

    def __init__(self, kafka: KafkaOptions, clock: VirtualClock | None, sight: Sight) -> None:
        self._kafka = kafka
        self._clock = clock
        self._sight = sight
        self._decoder = Decoder.shipped()

    def announced(self) -> Announced:
        """What the audit topic says of every read."""
        announced = Announced()
        for entry in self._entries(Topic.AUDIT):
            event = self._decoder.read(entry.value or b"")
            match event["action"]:
                case "PAGE_PROCESSED" | "EMPTY_PAGE":
                    announced.records[event["requestId"]] += event["recordCount"] or 0
                case "EXTRACTION_COMPLETED":
                    announced.completed.add(event["requestId"])
        return announced

    def records(self) -> tuple[dict[str, list[Appended]], Counter[str]]:
        """The conversations by key, and how many records each read put there. Tombstones are none."""
        found: Counter[str] = Counter()

        def appended() -> Iterator[Appended]:
            for entry in self._entries(Topic.CONVERSATIONS):
                if entry.value is None:
                    continue
                record = self._decoder.read(entry.value)
                found[record["requestId"]] += 1
                yield Appended(
                    key=entry.key or "",
                    partition=entry.partition,
                    at=self._at(entry.at),
                    content=self._sight.of_record(record),
                    version=record["version"],
                    claim=self._sight.claim(record),
                    names=names_in(record),
                )

        return by_key(appended()), found

    def letters(self) -> Iterator[Appended]:
        """The dead letters, which are whole whatever records are; those that are no JSON are their own content."""
        for entry in self._entries(Topic.DEAD_LETTERS):
            try:
                letter = orjson.loads(entry.value or b"")
                content, whole = self._sight.of_answer(letter), digest_of_answer(letter)
            except orjson.JSONDecodeError:
                content = whole = entry.value or b""
            yield Appended(
                key=entry.key or "",
                partition=entry.partition,
                at=self._at(entry.at),
                content=content,
                claim=whole.hex(),
            )

    def head_through(self) -> int | None:
        """What the last watermark promises."""
        last: int | None = None
        for entry in self._entries(Topic.WATERMARKS):
            last = self._decoder.read(entry.value or b"")["headThrough"]
        return last

    def _entries(self, topic: Topic) -> Iterator[topics.Entry]:
        return topics.entries(self._kafka, self._kafka.topics[topic])

    def _at(self, real: int) -> int:
        """The organisation's clock at a real instant, both in epoch milliseconds."""
        if self._clock is None:
            return real
        return round(self._clock.origin.timestamp() * 1_000 + (real - self._clock.epoch * 1_000) * self._clock.speed)
