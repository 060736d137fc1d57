from __future__ import annotations

from dataclasses import replace

from producer.doctor.judging import kafka as judging
from producer.doctor.results import Outcome
from producer.kafka.metadata import Operation, TopicFacts
from producer.kafka.options import KafkaOptions, SecurityOptions
from producer.kafka.topics import TopicReport, compare, declared
from producer.model.batch import Topic

OPTIONS = KafkaOptions(bootstrap_servers="kafka:9092")
FACTS = {
    name: TopicFacts(topic_id=bytes(16), partitions=OPTIONS.partitions_of(topic), replicas=3)
    for topic, name in OPTIONS.topics.items()
}
DEFAULTS = {"max.message.bytes": "1048588", "delete.retention.ms": "86400000"}
CONFIGURATIONS = {name: {**DEFAULTS, **declared(OPTIONS, topic)} for topic, name in OPTIONS.topics.items()}
STATE = OPTIONS.topics[Topic.STATE]


def report(**changes: TopicFacts) -> TopicReport:
    return compare(OPTIONS, {**FACTS, **changes}, CONFIGURATIONS)


def test_topics_as_declared() -> None:
    assert judging.topics(report()).finding == "6 as declared"


def test_what_only_differs_is_a_warning() -> None:
    result = judging.topics(report(**{STATE: replace(FACTS[STATE], replicas=2)}))

    assert (result.outcome, result.finding) == (
        Outcome.WARNING,
        "genesys.state.v1: the replication factor is 2, declared 3",
    )


def test_too_few_replicas_for_a_write_is_a_failure() -> None:
    result = judging.topics(report(**{STATE: replace(FACTS[STATE], replicas=1)}))

    assert (result.outcome, result.finding) == (
        Outcome.FAILED,
        "genesys.state.v1: the replication factor is 1, declared at least 2",
    )
    assert "nothing can be written" in result.what_to_do


def test_access_is_asked_of_each_topic_for_what_the_daemon_does_with_it() -> None:
    everything = frozenset(Operation)
    denied = {name: replace(facts, denied=everything) for name, facts in FACTS.items()}
    result = judging.topic_access(OPTIONS, report(**denied))

    assert result is not None
    assert result.finding.splitlines() == [
        "genesys.conversations.v1: Read is not allowed",
        "genesys.conversations.v1: Write is not allowed",
        "genesys.audit.v1: Write is not allowed",
        "genesys.dead-letters.v1: Write is not allowed",
        "genesys.watermarks.v1: Write is not allowed",
        "genesys.state.v1: Read is not allowed",
        "genesys.state.v1: Write is not allowed",
    ]


def test_of_topics_that_are_missing_nobody_can_tell() -> None:
    assert judging.topic_access(OPTIONS, compare(OPTIONS, {}, {})) is None
    some = judging.topic_access(OPTIONS, compare(OPTIONS, {STATE: FACTS[STATE]}, CONFIGURATIONS))
    assert some is not None
    assert some.finding == "Write, and Read on conversations and state; of 5 that are missing nobody can tell"


def test_the_broker_is_told_with_who_we_are_and_never_the_password() -> None:
    security = SecurityOptions(protocol="SASL_SSL", username="us", password=lambda: "canary")

    assert judging.broker(OPTIONS).finding == "kafka:9092 lets us in over PLAINTEXT"
    told = judging.broker(replace(OPTIONS, security=security))
    assert told.finding == "kafka:9092 lets us in over SASL_SSL as us by SCRAM-SHA-512"
