"""`topics.md`: every topic with its key, value, partitions, configuration and headers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from producer import errors
from producer.assembly import envelope
from producer.dev.reference import markdown
from producer.dev.reference.markdown import code
from producer.kafka.options import DEFAULT_NAMES, DEFAULT_PARTITIONS, KafkaOptions
from producer.kafka.topics import declared
from producer.model.batch import Headers, Topic
from producer.settings.values import size_text, span_text

INTRODUCTION = """\
`genesys-producer topics create` makes all of them as declared here; the daemon makes none, and starts only when they
exist with the declared number of partitions and cleanup policy. Names begin with `kafka.topics.prefix`, or are set one
by one (`kafka.topics.*`). Everything is written in transactions: read with `isolation.level=read_committed`. Keys are
put on partitions by murmur2, as Java's producer does; a null key goes to partition 0, state to the partition of its
lane. Record timestamps are the real time of the append. `replication.factor` comes from `kafka.replication_factor`.
With `record.detail` `flat` the topic of conversations is `genesys.conversations-flat.v1`
(`kafka.topics.conversations_flat`), which differs in its value, [ConversationFlat](record.md#conversationflat), and in
its `ce_type`, `io.genesysproducer.conversation-flat.v1`; no topic holds both kinds."""
HEADERS = """\
## Headers

Every record of the first four topics carries CloudEvents 1.0 attributes in the Kafka binding. Records of the state
topic have no headers."""
DEAD_LETTER_HEADERS = """\
A dead letter says besides what was wrong with it; the first four have the names that Kafka Connect's tools know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What stands on a topic, and who may write and read it."""

    key: str
    value: str
    kind: str = ""


CARRIED: Mapping[Topic, Carried] = {
    Topic.CONVERSATIONS: Carried(
        key="the `recordId`",
        value="[Conversation](record.md#conversation); null is reserved: a tombstone",
        kind=envelope.CONVERSATION,
    ),
    Topic.AUDIT: Carried(key="the `requestId`", value="[AuditEvent](audit.md#auditevent)", kind=envelope.AUDIT),
    Topic.DEAD_LETTERS: Carried(
        key="the `recordId`; null when none could be read",
        value="the raw JSON as it came, cut where it is longer than the topic takes",
        kind=envelope.DEAD_LETTER,
    ),
    Topic.WATERMARKS: Carried(
        key="the name of the source", value="[Watermark](record.md#watermark)", kind=envelope.WATERMARK
    ),
    Topic.STATE: Carried(
        key="`c|<source>`, `f|<source>|<id>` or `w|<source>|<id>`",
        value="private to the daemon (`genesys-producer state show`); nothing else may write here",
    ),
    Topic.COMMANDS: Carried(key="not in use yet", value="not in use yet"),
}
MEANINGS: Mapping[str, str] = {
    "ce_specversion": "always `1.0`",
    "ce_id": "unique together with `ce_source` and `ce_type`",
    "ce_source": "`/genesys/<source>`",
    "ce_type": "see below",
    "ce_time": "when it was made, for audit events when it happened (product clock), ISO 8601",
    "content-type": f"{code(envelope.AVRO.decode())}; dead letters: {code(envelope.JSON.decode())}",
    "request-id": "the read that it came of; outside reads, the run",
    "ce_subject": "the key; not there when the key is null",
    "__connect.errors.topic": "the topic that it would have gone to",
    "__connect.errors.stage": "`normalising` or `encoding`",
    "__connect.errors.exception.class.name": "the class of the error",
    "__connect.errors.exception.message": f"its message, at most {envelope.LONGEST_MESSAGE:,} characters",
    "reason": "one of a bounded set; labels `dead_letters_total`",
    "path": "the JSON path of the field in question",
    "window": "the window that was read, or `by id`",
    "truncated-from": "the length of the whole in bytes; only when the value is cut",
}
TRUNCATED = "truncated-from"


def document() -> str:
    """The whole document."""
    common = _common_headers()
    kinds = ((code(DEFAULT_NAMES[topic]), code(CARRIED[topic].kind)) for topic in Topic if CARRIED[topic].kind)
    return markdown.document(
        "Topics",
        "`producer/kafka/topics.py`, `producer/kafka/options.py` and `producer/assembly/envelope.py`",
        INTRODUCTION,
        markdown.table(("topic", "key", "value", "partitions", "configuration"), (_row(topic) for topic in Topic)),
        HEADERS,
        _headers(common),
        markdown.table(("topic", "`ce_type`"), kinds),
        DEAD_LETTER_HEADERS,
        _headers([*_failure_headers(), TRUNCATED]),
    )


def _row(topic: Topic) -> tuple[str, ...]:
    options = KafkaOptions(bootstrap_servers="any:9092")
    carried = CARRIED[topic]
    configuration = "<br>".join(_configured(declared(options, topic)))
    return code(options.topics[topic]), carried.key, carried.value, _partitions(topic, options), configuration


def _partitions(topic: Topic, options: KafkaOptions) -> str:
    number = options.partitions_of(topic)
    if topic is Topic.STATE:
        return f"{number} (`kafka.lanes`)"
    fixed = topic in {Topic.WATERMARKS, Topic.COMMANDS}
    return str(DEFAULT_PARTITIONS[topic]) if fixed else f"{number} (`kafka.partitions.{topic.value}`)"


def _configured(configuration: Mapping[str, str]) -> Iterator[str]:
    for name, value in configuration.items():
        readable = ""
        if name.endswith(".ms"):
            readable = f" ({span_text(timedelta(milliseconds=int(value)))})"
        elif name.endswith("bytes"):
            readable = f" ({size_text(int(value))})"
        elif name == "min.insync.replicas":
            readable = " (`kafka.min_insync_replicas`)"
        yield code(f"{name}={value}") + readable


def _headers(names: list[str]) -> str:
    return markdown.table(("header", "value"), ((code(name), MEANINGS[name]) for name in names))


def _names(headers: Headers) -> list[str]:
    return [name for name, _ in headers]


def _common_headers() -> list[str]:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return _names(envelope.headers("", event_id="", source="", subject="", at=at, request_id=""))


def _failure_headers() -> list[str]:
    return _names(envelope.failure_headers(errors.Malformed("", "", ""), stage="", topic="", window=""))
