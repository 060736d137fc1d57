"""Every setting reaches the part it is for."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from producer import errors
from producer.app import directory_of, form_of, record_encoder, source_of, the_one, webhook_of
from producer.clock import VirtualClock, WallClock
from producer.encoding.avro import Avro
from producer.encoding.schemas import Subject
from producer.genesys.source import GenesysSource
from producer.genesys.token_source import TokenSource
from producer.model.batch import Topic
from producer.model.reads import ReadKind
from producer.options import (
    client_options,
    clock_of,
    digest_of,
    kafka_options,
    lane_policy,
    learning,
    subject_of,
    webhook_options,
)
from producer.planning.watch import WatchPolicy
from producer.settings import Settings
from producer.settings.catalogue import SETTINGS
from producer.settings.secret import SecretSource
from producer.transform.normalize import Normalizer
from producer.transform.token_records import TokenForm

OTHER: dict[str, Any] = {
    "genesys.page_size": 50,
    "genesys.timeout": "7s",
    "genesys.retries": 9,
    "genesys.realm_id": "another-organisation",
    "genesys.token_refresh_margin": "2m",
    "genesys.directory.enabled": False,
    "genesys.directory.kinds": "queue,user",
    "genesys.directory.ttl": "23h",
    "capture.start": "2026-03-10T10:00:00Z",
    "capture.poll_interval": "16s",
    "capture.head_lag": "31s",
    "capture.overlap": "6m",
    "capture.catch_up_slice": "2h",
    "capture.rereads": "20m,3h",
    "capture.hit_bound": 5_000,
    "capture.watch.wrap_up": "3h",
    "capture.watch.message": "71h",
    "capture.watch.email": "29d",
    "capture.watch.adopt": "28d",
    "limits.requests_per_minute": 299,
    "limits.headroom": 0.2,
    "limits.concurrency": 7,
    "limits.max_response_bytes": "31MiB",
    "limits.shares.watch": 0.2,
    "limits.shares.reread": 0.15,
    "limits.shares.backfill": 0.01,
    "kafka.bootstrap_servers": "one:1,two:2",
    "kafka.security.protocol": "SASL_SSL",
    "kafka.security.sasl_mechanism": "PLAIN",
    "kafka.security.username": "another",
    "kafka.security.password": "another",
    "kafka.security.ca_file": "/ca",
    "kafka.security.cert_file": "/cert",
    "kafka.security.key_file": "/key",
    "kafka.topics.prefix": "another",
    "kafka.topics.conversations": "another-1",
    "kafka.topics.audit": "another-2",
    "kafka.topics.dead_letters": "another-3",
    "kafka.topics.watermarks": "another-4",
    "kafka.topics.state": "another-5",
    "kafka.topics.commands": "another-6",
    "kafka.application_id": "another",
    "kafka.lanes": 9,
    "kafka.partitions.conversations": 13,
    "kafka.partitions.audit": 7,
    "kafka.partitions.dead_letters": 5,
    "kafka.replication_factor": 4,
    "kafka.min_insync_replicas": 3,
    "kafka.transaction.max_records": 999,
    "kafka.transaction.max_bytes": "5MiB",
    "kafka.transaction.max_wait": "2s",
    "webhook.url": "https://another.example/x",
    "webhook.secrets": "whsec_YW5vdGhlci9hbm90aGVyL2Fub3RoZXIvMQ==",
    "webhook.events": "hole",
    "webhook.allow_http": "true",
    "webhook.timeout": "9s",
    "webhook.give_up_after": "23h",
    "state.path": "/state",
    "dev.clock_speed": 2,
}
"""Another value for every setting that becomes an option."""
ELSEWHERE = {
    "genesys.dialect",  # tested below, by what follows from it
    "genesys.region",  # these four: the source is given them as they are, tested on the live daemon
    "genesys.api_url",
    "genesys.login_url",
    "genesys.client_id",
    "genesys.client_secret",
    "record.detail",  # the normaliser, and the kind of record below
    "kafka.topics.conversations_flat",  # with it
    "genesys.retention_days",  # the validator of queries
    "admin.host",  # telemetry
    "admin.port",
    "log.level",
    "log.format",
    "state.format",  # one value only so far
    "dev.clock_origin",  # with the epoch, below
    "dev.clock_epoch",
    "dev.cache_dir",  # the local broker reads it from the environment
}
BASE = {
    "kafka.bootstrap_servers": "here:1",
    "kafka.security.protocol": "SASL_PLAINTEXT",
    "kafka.security.username": "user",
    "kafka.security.password": "secret",
    "webhook.url": "https://here.example/x",
    "webhook.secrets": "whsec_c2VjcmV0L3NlY3JldC9zZWNyZXQvc2VjcmV0",
    "dev.clock_origin": "2026-03-10T10:00:00Z",
    "dev.clock_epoch": 0,
}


def settings_of(**changes: Any) -> Settings:
    nested: dict[str, Any] = {}
    for name, value in (BASE | changes).items():
        *groups, last = name.split(".")
        place = nested
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    return Settings(**nested)


def _plain(value: Any) -> Any:
    return value() if isinstance(value, SecretSource) else value


def everything(settings: Settings) -> list[Any]:
    """What the parts are given; without the digest, which any change reaches."""
    kafka = kafka_options(settings)
    password = kafka.security.password
    directory = directory_of(settings)
    policy = dataclasses.replace(lane_policy(settings), config_digest="")
    webhook = webhook_options(settings)
    assert webhook is not None
    hook = dataclasses.replace(webhook, url=str, secrets=str)
    addresses = (webhook.url(), webhook.secrets())
    told = [hook, addresses, directory and directory.policy]
    return [kafka, _plain(password), client_options(settings), policy, clock_of(settings), *told]


def test_every_setting_is_known_to_this_test() -> None:
    assert OTHER.keys() | ELSEWHERE == SETTINGS.keys()
    assert OTHER.keys().isdisjoint(ELSEWHERE)


@pytest.mark.parametrize("name", OTHER)
def test_every_setting_reaches_its_option(name: str) -> None:
    before, after = settings_of(), settings_of(**{name: OTHER[name]})

    assert everything(after) != everything(before)


TOKEN = {"genesys.dialect": "token", "genesys.realm_id": "a-realm", "genesys.api_url": "http://127.0.0.1:1/gateway"}


def test_the_dialect_decides_which_source_and_which_form_of_conversations() -> None:
    schema = Avro.shipped().schemas.latest(Subject.CONVERSATION)
    kinds = []
    for settings in (settings_of(**{"genesys.region": "mypurecloud.ie"}), settings_of(**TOKEN)):
        source, form = source_of(settings, clock_of(settings)), form_of(settings, schema)
        kinds.append((type(source), type(form)))

    assert kinds == [(GenesysSource, Normalizer), (TokenSource, TokenForm)]


def test_in_the_token_dialect_nothing_is_asked_for_by_id_and_the_head_has_the_watch_s_share() -> None:
    policy = lane_policy(settings_of(**TOKEN))
    never = timedelta(0)

    assert policy.watch == WatchPolicy(by_id=False, wrap_up=never, message=never, email=never, adopt=never)
    assert policy.shares == {
        ReadKind.HEAD: pytest.approx(0.85),
        ReadKind.WATCH: 0.0,
        ReadKind.REREAD: 0.1,
        ReadKind.BACKFILL: 0.05,
    }


def test_in_the_token_dialect_the_realm_is_no_organisation_that_could_be_compared() -> None:
    assert lane_policy(settings_of(**TOKEN)).expected_organisation is None


def test_what_the_options_are() -> None:
    settings = settings_of(**OTHER)
    kafka, client, policy = kafka_options(settings), client_options(settings), lane_policy(settings)

    assert (kafka.bootstrap_servers, kafka.identity, kafka.state_path) == ("one:1,two:2", "another", Path("/state"))
    assert sorted(kafka.topics.values()) == [f"another-{number}" for number in range(1, 7)]
    assert {topic.value: number for topic, number in kafka.partitions.items()} == {
        "conversations": 13,
        "audit": 7,
        "dead_letters": 5,
        "watermarks": 1,
        "commands": 1,
    }
    assert (kafka.security.protocol, kafka.security.mechanism) == ("SASL_SSL", "PLAIN")
    assert (kafka.security.ca_file, kafka.security.certificate_file, kafka.security.key_file) == (
        Path("/ca"),
        Path("/cert"),
        Path("/key"),
    )
    assert (client.timeout, client.token_margin) == (timedelta(seconds=7), timedelta(minutes=2))
    assert (client.limiter.requests_per_minute, client.limiter.headroom) == (299, 0.2)
    assert policy.capture_start == datetime(2026, 3, 10, 10, tzinfo=UTC)
    assert policy.ages == (timedelta(minutes=20), timedelta(hours=3))
    assert policy.reads.budget * policy.reads.head_share == pytest.approx(299 * 0.8 * 0.64)
    assert policy.watch == WatchPolicy(
        wrap_up=timedelta(hours=3), message=timedelta(hours=71), email=timedelta(days=29), adopt=timedelta(days=28)
    )
    assert {kind.value: share for kind, share in client.shares.items()} == {
        "watch": 0.2,
        "reread": 0.15,
        "backfill": 0.01,
    }
    assert (policy.bounds.records, policy.bounds.size, policy.linger) == (999, 5 << 20, timedelta(seconds=2))


@pytest.mark.parametrize(
    ("detail", "topic", "kind"),
    [
        ("full", "genesys.conversations.v1", "Conversation"),
        ("summary", "genesys.conversations.v1", "Conversation"),
        ("flat", "rows", "ConversationFlat"),
    ],
)
def test_what_goes_to_the_conversations_topic(detail: str, topic: str, kind: str) -> None:
    settings = settings_of(**{"record.detail": detail, "kafka.topics.conversations_flat": "rows"})
    kafka, avro = kafka_options(settings), Avro.shipped()

    assert (kafka.topics[Topic.CONVERSATIONS], kafka.records.kind) == (topic, kind)
    encode = record_encoder(avro, subject_of(settings))
    assert kafka.records.kind_of(encode({"queueIds": ["q"], "participants": ()})) == kind
    assert kafka.records.kind_of(avro.encoder(Subject.WATERMARK)({})) is None


def test_the_digest_changes_with_every_setting_but_never_with_a_secret() -> None:
    plain = digest_of(settings_of())

    assert digest_of(settings_of(**{"genesys.page_size": 99})) != plain
    assert digest_of(settings_of(**{"kafka.security.password": "rotated"})) == plain
    one, two = (settings_of(**{"genesys.client_secret": secret}) for secret in ("one", "two"))
    assert digest_of(one) == digest_of(two)


def test_the_clock_is_virtual_only_when_both_its_ends_are_set() -> None:
    origin = datetime(2026, 3, 10, 10, tzinfo=UTC)

    assert clock_of(settings_of()) == VirtualClock(origin=origin, epoch=0, speed=1)
    assert isinstance(clock_of(Settings()), WallClock)


def _grouped(*failures: Exception) -> ExceptionGroup[Exception]:
    return ExceptionGroup("of tasks", list(failures))


def _configuration() -> errors.ConfigurationError:
    return errors.ConfigurationError("x")


@pytest.mark.parametrize("wrap", [lambda each: each, _grouped, lambda each: _grouped(_grouped(each))])
def test_a_group_of_one_error_is_that_error(wrap: Callable[[Exception], Exception]) -> None:
    error = _configuration()

    assert the_one(wrap(error)) is error


def test_a_group_of_several_stays_whole() -> None:
    group = _grouped(_configuration(), RuntimeError())

    assert the_one(group) is group


def test_options_hold_no_secret_that_can_be_seen() -> None:
    settings = settings_of(**{"kafka.security.password": "canary", "genesys.client_secret": "canary"})

    assert "canary" not in repr(everything(settings)[:1] + everything(settings)[2:-1])
    assert "canary" not in json.dumps(settings.model_dump(mode="json"))


def test_a_secret_is_learned_at_every_use_so_that_a_rotated_one_is_kept_out_of_the_log_too() -> None:
    rotating, learned = iter(["first", "second"]), list[str]()
    secret = learning(lambda: next(rotating), learned.append)
    assert (secret(), secret(), learned) == ("first", "second", ["first", "second"])


def test_the_address_and_the_secrets_of_the_webhook_are_learned_at_every_use() -> None:
    learned = list[str]()
    options = webhook_options(settings_of(), learned.append)

    assert options is not None
    options.url()
    options.secrets()
    secret = "c2VjcmV0L3NlY3JldC9zZWNyZXQvc2VjcmV0"
    assert learned == ["https://here.example/x", f"whsec_{secret}", secret]
    assert set(learned) <= set(settings_of().secrets())


def test_without_an_address_there_is_no_webhook() -> None:
    assert webhook_options(Settings()) is None


async def test_whoever_has_no_lane_gets_a_webhook_that_may_be_silent() -> None:
    clock = clock_of(Settings())
    for settings in (Settings(), settings_of()):
        async with webhook_of(settings, clock=clock, observe=lambda _: None) as webhook:
            assert webhook.waiting() == []
