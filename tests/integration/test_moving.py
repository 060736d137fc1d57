"""What docs/operating.md says of moving to another cluster: the state topic, copied, is the whole memory."""

from __future__ import annotations

from confluent_kafka import Producer

from producer.dev.broker import Broker
from producer.kafka import topics
from producer.kafka.sink import KafkaSink
from producer.model.batch import Topic
from tests.support.sinks import SOURCE, StandingClock, batch, checkpoint, options, read_committed, state, values

LANE = 1


async def test_copied_to_other_topics_the_memory_is_the_same_and_offsets_are_those_found_there(
    broker: Broker, topic_prefix: str
) -> None:
    old, new = options(broker, f"{topic_prefix}-old"), options(broker, f"{topic_prefix}-new")
    for each in (old, new):
        await topics.create(each)
    sink = KafkaSink(old, lane=LANE, clock=StandingClock())
    for page in (1, 2):
        offsets = (await sink.open()).offsets
        await sink.commit(batch(page, "a", f"b{page}", offsets=offsets))
    await sink.close()

    copying = Producer({"bootstrap.servers": broker.bootstrap_servers})
    for found in read_committed(broker, old.topics[Topic.STATE]):
        copying.produce(new.topics[Topic.STATE], found.value, found.key, partition=found.partition)
    assert copying.flush(10) == 0

    moved = KafkaSink(new, lane=LANE, clock=StandingClock())
    restored = await moved.open()
    known = moved.known(SOURCE, ["a", "b1", "b2", "c"])
    await moved.commit(batch(3, "c", offsets=restored.offsets))
    await moved.close()

    there = checkpoint(2, restored.checkpoints[SOURCE].offsets)
    assert (restored.checkpoints, restored.offsets) == ({SOURCE: there}, (0, 0, 0))
    assert known == {"a": state("a", 2), "b1": state("b1"), "b2": state("b2", 2)}
    assert values(broker, new.topics[Topic.CONVERSATIONS]) == ["c on page 3"]
