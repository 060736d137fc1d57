from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from producer.errors import ConfigurationError
from producer.kafka.options import DEFAULT_NAMES, DEFAULT_PARTITIONS, KafkaOptions, SecurityOptions
from producer.model.batch import Topic


def test_the_default_identity_contains_the_state_topic() -> None:
    options = KafkaOptions(bootstrap_servers="kafka:9092")
    assert options.transactional_id(3) == "genesys-producer.genesys.state.v1-3"
    assert options.partitions_of(Topic.STATE) == options.lanes == 8


def test_an_application_id_is_the_identity() -> None:
    options = KafkaOptions(bootstrap_servers="kafka:9092", application_id="emea")
    assert options.transactional_id(0) == "emea-0"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bootstrap_servers": " "}, "kafka.bootstrap_servers must name at least one broker"),
        (
            {"topics": {Topic.STATE: "s"}},
            "kafka.topics: no name for conversations, audit, dead_letters, watermarks, co",
        ),
        ({"topics": {**DEFAULT_NAMES, Topic.AUDIT: "genesys.state.v1"}}, "kafka.topics: two purposes share one topic"),
        ({"partitions": {Topic.AUDIT: 1}}, "kafka.partitions: no number for conversations, dead_letters, watermarks"),
        ({"partitions": {**DEFAULT_PARTITIONS, Topic.AUDIT: 0}}, "kafka: every topic needs at least one partition"),
        ({"lanes": 0}, "kafka: every topic needs at least one partition"),
        ({"commit_timeout": timedelta(seconds=60)}, "kafka.commit_timeout must be shorter than kafka.transaction_time"),
    ],
)
def test_options_that_can_not_work_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        KafkaOptions(**{"bootstrap_servers": "kafka:9092", **changes})


def test_a_login_needs_a_name_and_a_password() -> None:
    with pytest.raises(ConfigurationError, match=r"kafka\.security: SASL_SSL needs a username and a password"):
        SecurityOptions(protocol="SASL_SSL", username="producer")


def test_no_secret_is_shown() -> None:
    security = SecurityOptions(
        protocol="SASL_SSL", username="producer", password=lambda: "canary", key_password=lambda: "canary"
    )
    shown = repr(KafkaOptions(bootstrap_servers="kafka:9092", security=security))
    assert "password" not in shown
    assert "canary" not in shown
