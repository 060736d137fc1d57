"""What settings must be to one another: the rules that no single value can break.

Pure: each rule takes the settings and yields problems. A rule whose settings are already refused says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Literal

from producer.settings.model import Settings
from producer.settings.problems import Problem, missing
from producer.settings.values import instant_text, is_loopback, span_text
from producer.webhook.options import check_receiver

Need = Literal["genesys", "kafka"]
"""What a command talks to, and so what must be said of it."""

_FEWEST_REQUESTS = 12  # the limiter spaces requests over twelve parts of a minute
_MOST_SHARED = 0.75
_PLATFORM_PAGE = 200


def problems_between(settings: Settings, *, needs: tuple[Need, ...], now: datetime | None) -> Iterator[Problem]:
    """All problems between settings. `needs` says what the command talks to; `now` is product time,
    None when the virtual clock has left the calendar.
    """
    if "genesys" in needs:
        yield from _credentials(settings)
        yield from _realm(settings)
    if "kafka" in needs and not settings.kafka.bootstrap_servers:
        yield Problem(names=("kafka.bootstrap_servers",), text=missing("kafka.bootstrap_servers"))
    yield from _addresses(settings, needed="genesys" in needs)
    for rule in _RULES:
        yield from rule(settings)
    if now is None:
        yield Problem(
            names=("dev.clock_epoch", "dev.clock_origin", "dev.clock_speed"),
            text="puts product time out of the calendar: it is the unix time when the clock showed its origin",
        )
    elif settings.capture.start and settings.capture.start > now:
        yield Problem(
            names=("capture.start",), text=f"must not be in the future: it is {instant_text(now)}; `now` begins now"
        )


def _credentials(settings: Settings) -> Iterator[Problem]:
    for name, value in (
        ("genesys.client_id", settings.genesys.client_id),
        ("genesys.client_secret", settings.genesys.client_secret),
    ):
        if not value:
            yield Problem(names=(name,), text=missing(name))


def _realm(settings: Settings) -> Iterator[Problem]:
    if settings.genesys.dialect == "token" and not settings.genesys.realm_id:
        yield Problem(names=("genesys.realm_id", "genesys.dialect"), text=missing("genesys.realm_id"))


def _page_size(settings: Settings) -> Iterator[Problem]:
    genesys = settings.genesys
    if genesys.dialect == "platform" and genesys.page_size > _PLATFORM_PAGE:
        yield Problem(
            names=("genesys.page_size", "genesys.dialect"),
            text=f"must be at most {_PLATFORM_PAGE}, unless genesys.dialect is token",
        )


def _addresses(settings: Settings, *, needed: bool) -> Iterator[Problem]:
    genesys = settings.genesys
    names = ("genesys.region", "genesys.api_url", "genesys.login_url")
    addresses = [name for name, url in zip(names[1:], (genesys.api_url, genesys.login_url), strict=True) if url]
    if genesys.region and addresses:
        yield Problem(names=names, text=f"must not be set together with {' and '.join(addresses)}: remove one of them")
    elif genesys.dialect == "token" and genesys.login_url:
        yield Problem(
            names=("genesys.login_url", "genesys.dialect"),
            text="is of no use: in the token dialect tokens are had at genesys.api_url",
        )
    elif genesys.dialect == "platform" and len(addresses) == 1:
        absent = "genesys.login_url" if addresses == ["genesys.api_url"] else "genesys.api_url"
        yield Problem(names=(absent, *names), text=f"is missing: it is needed together with {addresses[0]}")
    elif needed and not genesys.region and not addresses:
        yield Problem(
            names=names,
            text=f"{missing('genesys.region')}, or set both genesys.api_url and genesys.login_url",
        )


def _capture(settings: Settings) -> Iterator[Problem]:
    capture = settings.capture
    if not capture.overlap < capture.catch_up_slice:
        yield Problem(
            names=("capture.overlap", "capture.catch_up_slice"),
            text=f"must be shorter than capture.catch_up_slice ({span_text(capture.catch_up_slice)})",
        )
    if list(capture.rereads) != sorted(set(capture.rereads)):
        yield Problem(names=("capture.rereads",), text="must rise, each age once")
    elif not capture.head_lag < capture.rereads[0]:
        yield Problem(
            names=("capture.rereads", "capture.head_lag"),
            text=f"must begin with an age above capture.head_lag ({span_text(capture.head_lag)})",
        )


def _limits(settings: Settings) -> Iterator[Problem]:
    left = settings.limits.requests_per_minute * (1 - settings.limits.headroom)
    if left < _FEWEST_REQUESTS:
        yield Problem(
            names=("limits.requests_per_minute", "limits.headroom"),
            text=f"must leave at least {_FEWEST_REQUESTS} requests a minute after limits.headroom, not {left:.3g}",
        )
    shares = settings.limits.shares
    if shares.watch + shares.reread + shares.backfill > _MOST_SHARED:
        yield Problem(
            names=("limits.shares.watch", "limits.shares.reread", "limits.shares.backfill"),
            text=f"must leave the head at least {1 - _MOST_SHARED:g} of the budget: together at most {_MOST_SHARED:g}",
        )


def _security(settings: Settings) -> Iterator[Problem]:
    security = settings.kafka.security
    sasl = {
        "kafka.security.sasl_mechanism": security.sasl_mechanism,
        "kafka.security.username": security.username,
        "kafka.security.password": security.password,
    }
    for name, value in sasl.items():
        if security.protocol.startswith("SASL_") and not value:
            yield Problem(names=(name, "kafka.security.protocol"), text=missing(name))
        if value and not security.protocol.startswith("SASL_"):
            yield Problem(
                names=(name, "kafka.security.protocol"),
                text="is of no use: kafka.security.protocol must be SASL_SSL or SASL_PLAINTEXT for it",
            )


def _certificates(settings: Settings) -> Iterator[Problem]:
    security = settings.kafka.security
    files = {
        "kafka.security.ca_file": security.ca_file,
        "kafka.security.cert_file": security.cert_file,
        "kafka.security.key_file": security.key_file,
    }
    for name, file in files.items():
        if file and not security.protocol.endswith("SSL"):
            yield Problem(
                names=(name, "kafka.security.protocol"),
                text="is of no use: kafka.security.protocol must be SSL or SASL_SSL for it",
            )
        if file and not file.is_file():
            yield Problem(names=(name,), text=f"there is no file {file}")
    if bool(security.cert_file) != bool(security.key_file):
        absent, present = ("key_file", "cert_file") if security.cert_file else ("cert_file", "key_file")
        yield Problem(
            names=(f"kafka.security.{absent}", f"kafka.security.{present}"),
            text=f"is missing: a certificate needs its key, and kafka.security.{present} is set",
        )


def _topics(settings: Settings) -> Iterator[Problem]:
    names = settings.kafka.topics.model_dump(exclude={"prefix"})
    topics = {f"kafka.topics.{purpose}": name for purpose, name in names.items()}
    for name, uses in Counter(topics.values()).items():
        if uses > 1:
            users = tuple(setting for setting, used in topics.items() if used == name)
            yield Problem(names=users, text=f"must be a topic of its own, which {' and '.join(users[1:])} is not")
    if settings.kafka.min_insync_replicas > settings.kafka.replication_factor:
        yield Problem(
            names=("kafka.min_insync_replicas", "kafka.replication_factor"),
            text=f"must be at most kafka.replication_factor ({settings.kafka.replication_factor})",
        )


def _webhook(settings: Settings) -> Iterator[Problem]:
    webhook = settings.webhook
    names = ("webhook.url", "webhook.secrets", "webhook.allow_http")
    if webhook.url and not webhook.secrets:
        yield Problem(names=names[1::-1], text=missing(names[1]))
    if webhook.secrets and not webhook.url:
        yield Problem(names=names[1::-1], text=f"is of no use without {names[0]}")
    if webhook.url:
        try:
            check_receiver(webhook.url(), allow_http=webhook.allow_http)
        except ValueError as refused:
            yield Problem(names=names[::2], text=str(refused))


def _virtual_clock(settings: Settings) -> Iterator[Problem]:
    dev = settings.dev
    names = ("dev.clock_origin", "dev.clock_epoch", "dev.clock_speed")
    if (dev.clock_origin is None) != (dev.clock_epoch is None):
        absent, present = names[:2] if dev.clock_origin is None else (names[1], names[0])
        yield Problem(names=(absent, present), text=f"is missing: it is needed together with {present}")
    elif dev.clock_origin is None and dev.clock_speed != 1:
        yield Problem(names=("dev.clock_speed", *names), text=f"is of no use without {names[0]} and {names[1]}")
    api_url = settings.genesys.api_url
    if dev.clock_origin is not None and not (api_url and is_loopback(api_url)):
        yield Problem(
            names=("dev.clock_origin", "genesys.api_url", "genesys.region"),
            text="a virtual clock is refused unless genesys.api_url is an address of this machine itself",
        )


_RULES: tuple[Callable[[Settings], Iterator[Problem]], ...] = (
    _page_size,
    _capture,
    _limits,
    _security,
    _certificates,
    _topics,
    _webhook,
    _virtual_clock,
)
