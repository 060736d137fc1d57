"""What an error answer says of itself, whatever it is: the platform's body, OAuth's, HTML, or nothing at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from producer.genesys.exchange import Answer
from producer.model.instants import retry_after

_SECONDS_IN_MESSAGE = re.compile(r"\[(\d{1,6})\] seconds")
_LONGEST_MESSAGE = 500
_LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """An error in the server's words. `code` is empty when it gave none."""

    status: int
    code: str = ""
    message: str = ""
    correlation_id: str | None = None

    def __str__(self) -> str:
        return " ".join(part for part in (str(self.status), self.code, self.message) if part)


def complaint_of(answer: Answer) -> Complaint:
    """Read an error answer; anything unreadable is described by its kind and size, never quoted."""
    body = json_object(answer.body)
    if body is None:
        kind = answer.headers.get("content-type", "no type").split(";")[0]
        message = f"a body that is no error of the API ({kind}, {len(answer.body)} bytes)" if answer.body else "no body"
        return Complaint(status=answer.status, message=message, correlation_id=answer.correlation_id)
    return Complaint(
        status=answer.status,
        code=_text(body.get("code")) or _text(body.get("error")),
        message=_text(body.get("message")) or _text(body.get("error_description")) or _text(body.get("description")),
        correlation_id=answer.correlation_id or _text(body.get("contextId")) or None,
    )


def asked_to_wait(answer: Answer, complaint: Complaint, now: datetime) -> timedelta | None:
    """How long the server asks us to wait: Retry-After in seconds or as a date, else the number in a 429's message.

    None when it does not say; never more than an hour, for a server may send anything.
    """
    wait = retry_after(answer.headers.get("retry-after", ""), now)
    found = _SECONDS_IN_MESSAGE.search(complaint.message)
    if wait is None and found and answer.status == 429:  # noqa: PLR2004 - the status is its own name
        wait = timedelta(seconds=int(found[1]))
    return None if wait is None else min(max(wait, timedelta(0)), _LONGEST_WAIT)


def json_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object that a small answer holds; None when it is none, whatever it is instead."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(value: Any) -> str:
    return value[:_LONGEST_MESSAGE] if isinstance(value, str) else ""
