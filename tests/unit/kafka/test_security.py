from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from producer.errors import SinkRefused
from producer.kafka.options import SecurityOptions
from producer.kafka.security import security_arguments


def test_plaintext_needs_nothing() -> None:
    assert security_arguments(SecurityOptions()) == {"security_protocol": "PLAINTEXT"}


def test_a_password_is_asked_for_at_every_connection() -> None:
    passwords = iter(["old", "new"])
    security = SecurityOptions(
        protocol="SASL_PLAINTEXT", mechanism="PLAIN", username="producer", password=lambda: next(passwords)
    )

    def arguments(password: str) -> dict[str, str]:
        return {
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": "producer",
            "sasl_plain_password": password,
        }

    assert [security_arguments(security) for _ in range(2)] == [arguments("old"), arguments("new")]


@pytest.mark.parametrize("check_hostname", [True, False])
def test_tls_always_verifies_the_certificate(*, check_hostname: bool) -> None:
    context = security_arguments(SecurityOptions(protocol="SSL", check_hostname=check_hostname))["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, check_hostname)


def test_files_that_can_not_be_used_are_named(tmp_path: Path) -> None:
    missing, garbage = tmp_path / "missing.pem", tmp_path / "garbage.pem"
    garbage.write_text("no certificate")
    with pytest.raises(SinkRefused, match=r"kafka\.security\.ca_file .*missing\.pem can't be used: No such file"):
        security_arguments(SecurityOptions(protocol="SSL", ca_file=missing))
    with pytest.raises(SinkRefused, match=r"kafka\.security\.ca_file .*garbage\.pem can't be used"):
        security_arguments(SecurityOptions(protocol="SSL", ca_file=garbage))
    with pytest.raises(SinkRefused, match=r"certificate .*missing\.pem with key in it can't be used: No such"):
        security_arguments(SecurityOptions(protocol="SSL", certificate_file=missing))
