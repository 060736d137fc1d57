"""Refusals of the platform: status, code and message of an error body, with the texts that are known to be real."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final


class Refused(Exception):
    """The request is answered with an error body of the platform."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def body(self, correlation_id: str, /) -> dict[str, Any]:
        """The JSON body; `contextId` is the answer's correlation id."""
        return {
            "message": self.message,
            "code": self.code,
            "status": self.status,
            "contextId": correlation_id,
            "details": [],
            "errors": [],
        }


LONGEST = 7
LONGEST_FILTERED = 31
"""Days of an interval, without and with a filter."""
PAGINATION_CAP: Final = (
    "Pagination may not exceed 100000 results.\n\nTip: When extracting large chunks of data (multiple days/weeks), "
    "maximize pagination performance by querying in smaller intervals. For example, paging through 1am-2am, "
    "then 2am-3am, then 3am-4am, and so forth will outperform paging through one large interval that covers the same "
    "time frame."
)


def bad_request(message: str) -> Refused:
    """400 with a message."""
    return Refused(400, "bad.request", message)


def invalid_value(value: object, kind: str, allowed: list[str]) -> Refused:
    """400 for a word outside its enumeration."""
    text = f"Value [{value}] is not valid for field type [{kind}]. Allowable values are: {', '.join(allowed)}"
    return Refused(400, "invalid.value", text)


def interval_too_long(days: int) -> Refused:
    """400 for an interval over 7 days, or over 31 with a filter; the full stop is the platform's."""
    stop = "." if days == LONGEST_FILTERED else ""
    return bad_request(
        f"You must specify a search interval as part of your query that does not exceed {days} days{stop}"
    )


def too_large() -> Refused:
    """400 when the answer would be too large."""
    return Refused(
        400,
        "response.entity.too.large",
        "The response is over the size limit. Reduce pageSize or expand list to reduce response size if applicable",
    )


def request_too_large(limit: int) -> Refused:
    """413."""
    return Refused(413, "request.entity.too.large", f"The request is over the size limit. Maximum bytes: {limit}")


def no_token() -> Refused:
    """401 without a bearer token."""
    return Refused(401, "authentication.required", "No authentication bearer token specified in authorization header.")


def bad_token() -> Refused:
    """401 with a token that is unknown or was revoked."""
    return Refused(401, "bad.credentials", "Invalid login credentials.")


def expired_token() -> Refused:
    """401 with a token past its time."""
    return Refused(401, "credentials.expired", "The supplied credentials are expired and cannot be used.")


def ip_not_authorized() -> Refused:
    """401 for an address outside the organisation's allow list."""
    return Refused(401, "ip.not.authorized", "The IP address of this request is not authorized for this organization.")


_PERMISSIONS: Final = {
    "/routing/queues": "routing:queue:view",
    "/routing/wrapupcodes": "routing:wrapupCode:view",
    "/users": "directory:user:view",
    "/authorization/divisions": "authorization:division:view",
}


def missing_permission(path: str = "") -> Refused:
    """403 for a client whose roles don't allow what this path gives, conversation details unless it is another."""
    details = "analytics:conversationDetail:view, analytics:agentConversationDetail:view"
    needed = next((needed for part, needed in _PERMISSIONS.items() if path.endswith(part)), details)
    return Refused(
        403,
        "missing.any.permissions",
        "Unable to perform the requested action. You must have at least one of the following permissions assigned: "
        f"[{needed}]",
    )


def not_found(what: str) -> Refused:
    """404."""
    return Refused(404, "not.found", f"The requested resource was not found: {what}")


def rate_limited(seconds: int) -> Refused:
    """429 as it is since November 2021."""
    return Refused(
        429,
        "too.many.requests.retry.after",
        f"Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds",
        {"Retry-After": str(seconds)},
    )


def rate_limited_bare(limit: int) -> Refused:
    """429 as it was before, without `Retry-After`."""
    return Refused(429, "too.many.requests", f"Rate limit exceeded the maximum [{limit}] requests within [60] seconds")


def server_error() -> Refused:
    """500."""
    return Refused(
        500,
        "internal.server.error",
        "The server encountered an unexpected condition which prevented it from fulfilling the request.",
    )


def timed_out() -> Refused:
    """504."""
    return Refused(504, "request.timeout", "The request timed out.")
