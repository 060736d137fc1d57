"""What the cluster's answers mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from producer.doctor.results import Prerequisite, Result, failed, ok, warning
from producer.errors import SinkError
from producer.kafka.failures import cure_of
from producer.kafka.metadata import Operation
from producer.kafka.options import KafkaOptions
from producer.kafka.topics import Difference, TopicReport
from producer.model.batch import Topic

NEEDED: Mapping[Topic, tuple[Operation, ...]] = {
    Topic.CONVERSATIONS: (Operation.READ, Operation.WRITE),
    Topic.AUDIT: (Operation.WRITE,),
    Topic.DEAD_LETTERS: (Operation.WRITE,),
    Topic.WATERMARKS: (Operation.WRITE,),
    Topic.STATE: (Operation.READ, Operation.WRITE),
    Topic.COMMANDS: (),
}
"""What the daemon does with each topic, besides looking at it."""


def refused(prerequisite: Prerequisite, error: SinkError) -> Result:
    """The cluster's no, or its silence."""
    return failed(prerequisite, str(error), cure_of(error))


def broker(options: KafkaOptions) -> Result:
    """It let us in."""
    security = options.security
    login = f" as {security.username} by {security.mechanism}" if security.authenticates else ""
    return ok(Prerequisite.BROKER, f"{options.bootstrap_servers} lets us in over {security.protocol}{login}")


def topics(report: TopicReport) -> Result:
    """Whether they are as declared; what only differs is a warning, what the daemon refuses to write to is not."""
    if not report.differences:
        return ok(Prerequisite.TOPICS, f"{len(report.found)} as declared")
    told = "\n".join(found_of(each) for each in report.differences)
    refusing = [each for each in report.differences if each.refused]
    if refusing:
        return failed(Prerequisite.TOPICS, told, _cures(refusing))
    return warning(Prerequisite.TOPICS, told, _cures(report.differences))


def topic_access(options: KafkaOptions, report: TopicReport) -> Result | None:
    """What an ACL would have to allow; None while there is no topic that could be asked of."""
    present = [topic for topic in Topic if options.topics[topic] in report.found]
    denied = [
        f"{options.topics[topic]}: {operation.name.capitalize()} is not allowed"
        for topic in present
        for operation in NEEDED[topic]
        if operation in report.found[options.topics[topic]].denied
    ]
    if denied:
        return failed(Prerequisite.TOPIC_ACCESS, "\n".join(denied), "allow it to our principal, by an ACL")
    if not present:
        return None
    absent = len(options.topics) - len(present)
    left = f"; of {absent} that are missing nobody can tell" if absent else ""
    return ok(Prerequisite.TOPIC_ACCESS, f"Write, and Read on conversations and state{left}")


def transactional_id(options: KafkaOptions, lane: int) -> Result:
    """It has a coordinator and we may write with it."""
    return ok(Prerequisite.TRANSACTIONAL_ID, f"{options.transactional_id(lane)} is allowed")


def found_of(difference: Difference) -> str:
    """The difference without its cure."""
    return f"{difference.topic}: {difference.subject} is {difference.found}, declared {difference.declared}"


def _cures(differences: Iterable[Difference]) -> str:
    return "; ".join(dict.fromkeys(each.what_to_do for each in differences))
