"""Logging in over TLS, and what a person reads when it is refused: the broker's own reason, and never the password."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from producer.dev.broker import Broker
from producer.errors import SinkError, SinkRefused, SinkUnavailable
from producer.kafka import topics
from producer.kafka.options import KafkaOptions, Mechanism, SecurityOptions
from producer.kafka.sink import KafkaSink
from producer.model.batch import Topic
from tests.support.guarded import PASSWORD, USER, Guarded, guarded_broker
from tests.support.sinks import StandingClock, batch, nothing_left_behind, options, values


@pytest.fixture(scope="module")
def guarded(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """The shared broker has made sure that one can run."""
    with guarded_broker(tmp_path_factory.mktemp("tls")) as guarded:
        yield guarded


def login(guarded: Guarded) -> SecurityOptions:
    return SecurityOptions(
        protocol="SASL_SSL", mechanism="PLAIN", username=USER, password=lambda: PASSWORD, ca_file=guarded.ca_file
    )


def options_of(guarded: Guarded, prefix: str, security: SecurityOptions) -> KafkaOptions:
    return options(guarded.broker, prefix, bootstrap_servers=guarded.address, security=security)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_a_batch_goes_through_a_login_over_tls(guarded: Guarded, topic_prefix: str, mechanism: Mechanism) -> None:
    there = options_of(guarded, topic_prefix, replace(login(guarded), mechanism=mechanism))
    async with nothing_left_behind():
        await topics.create(there)
        sink = KafkaSink(there, lane=0, clock=StandingClock())
        await sink.open()
        await sink.commit(batch(1, "a"))
        await sink.close()
    assert values(guarded.broker, there.topics[Topic.CONVERSATIONS]) == ["a on page 1"]


async def refusal(there: KafkaOptions) -> SinkError:
    async with nothing_left_behind():
        with pytest.raises(SinkError) as caught:
            await KafkaSink(there, lane=0, clock=StandingClock()).open()
    assert PASSWORD not in f"{caught.value!r} {caught.value.__cause__!r}"
    return caught.value


async def test_a_wrong_password(guarded: Guarded, topic_prefix: str) -> None:
    error = await refusal(options_of(guarded, topic_prefix, replace(login(guarded), username="somebody")))
    assert isinstance(error, SinkRefused)
    assert "SaslAuthenticationFailed: Authentication failed: Invalid username or password" in str(error)


async def test_a_mechanism_that_is_not_offered(guarded: Guarded, topic_prefix: str) -> None:
    error = await refusal(options_of(guarded, topic_prefix, replace(login(guarded), mechanism="SCRAM-SHA-256")))
    assert isinstance(error, SinkRefused)
    assert "UnsupportedSaslMechanismError" in str(error)


async def test_a_certificate_that_is_not_trusted(guarded: Guarded, topic_prefix: str) -> None:
    error = await refusal(options_of(guarded, topic_prefix, replace(login(guarded), ca_file=None)))
    assert isinstance(error, SinkRefused)
    assert "certificate verify failed" in str(error)


async def test_tls_to_a_port_that_does_not_speak_it(guarded: Guarded, topic_prefix: str) -> None:
    there = options_of(guarded, topic_prefix, replace(login(guarded), protocol="SSL"))
    hurried = replace(there, bootstrap_servers=guarded.broker.bootstrap_servers, start_timeout=there.start_timeout / 10)
    error = await refusal(hurried)
    assert isinstance(error, SinkUnavailable | SinkRefused)
    assert f"looking at the topics at {guarded.broker.bootstrap_servers}: " in str(error)


async def test_plaintext_to_a_port_that_wants_tls(guarded: Guarded, topic_prefix: str) -> None:
    there = options_of(guarded, topic_prefix, SecurityOptions())
    error = await refusal(replace(there, start_timeout=there.start_timeout / 10))
    assert isinstance(error, SinkUnavailable)
    assert f"looking at the topics at {guarded.address}: KafkaConnectionError: " in str(error)
