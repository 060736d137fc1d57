"""A state topic with very many keys: the daemon is not ready until it has read them, and that takes little of both.

Time and memory are those of a process of its own, so that nothing of the tests is measured with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from confluent_kafka import Producer

from producer.dev.broker import Broker
from producer.kafka.partitioner import partition_of
from producer.kafka.state import StateKey, encode_conversation
from producer.model.batch import Topic
from producer.options import SOURCE
from tests.support.memory import peak
from tests.support.sinks import state
from tests.support.stage import Daemon, Line, Script, Stage

pytestmark = pytest.mark.timeout(120)

FEW, MANY = 10_000, 150_000
GROWTH = 48 << 10
"""KiB that the many may take beyond the few: 16 MiB of cache, a fetch and what it is unpacked to. Held in memory, the
difference would be more than half a KiB a key."""
SECONDS = 15.0
"""For the many, on a machine that does other things too: 10,000 keys a second."""
LANES = 2
NOTHING_READ = {"GENESYS__CLIENT_SECRET": "wrong"}
"""So that the state is what was written here, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """What was seen of a daemon. `reasons` are those of every answer of /readyz until the lane was restored."""

    reasons: list[set[str]]
    reasons_after: set[str]
    line: Line
    peak: int


@pytest.fixture(scope="module")
def restores(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Restore, Restore]]:
    """The same daemon with few keys, then with many."""
    with Stage(broker, tmp_path_factory.mktemp("restore"), Script(settings=NOTHING_READ)) as stage:
        stage.make_topics()
        fill(stage, range(FEW))
        few = _restored(stage.start())
        fill(stage, range(FEW, MANY))
        yield few, _restored(stage.start())


def fill(stage: Stage, numbers: range) -> None:
    """Write the states of conversations that nobody ever had, past the product."""
    producer = Producer(
        {"bootstrap.servers": stage.broker.bootstrap_servers, "linger.ms": 50, "queue.buffering.max.messages": MANY}
    )
    lane = partition_of(SOURCE.encode(), LANES)
    for number in numbers:
        key = StateKey(SOURCE, f"00000000-0000-4000-8000-{number:012}")
        producer.produce(stage.topic(Topic.STATE), encode_conversation(state(str(key.id))), key.encoded(), lane)
    assert producer.flush(30) == 0


def _restored(daemon: Daemon) -> Restore:
    """Ask for readiness until the lane is restored; an answer that came before the line is one of the restore."""
    answers: list[set[str]] = []
    while True:
        reasons = {each["reason"] for each in daemon.readiness()}
        if restored := daemon.lines("lane_restored"):
            break
        if reasons:
            answers.append(reasons)
    daemon.wait_for_reason("credentials")
    after = {each["reason"] for each in daemon.readiness()}
    most = peak(daemon.pid)
    assert daemon.stop() == 0
    return Restore(reasons=answers, reasons_after=after, line=restored[0], peak=most)


def test_all_keys_are_restored_in_bounded_time(restores: tuple[Restore, Restore]) -> None:
    few, many = restores
    assert (few.line["conversations"], many.line["conversations"]) == (FEW, MANY)
    assert many.line["took_seconds"] < SECONDS


def test_many_keys_take_no_more_memory_than_few(restores: tuple[Restore, Restore]) -> None:
    few, many = restores
    assert many.peak - few.peak < GROWTH


def test_it_is_not_ready_until_the_last_key_is_read(restores: tuple[Restore, Restore]) -> None:
    for restore in restores:
        assert restore.reasons
        assert all(reasons == {"restoring"} for reasons in restore.reasons)
        assert restore.reasons_after == {"credentials"}
