"""Security options as the arguments that aiokafka takes. Secrets pass through here and are kept nowhere of ours."""

from __future__ import annotations

import ssl
from typing import Any

from producer.errors import SinkRefused
from producer.kafka.options import SecurityOptions


def security_arguments(security: SecurityOptions) -> dict[str, Any]:
    """The arguments for one connection, made anew each time so that rotated files and secrets are read.

    Raises SinkRefused when a file can't be used: it may be missing only while it is rotated, so this passes.
    """
    arguments: dict[str, Any] = {"security_protocol": security.protocol}
    if security.encrypts:
        arguments["ssl_context"] = _tls(security)
    if security.authenticates:
        assert security.password is not None  # noqa: S101 - the options refuse to be made without it
        arguments |= {
            "sasl_mechanism": security.mechanism,
            "sasl_plain_username": security.username,
            "sasl_plain_password": security.password(),
        }
    return arguments


def _tls(security: SecurityOptions) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=security.ca_file)
    except OSError as exc:
        raise SinkRefused(f"kafka.security.ca_file {security.ca_file} can't be used: {_reason(exc)}") from None
    context.check_hostname = security.check_hostname
    if security.certificate_file is not None:
        try:
            context.load_cert_chain(security.certificate_file, security.key_file, password=security.key_password)
        except OSError as exc:
            raise SinkRefused(
                f"kafka.security: certificate {security.certificate_file} with key {security.key_file or 'in it'}"
                f" can't be used: {_reason(exc)}"
            ) from None
    return context


def _reason(exc: OSError) -> str:
    return exc.strerror or type(exc).__name__
