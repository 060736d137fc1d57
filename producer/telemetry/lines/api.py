"""What the log says of requests to the API, the token, the limits. Pure."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta

from producer import errors, events
from producer.model.instants import iso_millis
from producer.telemetry.lines.form import Describe, Line, present, seconds

_SKEWED = timedelta(seconds=30)


def _request_finished(event: events.RequestFinished) -> Line:
    outcome = event.failure or f"status {event.status}"
    return Line(
        level=logging.DEBUG,
        message=f"{event.endpoint} request: {outcome} after {seconds(event.took)}",
        fields=present(request_id=event.request_id, code=event.code, correlation_id=event.correlation_id),
    )


def _request_retried(event: events.RequestRetried) -> Line:
    expected = event.reason in {"429", "401"}  # RateLimitHit and TokenRefreshed tell of these
    because = f": {event.message}" if event.message else ""
    return Line(
        level=logging.DEBUG if expected else logging.WARNING,
        message=f"{event.endpoint} request failed ({event.reason}){because}; attempt {event.attempt + 1} follows",
        fields={
            "request_id": event.request_id,
            "wait_seconds": event.wait.total_seconds(),
            **present(correlation_id=event.correlation_id),
        },
        what_to_do=errors.SourceUnavailable.what_to_do,
        same_as=f"{event.endpoint} {event.reason}",
    )


def _rate_limit_hit(event: events.RateLimitHit) -> Line:
    return Line(
        level=logging.WARNING,
        message=f"Genesys Cloud asked us to slow down (429): all requests of the source wait {seconds(event.wait)}, "
        f"then at most {event.learned} a minute",
        fields={
            "request_id": event.request_id,
            "wait_seconds": event.wait.total_seconds(),
            "learned": event.learned,
            **present(correlation_id=event.correlation_id),
        },
        what_to_do=errors.RateLimited.what_to_do,
        same_as="429",
    )


def _token_refreshed(event: events.TokenRefreshed) -> Line:
    return Line(level=logging.INFO, message=f"a new access token is valid until {iso_millis(event.expires_at)}")


def _token_refused(event: events.TokenRefused) -> Line:
    return Line(
        level=logging.WARNING,
        message=f"no access token could be had: {event.reason}",
        fields=present(correlation_id=event.correlation_id),
        what_to_do=errors.CredentialsRefused.what_to_do,
    )


def _breaker_changed(event: events.BreakerChanged) -> Line:
    if event.state == "open":
        return Line(
            level=logging.WARNING,
            message=f"the breaker opened: Genesys Cloud fails again and again ({event.reason}); reads wait",
            what_to_do=errors.SourceUnavailable.what_to_do,
        )
    told = {"closed": "the breaker closed: reads go on", "half_open": "the breaker tries one request"}
    return Line(level=logging.INFO, message=told[event.state])


def _clock_skew_measured(event: events.ClockSkewMeasured) -> Line | None:
    if abs(event.skew) < _SKEWED:
        return None
    ahead = "behind" if event.skew > timedelta(0) else "ahead of"
    return Line(
        level=logging.WARNING,
        message=f"the clock of this machine is {seconds(abs(event.skew))} {ahead} that of Genesys Cloud",
        what_to_do="synchronise this machine's clock (NTP); until then windows are cut at the wrong instants",
        same_as="skew",
    )


def _organisation_unverified(event: events.OrganisationUnverified) -> Line:
    return Line(
        level=logging.WARNING,
        message=f"whether the token belongs to organisation {event.expected} can't be verified: the API does not tell",
        what_to_do="allow the OAuth client to read /api/v2/tokens/me, or leave genesys.realm_id unset",
    )


def _names_unavailable(event: events.NamesUnavailable) -> Line:
    return Line(
        level=logging.WARNING,
        message=f"names can't be looked up ({event.kind}, {event.reason}): {event.message}; records go out without "
        f"them, and once more when they are known; tried again in {seconds(event.wait)}",
        fields={
            "kind": event.kind,
            "error": event.reason,
            "wait_seconds": event.wait.total_seconds(),
            **present(correlation_id=event.correlation_id),
        },
        what_to_do=f"{event.what_to_do}; or do without them: genesys.directory.kinds",
        same_as=f"{event.kind} {event.reason}",
    )


def _names_available(event: events.NamesAvailable) -> Line:
    return Line(level=logging.INFO, message=f"names can be looked up again ({event.kind})", fields={"kind": event.kind})


LINES: Mapping[type[events.Event], Describe] = {
    events.OrganisationUnverified: _organisation_unverified,
    events.NamesUnavailable: _names_unavailable,
    events.NamesAvailable: _names_available,
    events.RequestFinished: _request_finished,
    events.RequestRetried: _request_retried,
    events.RateLimitHit: _rate_limit_hit,
    events.TokenRefreshed: _token_refreshed,
    events.TokenRefused: _token_refused,
    events.BreakerChanged: _breaker_changed,
    events.ClockSkewMeasured: _clock_skew_measured,
}
