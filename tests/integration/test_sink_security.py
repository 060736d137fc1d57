"""Logging in over TLS, and what a person reads when it is refused: the broker's own reason, and never the password."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._scram import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

from producer.dev.broker import Broker, _free_port
from producer.dev.java import find_java
from producer.dev.properties import Listeners
from producer.errors import SinkError, SinkRefused, SinkUnavailable
from producer.kafka import topics
from producer.kafka.options import KafkaOptions, Mechanism, SecurityOptions
from producer.kafka.sink import KafkaSink
from producer.model.batch import Topic
from tests.support.sinks import StandingClock, batch, nothing_left_behind, options, values

PASSWORD = "canary-7f3a"
PLAIN_LOGIN = f'org.apache.kafka.common.security.plain.PlainLoginModule required user_producer="{PASSWORD}";'
SCRAM_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


@dataclass(frozen=True, slots=True)
class Guarded:
    """A broker with a TLS listener that wants a login, beside the open one."""

    broker: Broker
    address: str
    ca_file: Path


def _keytool(*arguments: str | Path) -> None:
    keytool = Path(find_java().executable).with_name("keytool")
    subprocess.run([keytool, *arguments], check=True, capture_output=True, timeout=60)


def _key_store(directory: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1: the server's key store and the PEM that a client trusts."""
    store, certificate = directory / "broker.p12", directory / "broker.pem"
    common = ("-alias", "broker", "-keystore", store, "-storepass", "changeit")
    extensions = ("-ext", "san=ip:127.0.0.1", "-ext", "bc=ca:true")
    _keytool("-genkeypair", "-keyalg", "EC", "-dname", "CN=broker", "-validity", "30", *extensions, *common)
    _keytool("-exportcert", "-rfc", "-file", certificate, *common)
    return store, certificate


@pytest.fixture(scope="module")
def guarded(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """The shared broker has made sure that one can run."""
    directory = tmp_path_factory.mktemp("tls")
    store, certificate = _key_store(directory)
    with ExitStack() as sockets:
        public, controller, secret = (_free_port(sockets) for _ in range(3))
    address = f"127.0.0.1:{secret}"
    own = Broker(
        properties={
            "listeners": f"PLAINTEXT://127.0.0.1:{public},CONTROLLER://127.0.0.1:{controller},GUARDED://{address}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{public},GUARDED://{address}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,GUARDED:SASL_SSL",
            "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            "listener.name.guarded.plain.sasl.jaas.config": PLAIN_LOGIN,
            "listener.name.guarded.scram-sha-512.sasl.jaas.config": SCRAM_LOGIN,
            "ssl.keystore.location": str(store),
            "ssl.keystore.password": "changeit",
            "ssl.keystore.type": "PKCS12",
        }
    )
    own._listeners = Listeners(broker=public, controller=controller)
    with own:
        own.start()
        admin = AdminClient({"bootstrap.servers": own.bootstrap_servers})
        scram = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        upsertion = UserScramCredentialUpsertion("producer", scram, PASSWORD.encode())
        admin.alter_user_scram_credentials([upsertion])["producer"].result(timeout=10)
        yield Guarded(own, address, certificate)


def login(guarded: Guarded) -> SecurityOptions:
    return SecurityOptions(
        protocol="SASL_SSL", mechanism="PLAIN", username="producer", password=lambda: PASSWORD, ca_file=guarded.ca_file
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
