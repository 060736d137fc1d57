"""The options of the product as confluent-kafka takes them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from confluent_kafka import Consumer

from producer.dev import confluent
from producer.dev.confluent import ReadFailed, arguments, reading
from producer.dev.rehearsal import free_port
from producer.kafka.options import KafkaOptions, SecurityOptions


def _arguments(security: SecurityOptions) -> dict[str, str]:
    return arguments(KafkaOptions(bootstrap_servers="broker:9092", security=security))


PLAIN = {"bootstrap.servers": "broker:9092", "security.protocol": "PLAINTEXT"}


def test_plaintext_needs_nothing() -> None:
    assert _arguments(SecurityOptions()) == PLAIN


def test_a_login_over_tls_with_a_certificate_of_our_own() -> None:
    security = SecurityOptions(
        protocol="SASL_SSL",
        mechanism="SCRAM-SHA-256",
        username="producer",
        password=lambda: "secret",
        ca_file=Path("/ca.pem"),
        certificate_file=Path("/own.pem"),
        key_file=Path("/own.key"),
        key_password=lambda: "another",
        check_hostname=False,
    )

    assert _arguments(security) == PLAIN | {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": "producer",
        "sasl.password": "secret",
        "ssl.ca.location": "/ca.pem",
        "ssl.certificate.location": "/own.pem",
        "ssl.key.location": "/own.key",
        "ssl.key.password": "another",
        "ssl.endpoint.identification.algorithm": "none",
    }


def test_a_key_may_stand_in_the_file_of_its_certificate() -> None:
    found = _arguments(SecurityOptions(protocol="SSL", certificate_file=Path("/own.pem")))

    assert (found["ssl.certificate.location"], found["ssl.key.location"]) == ("/own.pem", "/own.pem")


def test_without_a_ca_file_those_of_the_system_are_trusted_as_the_daemon_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorities = tmp_path / "authorities.pem"
    authorities.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(authorities))

    assert _arguments(SecurityOptions(protocol="SSL")) == PLAIN | {
        "security.protocol": "SSL",
        "ssl.ca.location": str(authorities),
        "ssl.endpoint.identification.algorithm": "https",
    }


def test_a_password_is_asked_for_at_every_client_and_shown_by_no_option() -> None:
    passwords = iter(["old", "new"])
    security = SecurityOptions(
        protocol="SASL_PLAINTEXT", mechanism="PLAIN", username="producer", password=lambda: next(passwords)
    )
    options = KafkaOptions(bootstrap_servers="broker:9092", security=security)

    assert [arguments(options)["sasl.password"] for _ in range(2)] == ["old", "new"]
    assert "password" not in repr(options)


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_the_library_knows_every_name(protocol: str, mechanism: str) -> None:
    security = SecurityOptions(
        protocol=protocol,  # type: ignore[arg-type]  # one of its words
        mechanism=mechanism,  # type: ignore[arg-type]  # the same
        username="producer",
        password=lambda: "secret",
        check_hostname=False,
    )

    Consumer({**_arguments(security), "group.id": "any"}).close()


def test_a_cluster_that_does_not_answer_is_said_in_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confluent, "PATIENCE_SECONDS", 0.2)
    began = time.monotonic()

    with (
        pytest.raises(ReadFailed, match=r"^some\.topic: .*Broker transport failure"),
        reading(KafkaOptions(bootstrap_servers=f"127.0.0.1:{free_port()}"), "some.topic"),
    ):
        pytest.fail("it was read")

    assert time.monotonic() - began < 5
    assert ReadFailed.exit_code == 69
