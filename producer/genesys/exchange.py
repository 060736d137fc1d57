"""One exchange with the API as values: what is sent, what came back, and why nothing did."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from producer import errors
from producer.model.reads import ReadKind

READ_PERMISSION = "analytics:conversationDetail:view"
"""What reading conversations takes."""


class Endpoint(enum.Enum):
    """The bounded set of things that are asked for; also a metric label."""

    QUERY = "query"
    BY_ID = "by_id"
    TOKEN = "token"  # noqa: S105 - the name of an endpoint
    ORGANISATION = "organisation"
    DIRECTORY = "directory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent, and for what kind of read. `url` is complete and encoded; headers hold secrets: not in the repr.

    `permission` is what the client needs for it.
    """

    endpoint: Endpoint
    method: str
    url: str
    request_id: str
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    read: ReadKind = ReadKind.HEAD
    permission: str = READ_PERMISSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whole. Names of headers are in lower case; `body` is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def correlation_id(self) -> str | None:
        """The vendor's id of the exchange, which its support asks for."""
        return self.headers.get("inin-correlation-id")


def served_at(headers: Mapping[str, str]) -> datetime | None:
    """The server's clock as its Date tells it, in whole seconds; None where it is absent or no instant."""
    return _instant(headers.get("date", ""))


@lru_cache(maxsize=16)  # many answers come in one second, and reading a date costs as much as a conversation
def _instant(date: str) -> datetime | None:
    try:
        told = parsedate_to_datetime(date)
        return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


class Failure(enum.Enum):
    """Why there is no usable answer; also the reason of a retry."""

    TIMEOUT = "timeout"
    CONNECTION = "connection"
    BODY = "body"
    TOO_LARGE = "too_large"


class NoAnswer(errors.SourceUnavailable):
    """No whole answer came back. Only the transport raises it, only the client sees it."""

    def __init__(self, failure: Failure, message: str) -> None:
        super().__init__(message, code=failure.value)
        self.failure = failure
