"""The specification of settings by what is refused: one row a refusal, with the message that a person reads.

What is refused in the files stands in test_settings_refused_files.py.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from producer.model.regions import DOMAINS, PLACES
from producer.settings import SettingsRefused, load

NOW = datetime(2026, 3, 10, 10, tzinfo=UTC)
GOOD = {
    "genesys.region": "mypurecloud.ie",
    "genesys.client_id": "an-id",
    "genesys.client_secret": "a-secret",
    "kafka.bootstrap_servers": "broker:9092",
}
LOOPBACK = {
    "genesys.region": "",
    "genesys.api_url": "http://localhost:8080",
    "genesys.login_url": "http://localhost:8080",
}
TLS = {"kafka.security.protocol": "SSL"}
SASL = {
    "kafka.security.protocol": "SASL_SSL",
    "kafka.security.sasl_mechanism": "PLAIN",
    "kafka.security.username": "me",
    "kafka.security.password": "a-password",
}
A_START = "2026-03-10T09:00:00Z"
KEY = "whsec_c2VjcmV0L3NlY3JldC9zZWNyZXQvc2VjcmV0"
HOOK = {"webhook.url": "https://hooks.example/t0ken", "webhook.secrets": KEY}

REFUSED: list[tuple[dict[str, str], str]] = [
    (
        {"genesys.client_id": ""},
        "genesys.client_id: is missing: set PRODUCER_GENESYS__CLIENT_ID, or client_id below genesys in --config",
    ),
    (
        {"genesys.client_secret": ""},
        (
            "genesys.client_secret: is missing: set PRODUCER_GENESYS__CLIENT_SECRET, or a file "
            "genesys__client_secret in PRODUCER_SECRETS_DIR"
        ),
    ),
    (
        {"genesys.region": ""},
        (
            "genesys.region: is missing: set PRODUCER_GENESYS__REGION, or region below genesys in --config, "
            "or set both genesys.api_url and genesys.login_url"
        ),
    ),
    (
        {"kafka.bootstrap_servers": ""},
        (
            "kafka.bootstrap_servers: is missing: set PRODUCER_KAFKA__BOOTSTRAP_SERVERS, or "
            "bootstrap_servers below kafka in --config"
        ),
    ),
    (
        {"genesys.region": "https://api.mypurecloud.ie"},
        (
            "genesys.region: must be a region's name, AWS id or domain, for example mypurecloud.ie; "
            "addresses belong in genesys.api_url and genesys.login_url"
        ),
    ),
    (
        {"genesys.region": "atlantis"},
        f"genesys.region: must be a domain or one of: {', '.join(sorted({*PLACES, *DOMAINS}))}; not 'atlantis'",
    ),
    (
        {"genesys.api_url": "https://gateway.example"},
        "genesys.region: must not be set together with genesys.api_url: remove one of them",
    ),
    (
        {**LOOPBACK, "genesys.login_url": ""},
        "genesys.login_url: is missing: it is needed together with genesys.api_url",
    ),
    ({**LOOPBACK, "genesys.api_url": ""}, "genesys.api_url: is missing: it is needed together with genesys.login_url"),
    (
        {**LOOPBACK, "genesys.region": "eu-west-1"},
        "genesys.region: must not be set together with genesys.api_url and genesys.login_url: remove one of them",
    ),
    (
        {**LOOPBACK, "genesys.api_url": "http://gateway.example"},
        (
            "genesys.api_url: must begin with https://, since credentials travel on it (http only to this "
            "machine itself)"
        ),
    ),
    (
        {**LOOPBACK, "genesys.api_url": "gateway.example"},
        "genesys.api_url: must be an address with scheme and host, for example https://api.mypurecloud.ie",
    ),
    (
        {**LOOPBACK, "genesys.api_url": "https://gateway.example:99999"},
        "genesys.api_url: must be an address with scheme and host, for example https://api.mypurecloud.ie",
    ),
    (
        {**LOOPBACK, "genesys.api_url": "https://me:pass@gateway.example"},
        "genesys.api_url: must not hold a user or a password: use genesys.client_id and genesys.client_secret",
    ),
    (
        {**LOOPBACK, "genesys.login_url": "https://gateway.example/?a=b"},
        "genesys.login_url: must end with its host or path, without ? and #",
    ),
    (
        {**LOOPBACK, "genesys.login_url": "https://gateway. example"},
        "genesys.login_url: must be an address with scheme and host, for example https://api.mypurecloud.ie",
    ),
    (
        {"genesys.client_secret": "**********"},
        "genesys.client_secret: is a mask and not a secret: `config show` hides what it holds",
    ),
    ({"genesys.page_size": "0"}, "genesys.page_size: must be at least 1, not '0'"),
    ({"genesys.page_size": "2001"}, "genesys.page_size: must be at most 2000, not '2001'"),
    ({"genesys.page_size": "201"}, "genesys.page_size: must be at most 200, unless genesys.dialect is token"),
    ({"genesys.dialect": "flat"}, "genesys.dialect: must be 'platform' or 'token', not 'flat'"),
    (
        {"genesys.dialect": "token"},
        "genesys.realm_id: is missing: set PRODUCER_GENESYS__REALM_ID, or realm_id below genesys in --config",
    ),
    (
        {**LOOPBACK, "genesys.dialect": "token", "genesys.realm_id": "a-realm"},
        "genesys.login_url: is of no use: in the token dialect tokens are had at genesys.api_url",
    ),
    ({"genesys.page_size": "many"}, "genesys.page_size: must be a whole number, not 'many'"),
    ({"genesys.page_size": "1.5"}, "genesys.page_size: must be a whole number, not '1.5'"),
    ({"genesys.timeout": "30"}, "genesys.timeout: must be a whole number with ms, s, m, h or d, for example 30s"),
    ({"genesys.timeout": "10m"}, "genesys.timeout: must be at most 5m, not '10m'"),
    ({"genesys.retries": "-1"}, "genesys.retries: must be at least 0, not '-1'"),
    ({"genesys.token_refresh_margin": "1ms"}, "genesys.token_refresh_margin: must be at least 1s, not '1ms'"),
    ({"genesys.directory.enabled": "perhaps"}, "genesys.directory.enabled: must be true or false, not 'perhaps'"),
    ({"genesys.directory.ttl": "1s"}, "genesys.directory.ttl: must be at least 1m, not '1s'"),
    ({"capture.start": "yesterday"}, "capture.start: must be an ISO 8601 instant, for example 2026-03-10T10:00:00Z"),
    (
        {"capture.start": "2026-03-10T09:00:00"},
        "capture.start: must say its offset from UTC, for example 2026-03-10T10:00:00Z",
    ),
    (
        {"capture.start": "2026-03-10T12:00:00+01:00"},
        "capture.start: must not be in the future: it is 2026-03-10T10:00:00Z; `now` begins now",
    ),
    (
        {"capture.poll_interval": "15 s"},
        "capture.poll_interval: must be a whole number with ms, s, m, h or d, for example 30s",
    ),
    ({"capture.poll_interval": "0s"}, "capture.poll_interval: must be at least 1s, not '0s'"),
    ({"capture.overlap": "1h"}, "capture.overlap: must be shorter than capture.catch_up_slice (1h)"),
    ({"capture.catch_up_slice": "2m"}, "capture.overlap: must be shorter than capture.catch_up_slice (2m)"),
    ({"capture.rereads": "2h,15m"}, "capture.rereads: must rise, each age once"),
    ({"capture.rereads": "15m,15m"}, "capture.rereads: must rise, each age once"),
    ({"capture.rereads": "15m,soon"}, "capture.rereads: must be a whole number with ms, s, m, h or d, for example 30s"),
    ({"capture.rereads": "10s,1h"}, "capture.rereads: must begin with an age above capture.head_lag (30s)"),
    (
        {"capture.rereads": "1h,2h,3h,4h,5h,6h,7h,8h,9h"},
        "capture.rereads: must name at most 8, not '1h,2h,3h,4h,5h,6h,7h,8h,9h'",
    ),
    ({"capture.hit_bound": "100001"}, "capture.hit_bound: must be at most 100000, not '100001'"),
    ({"limits.headroom": "1"}, "limits.headroom: must be below 1, not '1'"),
    ({"limits.headroom": "nan"}, "limits.headroom: must be a finite number, not 'nan'"),
    ({"limits.headroom": "ten percent"}, "limits.headroom: must be a number, not 'ten percent'"),
    (
        {"limits.headroom": "0.99"},
        "limits.requests_per_minute: must leave at least 12 requests a minute after limits.headroom, not 3",
    ),
    ({"limits.requests_per_minute": "0"}, "limits.requests_per_minute: must be at least 1, not '0'"),
    ({"limits.concurrency": "65"}, "limits.concurrency: must be at most 64, not '65'"),
    (
        {"limits.max_response_bytes": "32 MB"},
        "limits.max_response_bytes: must be a number of bytes, or of KiB, MiB or GiB, for example 8MiB",
    ),
    ({"limits.max_response_bytes": "64KiB"}, "limits.max_response_bytes: must be at least 1MiB, not '64KiB'"),
    (
        {"kafka.bootstrap_servers": "broker"},
        (
            "kafka.bootstrap_servers: must be host:port, several divided by commas, for example "
            "broker-1.example:9092,broker-2.example:9092"
        ),
    ),
    (
        {"kafka.bootstrap_servers": "broker:9092,broker:0"},
        (
            "kafka.bootstrap_servers: must be host:port, several divided by commas, for example "
            "broker-1.example:9092,broker-2.example:9092"
        ),
    ),
    (
        {"kafka.bootstrap_servers": "kafka://broker:9092"},
        (
            "kafka.bootstrap_servers: must be host:port, several divided by commas, for example "
            "broker-1.example:9092,broker-2.example:9092"
        ),
    ),
    (
        {"kafka.application_id": "my producer"},
        "kafka.application_id: must be 1 to 300 letters, digits, dots, hyphens and underscores",
    ),
    (
        {"kafka.topics.prefix": "contact/centre"},
        "kafka.topics.prefix: must be 1 to 200 letters, digits, dots, hyphens and underscores",
    ),
    (
        {"kafka.topics.prefix": "x" * 201},
        "kafka.topics.prefix: must be 1 to 200 letters, digits, dots, hyphens and underscores",
    ),
    (
        {"kafka.topics.state": ".."},
        "kafka.topics.state: must be 1 to 249 letters, digits, dots, hyphens and underscores",
    ),
    (
        {"kafka.topics.audit": "genesys.state.v1"},
        "kafka.topics.audit: must be a topic of its own, which kafka.topics.state is not",
    ),
    (
        {"kafka.topics.conversations_flat": "genesys.conversations.v1"},
        "kafka.topics.conversations: must be a topic of its own, which kafka.topics.conversations_flat is not",
    ),
    ({"kafka.lanes": "0"}, "kafka.lanes: must be at least 1, not '0'"),
    ({"kafka.partitions.conversations": "0"}, "kafka.partitions.conversations: must be at least 1, not '0'"),
    ({"kafka.replication_factor": "1"}, "kafka.min_insync_replicas: must be at most kafka.replication_factor (1)"),
    ({"kafka.transaction.max_bytes": "1KiB"}, "kafka.transaction.max_bytes: must be at least 64KiB, not '1KiB'"),
    ({"kafka.transaction.max_records": "0"}, "kafka.transaction.max_records: must be at least 1, not '0'"),
    ({"kafka.transaction.max_wait": "1m"}, "kafka.transaction.max_wait: must be at most 20s, not '1m'"),
    (
        {"kafka.security.protocol": "TLS"},
        "kafka.security.protocol: must be 'PLAINTEXT', 'SSL', 'SASL_PLAINTEXT' or 'SASL_SSL', not 'TLS'",
    ),
    (
        {**SASL, "kafka.security.sasl_mechanism": "GSSAPI"},
        "kafka.security.sasl_mechanism: must be 'PLAIN', 'SCRAM-SHA-256' or 'SCRAM-SHA-512', not 'GSSAPI'",
    ),
    (
        {**SASL, "kafka.security.sasl_mechanism": ""},
        (
            "kafka.security.sasl_mechanism: is missing: set PRODUCER_KAFKA__SECURITY__SASL_MECHANISM, or "
            "sasl_mechanism below kafka.security in --config"
        ),
    ),
    (
        {**SASL, "kafka.security.username": ""},
        (
            "kafka.security.username: is missing: set PRODUCER_KAFKA__SECURITY__USERNAME, or username below "
            "kafka.security in --config"
        ),
    ),
    (
        {**SASL, "kafka.security.password": ""},
        (
            "kafka.security.password: is missing: set PRODUCER_KAFKA__SECURITY__PASSWORD, or a file "
            "kafka__security__password in PRODUCER_SECRETS_DIR"
        ),
    ),
    (
        {"kafka.security.username": "me"},
        "kafka.security.username: is of no use: kafka.security.protocol must be SASL_SSL or SASL_PLAINTEXT for it",
    ),
    ({**TLS, "kafka.security.ca_file": "/nowhere/ca.pem"}, "kafka.security.ca_file: there is no file /nowhere/ca.pem"),
    (
        {"kafka.security.ca_file": __file__},
        "kafka.security.ca_file: is of no use: kafka.security.protocol must be SSL or SASL_SSL for it",
    ),
    (
        {**TLS, "kafka.security.cert_file": __file__},
        "kafka.security.key_file: is missing: a certificate needs its key, and kafka.security.cert_file is set",
    ),
    (
        {**TLS, "kafka.security.key_file": __file__},
        "kafka.security.cert_file: is missing: a certificate needs its key, and kafka.security.key_file is set",
    ),
    ({"record.detail": "rows"}, "record.detail: must be 'full', 'summary' or 'flat', not 'rows'"),
    (
        {**HOOK, "webhook.secrets": ""},
        (
            "webhook.secrets: is missing: set PRODUCER_WEBHOOK__SECRETS, or a file webhook__secrets in "
            "PRODUCER_SECRETS_DIR"
        ),
    ),
    ({"webhook.secrets": KEY}, "webhook.secrets: is of no use without webhook.url"),
    (
        {**HOOK, "webhook.url": "http://127.0.0.1/t0ken"},
        "webhook.url: must begin with https://, unless webhook.allow_http is true",
    ),
    (
        {**HOOK, "webhook.url": "hooks.example/t0ken"},
        "webhook.url: must be an address with scheme and host, for example https://hooks.example/genesys",
    ),
    (
        {**HOOK, "webhook.url": "https://me:pass@hooks.example/"},
        "webhook.url: must not hold a user or a password: deliveries are signed, see webhook.secrets",
    ),
    (
        {**HOOK, "webhook.url": "https://hooks.example/**********"},
        "webhook.url: is a mask and not an address: `config show` hides what follows the host",
    ),
    ({**HOOK, "webhook.secrets": "plain"}, "webhook.secrets: must begin with whsec_"),
    (
        {**HOOK, "webhook.secrets": f"{KEY},{KEY},{KEY}"},
        "webhook.secrets: must be one secret, or two while they are changed, not 3",
    ),
    (
        {**HOOK, "webhook.secrets": "whsec_c2hvcnQ="},
        "webhook.secrets: must hold 24 to 64 bytes in base64 behind whsec_, not 5",
    ),
    (
        {"webhook.events": "query,everything"},
        "webhook.events: must be 'query', 'failure' or 'hole', not 'query,everything'",
    ),
    ({"webhook.allow_http": "perhaps"}, "webhook.allow_http: must be true or false, not 'perhaps'"),
    ({"webhook.timeout": "2m"}, "webhook.timeout: must be at most 1m, not '2m'"),
    ({"webhook.give_up_after": "8d"}, "webhook.give_up_after: must be at most 7d, not '8d'"),
    ({"admin.port": "65536"}, "admin.port: must be at most 65535, not '65536'"),
    ({"state.format": "2"}, "state.format: must be at most 1, not '2'"),
    ({"log.level": "INFO"}, "log.level: must be 'debug', 'info', 'warning' or 'error', not 'INFO'"),
    ({"log.format": "xml"}, "log.format: must be 'auto', 'console' or 'json', not 'xml'"),
    (
        {"dev.clock_origin": A_START, "dev.clock_epoch": "0"},
        ("dev.clock_origin: a virtual clock is refused unless genesys.api_url is an address of this machine itself"),
    ),
    (
        {**LOOPBACK, "dev.clock_origin": A_START},
        "dev.clock_epoch: is missing: it is needed together with dev.clock_origin",
    ),
    ({**LOOPBACK, "dev.clock_epoch": "0"}, "dev.clock_origin: is missing: it is needed together with dev.clock_epoch"),
    (
        {**LOOPBACK, "dev.clock_speed": "60"},
        "dev.clock_speed: is of no use without dev.clock_origin and dev.clock_epoch",
    ),
    ({**LOOPBACK, "dev.clock_speed": "0"}, "dev.clock_speed: must be more than 0, not '0'"),
    ({**LOOPBACK, "dev.clock_epoch": "inf"}, "dev.clock_epoch: must be a finite number, not 'inf'"),
    (
        {**LOOPBACK, "dev.clock_origin": "10:00"},
        "dev.clock_origin: must be an ISO 8601 instant, for example 2026-03-10T10:00:00Z",
    ),
]

UNKNOWN = {
    "PRODUCER_GENESYS__PAGESIZE": "no such variable; did you mean PRODUCER_GENESYS__PAGE_SIZE?",
    "PRODUCER_GENESYS_REGION": "no such variable; did you mean PRODUCER_GENESYS__REGION?",
    "PRODUCER_SECRET_DIR": "no such variable; did you mean PRODUCER_SECRETS_DIR?",
    "PRODUCER_LOG__level": "no such variable; did you mean PRODUCER_LOG__LEVEL?",
    "PRODUCER_FLUX__CAPACITOR": "no such variable; see `genesys-producer config schema`",
}


def variables(given: dict[str, str]) -> dict[str, str]:
    return {f"PRODUCER_{name.upper().replace('.', '__')}": value for name, value in given.items()}


def refusal(environ: dict[str, str], now: datetime | None = NOW) -> list[str]:
    with pytest.raises(SettingsRefused) as refused:
        load(environ=variables(GOOD) | environ, now=now)
    return [f"{problem.names[0]}: {problem.text}" for problem in refused.value.problems]


@pytest.mark.parametrize(("given", "message"), REFUSED)
def test_refused(given: dict[str, str], message: str) -> None:
    assert refusal(variables(given)) == [message]


@pytest.mark.parametrize(("variable", "text"), UNKNOWN.items())
def test_refused_as_unknown(variable: str, text: str) -> None:
    assert refusal({variable: "x"}) == [f"{variable}: {text}"]


def test_refused_is_a_virtual_clock_that_left_the_calendar() -> None:
    clock = {"dev.clock_origin": A_START, "dev.clock_epoch": "0", "dev.clock_speed": "1e5"}

    assert refusal(variables(LOOPBACK | clock), now=None) == [
        "dev.clock_epoch: puts product time out of the calendar: it is the unix time when the clock showed its origin"
    ]


def test_what_depends_on_a_refused_value_is_not_judged() -> None:
    given = {"capture.catch_up_slice": "soon", "capture.overlap": "2h"}

    assert refusal(variables(given)) == [
        "capture.catch_up_slice: must be a whole number with ms, s, m, h or d, for example 30s"
    ]
