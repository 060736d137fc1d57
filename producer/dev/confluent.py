"""How confluent-kafka, which the demo's view and the judge read with, reaches the cluster that the settings name.

The one place that turns our options into librdkafka's. What it returns holds the password: it goes into a client at
once, and is kept and shown nowhere.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from producer.errors import ProducerError
from producer.kafka.options import KafkaOptions, SecurityOptions

PATIENCE_SECONDS = 30.0


class ReadFailed(ProducerError):
    """A topic can't be read to its end."""

    what_to_do = "check that the brokers run, and that the user of kafka.security may read the topic; then run it again"
    exit_code = 69


@contextmanager
def reading(options: KafkaOptions, topic: str, **more: str | bool | int) -> Iterator[tuple[Consumer, Sequence[int]]]:
    """A consumer of what is committed on a topic, from its beginning, and the partitions. Raises ReadFailed.

    It commits no offsets and joins no group. `more` are further settings, underscores for their dots.
    """
    consumer = Consumer(
        {
            **arguments(options),
            "group.id": f"{topic}.reader",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            **{name.replace("_", "."): value for name, value in more.items()},
        }
    )
    try:
        partitions = _partitions(consumer, topic)
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
        yield consumer, partitions
    finally:
        consumer.close()


def _partitions(consumer: Consumer, topic: str) -> Sequence[int]:
    try:
        listed = consumer.list_topics(topic, timeout=PATIENCE_SECONDS).topics[topic]
    except KafkaException as failed:
        raise ReadFailed(f"{topic}: {failed.args[0].str()}") from None
    if listed.error is not None:
        raise ReadFailed(f"{topic}: {listed.error.str()}")
    return sorted(listed.partitions)


def arguments(options: KafkaOptions) -> dict[str, str]:
    """The settings of one client: where the cluster is and how it lets us in. Made anew for each, as secrets rotate."""
    security = options.security
    settings = {"bootstrap.servers": options.bootstrap_servers, "security.protocol": security.protocol}
    if security.encrypts:
        settings |= _encryption(security)
    if security.authenticates:
        assert security.username is not None  # noqa: S101 - the options refuse to be made without them
        assert security.password is not None  # noqa: S101 - the same
        settings |= {
            "sasl.mechanism": security.mechanism,
            "sasl.username": security.username,
            "sasl.password": security.password(),
        }
    return settings


def _encryption(security: SecurityOptions) -> dict[str, str]:
    system = ssl.get_default_verify_paths()  # those that the daemon trusts; librdkafka brings an OpenSSL of its own
    authorities = security.ca_file or system.cafile or system.capath
    settings = {"ssl.endpoint.identification.algorithm": "https" if security.check_hostname else "none"}
    if authorities is not None:
        settings["ssl.ca.location"] = str(authorities)
    if security.certificate_file is not None:
        settings["ssl.certificate.location"] = str(security.certificate_file)
        settings["ssl.key.location"] = str(security.key_file or security.certificate_file)
        if security.key_password is not None:
            settings["ssl.key.password"] = security.key_password()
    return settings
