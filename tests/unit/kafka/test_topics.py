from __future__ import annotations

from dataclasses import replace

import pytest

from producer.errors import SinkRefused
from producer.kafka.holding import raise_if_hidden
from producer.kafka.metadata import Operation, TopicFacts
from producer.kafka.options import KafkaOptions, Records
from producer.kafka.topics import compare, declared, record_difference
from producer.model.batch import Topic

OPTIONS = KafkaOptions(bootstrap_servers="kafka:9092")
STATE_ID = bytes(range(16))
FACTS = {
    name: TopicFacts(topic_id=STATE_ID, partitions=OPTIONS.partitions_of(topic), replicas=3)
    for topic, name in OPTIONS.topics.items()
}
BROKER_DEFAULTS = {"max.message.bytes": "1048588", "delete.retention.ms": "86400000", "retention.ms": "604800000"}
CONFIGURATIONS = {name: {**BROKER_DEFAULTS, **declared(OPTIONS, topic)} for topic, name in OPTIONS.topics.items()}


def test_the_declared_topics_are_those_of_the_documentation() -> None:
    assert {OPTIONS.topics[topic]: dict(declared(OPTIONS, topic)) for topic in Topic} == {
        "genesys.conversations.v1": {
            "cleanup.policy": "compact",
            "min.compaction.lag.ms": "2592000000",
            "delete.retention.ms": "604800000",
            "max.message.bytes": "8388608",
            "min.insync.replicas": "2",
        },
        "genesys.audit.v1": {"cleanup.policy": "delete", "retention.ms": "34560000000", "min.insync.replicas": "2"},
        "genesys.dead-letters.v1": {
            "cleanup.policy": "delete",
            "retention.ms": "2592000000",
            "max.message.bytes": "8388608",
            "min.insync.replicas": "2",
        },
        "genesys.watermarks.v1": {"cleanup.policy": "compact", "min.insync.replicas": "2"},
        "genesys.state.v1": {
            "cleanup.policy": "compact",
            "max.message.bytes": "8388608",
            "segment.bytes": "67108864",
            "segment.ms": "3600000",
            "min.cleanable.dirty.ratio": "0.1",
            "min.insync.replicas": "2",
        },
        "genesys.commands.v1": {"cleanup.policy": "delete", "retention.ms": "604800000", "min.insync.replicas": "2"},
    }
    assert {OPTIONS.topics[topic]: OPTIONS.partitions_of(topic) for topic in Topic} == {
        "genesys.conversations.v1": 12,
        "genesys.audit.v1": 6,
        "genesys.dead-letters.v1": 6,
        "genesys.watermarks.v1": 1,
        "genesys.state.v1": 8,
        "genesys.commands.v1": 1,
    }


def test_topics_as_declared_are_accepted() -> None:
    report = compare(OPTIONS, FACTS, CONFIGURATIONS)
    assert report.differences == ()
    assert report.raise_if_refused() == FACTS["genesys.state.v1"]
    assert report.max_message_bytes[Topic.CONVERSATIONS] == 8_388_608
    assert report.max_message_bytes[Topic.AUDIT] == 1_048_588
    assert report.state_delete_retention == 86_400_000


def test_retention_may_differ_and_is_told() -> None:
    changed = {**CONFIGURATIONS["genesys.audit.v1"], "retention.ms": "1000"}
    report = compare(OPTIONS, FACTS, {**CONFIGURATIONS, "genesys.audit.v1": changed})
    assert [str(difference) for difference in report.differences] == [
        "genesys.audit.v1: retention.ms is 1000, declared 34560000000; set it with your Kafka tools"
    ]
    assert report.raise_if_refused() == FACTS["genesys.state.v1"]


@pytest.mark.parametrize(
    ("facts", "configurations", "message"),
    [
        (
            {name: facts for name, facts in FACTS.items() if name != "genesys.state.v1"},
            CONFIGURATIONS,
            "genesys.state.v1: the topic is missing, declared present; create it: genesys-producer topics create",
        ),
        (
            {**FACTS, "genesys.audit.v1": TopicFacts(topic_id=STATE_ID, partitions=7, replicas=3)},
            CONFIGURATIONS,
            (
                "genesys.audit.v1: the number of partitions is 7, declared 6; with another number keys change their"
                " partition and lose their order: declare the number that the topic was made with, or name a new topic"
                " and create it: genesys-producer topics create"
            ),
        ),
        (
            FACTS,
            {**CONFIGURATIONS, "genesys.state.v1": {**CONFIGURATIONS["genesys.state.v1"], "cleanup.policy": "delete"}},
            (
                "genesys.state.v1: cleanup.policy is delete, declared compact; set it with your Kafka tools before"
                " anything is written"
            ),
        ),
    ],
)
def test_what_would_lose_or_disorder_is_refused(
    facts: dict[str, TopicFacts], configurations: dict[str, dict[str, str]], message: str
) -> None:
    with pytest.raises(SinkRefused) as caught:
        compare(OPTIONS, facts, configurations).raise_if_refused()
    assert str(caught.value) == f"topics are not as declared. {message}"


async def test_what_may_not_be_read_is_not_looked_at_and_refused_at_a_start() -> None:
    options = replace(OPTIONS, records=Records(known={b"1": "Conversation"}))
    name = "genesys.conversations.v1"
    hidden = {name: replace(FACTS[name], denied=frozenset({Operation.READ}))}
    assert await record_difference(options, hidden) == []
    with pytest.raises(SinkRefused) as caught:
        raise_if_hidden(options, hidden)
    assert str(caught.value) == (
        f"our principal is not authorized to Read {name}: allow it by an ACL; one record is looked at, since a topic"
        " never gets records of two kinds"
    )
    raise_if_hidden(options, FACTS)


async def test_of_a_topic_that_is_missing_nothing_is_said_twice() -> None:
    options = replace(OPTIONS, records=Records(known={b"1": "Conversation"}))
    assert await record_difference(options, {}) == []


def test_kinds_are_told_by_how_values_begin() -> None:
    records = Records(known={b"1|": "Conversation", b"2|": "ConversationFlat"})
    assert [records.kind_of(value) for value in (b"1|x", b"2|", b"2", b"")] == [
        "Conversation",
        "ConversationFlat",
        None,
        None,
    ]
