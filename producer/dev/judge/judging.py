"""Judge a run: read the topics and the simulator, boil both down to evidence, count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from producer.dev.judge import counting, topics
from producer.dev.judge.content import digest_of_answer, digest_of_record
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
from producer.dev.judge.simulator import Simulator, TruthMissing
from producer.dev.judge.verdict import Verdict

HEAD_REACH = 330_000
"""Milliseconds after its end for which the head asks for a conversation: 5 min overlap and 30 s head lag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """The names of the topics of a run."""

    conversations: str
    audit: str
    dead_letters: str
    watermarks: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualTime:
    """How the run's clock went: at unix second `epoch` it stood at `origin` (epoch milliseconds),
    and it goes `speed` times as fast as real time.
    """

    origin: int = 0
    epoch: float = 0.0
    speed: float = 1.0

    def at(self, real: int) -> int:
        """The run's clock, epoch milliseconds, at a real instant in epoch milliseconds."""
        return round(self.origin + (real - self.epoch * 1_000) * self.speed)


def judge(bootstrap_servers: str, names: Topics, simulator_url: str, time: VirtualTime | None = None) -> Verdict:
    """Judge everything on the topics. Blocking; stop the producer first, keep the simulator running.

    `time` is how to put Kafka's append times on the organisation's clock (None: it is real time). Raises
    topics.ReadFailed and TruthMissing when there is no telling.
    """
    bench = _Bench(bootstrap_servers, names, time or VirtualTime())
    simulator = Simulator(simulator_url)
    announced = bench.announced()
    records, found = bench.records()
    letters = by_key(bench.letters())
    served = what_was_served(simulator.answers(), announced)
    through = bench.head_through()
    span, truth = _truth(simulator, served, through)
    contents = dict(simulator.contents(states_to_fetch(served)))
    poison = frozenset(one.id for one in truth if one.poison)
    cases = list(counting.cases_of(served, records, letters, contents, poison))
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
        unseen=counting.unseen(truth, served, span),
        poisoned=sum(case.judged and case.id in poison for case in cases),
        dead_letters=sum(map(len, letters.values())),
        records=sum(map(len, records.values())),
        transactions=topics.transactions(bootstrap_servers, names.state),
        requests=sum(sum(by_status.values()) for by_status in stats["requests"].values()),
        rate_limited=stats["rateLimited"],
        freshness=counting.freshness(cases, truth, span),
        head_through=through,
    )


def _truth(
    simulator: Simulator, served: Mapping[str, Served], head_through: int | None
) -> tuple[counting.Span, list[TrueConversation]]:
    """What reads could see, and the truth of the conversations that matter for it: from the day of the first read on,
    since the head asks for whole days.
    """
    instants = [one.last[0] for one in served.values() if one.last is not None]
    if not instants:
        raise TruthMissing("no read was completed: there is nothing to judge")
    first, last = min(instants), max(instants)
    span = counting.Span(begin=first, end=min(last, head_through or first), reach=HEAD_REACH)
    conversations = simulator.truth(first // counting.DAY * counting.DAY, last + 1)
    return span, [
        one
        for one in conversations
        if one.poison or one.id in served or (one.states and one.states[-1].visible_at >= first)
    ]


class _Bench:
    """The topics, boiled down while they are read: contents become digests at once."""

    def __init__(self, bootstrap_servers: str, names: Topics, time: VirtualTime) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._names = names
        self._time = time
        self._decoder = Decoder.shipped()

    def announced(self) -> Announced:
        """What the audit topic says of every read."""
        announced = Announced()
        for entry in self._entries(self._names.audit):
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
            for entry in self._entries(self._names.conversations):
                if entry.value is None:
                    continue
                record = self._decoder.read(entry.value)
                found[record["requestId"]] += 1
                yield Appended(
                    key=entry.key or "",
                    partition=entry.partition,
                    at=self._time.at(entry.at),
                    content=digest_of_record(record),
                    version=record["version"],
                )

        return by_key(appended()), found

    def letters(self) -> Iterator[Appended]:
        """The dead letters; those that can't be read as JSON are their own content."""
        for entry in self._entries(self._names.dead_letters):
            try:
                content = digest_of_answer(orjson.loads(entry.value or b""))
            except orjson.JSONDecodeError:
                content = entry.value or b""
            yield Appended(key=entry.key or "", partition=entry.partition, at=self._time.at(entry.at), content=content)

    def head_through(self) -> int | None:
        """What the last watermark promises."""
        last: int | None = None
        for entry in self._entries(self._names.watermarks):
            last = self._decoder.read(entry.value or b"")["headThrough"]
        return last

    def _entries(self, topic: str) -> Iterator[topics.Entry]:
        return topics.entries(self._bootstrap_servers, topic)
