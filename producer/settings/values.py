"""How single values are written in settings: spans, sizes, instants, addresses, lists.

Every form is text, since the environment knows nothing else, and the same text means the same in YAML. Each type also
takes the finished Python value, so that code and tests can build settings directly.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

from producer.model.regions import domain_of

SPAN_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
SIZE_UNITS = {"GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10}

_SPAN = re.compile(r"(\d{1,8})(ms|s|m|h|d)")
_PLAIN = re.compile(r"[!-\[\]-~]+")  # without blanks and backslashes, which clients read in different ways
_SIZE = re.compile(r"(\d{1,15})(KiB|MiB|GiB)?")


def parse_span(value: object) -> object:
    """`30s`, `15m`, `2h`, `8d`, `500ms` as a timedelta. Raises ValueError on any other text."""
    if not isinstance(value, str):
        return value
    if not (match := _SPAN.fullmatch(value)):
        raise ValueError("must be a whole number with ms, s, m, h or d, for example 30s")
    return int(match[1]) * SPAN_UNITS[match[2]]


def span_text(span: timedelta) -> str:
    """A span in the largest unit that holds it whole; what is finer than a millisecond is dropped."""
    for unit, length in SPAN_UNITS.items():
        if span and not span % length:
            return f"{span // length}{unit}"
    return f"{span // SPAN_UNITS['ms']}ms" if span else "0s"


def parse_size(value: object) -> object:
    """Bytes, or `512KiB`, `8MiB`, `1GiB`, as a number of bytes. Raises ValueError on any other text."""
    if not isinstance(value, str):
        return value
    if not (match := _SIZE.fullmatch(value)):
        raise ValueError("must be a number of bytes, or of KiB, MiB or GiB, for example 8MiB")
    return int(match[1]) * SIZE_UNITS.get(match[2], 1)


def size_text(size: int) -> str:
    """A size in the largest unit that holds it whole, else in bytes."""
    for unit, length in SIZE_UNITS.items():
        if size and not size % length:
            return f"{size // length}{unit}"
    return str(size)


def parse_instant(value: object) -> object:
    """An ISO 8601 instant with an offset, as an aware datetime in UTC. Raises ValueError on any other text."""
    example = "for example 2026-03-10T10:00:00Z"
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"must be an ISO 8601 instant, {example}") from None
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise ValueError(f"must say its offset from UTC, {example}")
        return value.astimezone(UTC)
    return value


def instant_text(instant: datetime) -> str:
    """An instant as `2026-03-10T10:00:00Z`."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_start(value: object) -> object:
    """`now` as None, else an instant. Raises ValueError on any other text."""
    return None if value == "now" else parse_instant(value)


def start_text(start: datetime | None) -> str:
    """The beginning of capture as it is written: `now` or an instant."""
    return "now" if start is None else instant_text(start)


def parse_list(value: object) -> object:
    """Text with commas as a list, since the environment has no lists."""
    return [item.strip() for item in value.split(",")] if isinstance(value, str) else value


def is_loopback(url: str) -> bool:
    """Whether the host of an address is this machine itself."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_url(url: str) -> str:
    """An address without its trailing slash. Raises ValueError when requests can't or must not be sent to it.

    The messages never repeat the address: it may hold a password.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and _PLAIN.fullmatch(url)
    except ValueError:
        parts, usable = None, False
    if not parts or not usable:
        raise ValueError("must be an address with scheme and host, for example https://api.mypurecloud.ie")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user or a password: use genesys.client_id and genesys.client_secret")
    if parts.query or parts.fragment:
        raise ValueError("must end with its host or path, without ? and #")
    if parts.scheme == "http" and not is_loopback(url):
        raise ValueError("must begin with https://, since credentials travel on it (http only to this machine itself)")
    return url.rstrip("/")


def check_server(server: str) -> str:
    """`host:port` as it is. Raises ValueError on anything else."""
    host, _, port = server.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    whole = bool(re.fullmatch(r"[A-Za-z0-9._-]+", host)) or bracketed
    if not whole or not port.isascii() or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise ValueError(
            "must be host:port, several divided by commas, for example broker-1.example:9092,broker-2.example:9092"
        )
    return server


def _check_name(longest: int) -> AfterValidator:
    """Text that Kafka takes as a name, or as the beginning of one."""

    def check(name: str) -> str:
        if not re.fullmatch(rf"[A-Za-z0-9._-]{{1,{longest}}}", name) or name in {".", ".."}:
            raise ValueError(f"must be 1 to {longest} letters, digits, dots, hyphens and underscores")
        return name

    return AfterValidator(check)


def check_region(region: str) -> str:
    """A region as it is. Raises ValueError on what is none, and on an address, which has settings of its own."""
    if "/" in region or ":" in region:
        raise ValueError(
            "must be a region's name, AWS id or domain, for example mypurecloud.ie; "
            "addresses belong in genesys.api_url and genesys.login_url"
        )
    domain_of(region)
    return region


def _schema(example: str, pattern: str) -> Any:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


Span = Annotated[
    timedelta, BeforeValidator(parse_span), PlainSerializer(span_text), _schema("30s", r"^\d{1,8}(ms|s|m|h|d)$")
]
"""A length of time."""

ByteSize = Annotated[
    int,
    BeforeValidator(parse_size),
    PlainSerializer(size_text),
    WithJsonSchema({"type": ["integer", "string"], "pattern": r"^\d{1,15}(KiB|MiB|GiB)?$", "examples": ["8MiB"]}),
]
"""A number of bytes."""

Instant = Annotated[
    datetime, BeforeValidator(parse_instant), PlainSerializer(instant_text), _schema("2026-03-10T10:00:00Z", r"^\d{4}-")
]
"""A point in time, UTC."""

CaptureStart = Annotated[
    datetime | None, BeforeValidator(parse_start), PlainSerializer(start_text), _schema("now", r"^(now|\d{4}-.*)$")
]
"""Where capture begins: an instant, or None for the moment of the first start."""

Url = Annotated[str, AfterValidator(check_url), _schema("https://api.mypurecloud.ie", "^https?://")]
"""An address that requests go to."""

Server = Annotated[str, AfterValidator(check_server)]
"""One broker as host:port."""

Region = Annotated[str, AfterValidator(check_region)]
"""A region of Genesys Cloud by name, AWS id or domain."""

ApplicationId = Annotated[str, _check_name(300)]
"""The identity of an installation on its cluster."""

TopicName = Annotated[str, _check_name(249)]
"""The name of a topic of Kafka."""

TopicPrefix = Annotated[str, _check_name(200)]
"""What names of topics begin with."""
