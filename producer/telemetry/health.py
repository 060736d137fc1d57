"""Is the process alive, and is it ready: for Kubernetes, and for a person who asks why nothing arrives.

Alive means that the event loop turns, nothing else: a restart cures neither Kafka nor Genesys Cloud. Ready means that
reads can be made and committed; each reason against it says since when and what to do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from producer import errors, events

STALE_AFTER = 30.0
"""Seconds of real time without a heartbeat after which the event loop counts as stuck."""

_CREDENTIALS = frozenset(
    kind.__name__
    for kind in (
        errors.CredentialsRefused,
        errors.PermissionMissing,
        errors.AddressNotAllowed,
        errors.WrongOrganisation,
    )
)
_TOKEN_REFUSED = "token_refused"  # noqa: S105  # the name of a cause
_CURED_BY_A_TOKEN = frozenset({_TOKEN_REFUSED, errors.CredentialsRefused.__name__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why the process is not ready. `reason` is one of a bounded set: it labels the metric `not_ready`."""

    reason: str
    message: str
    what_to_do: str
    since: datetime
    source: str = ""


@dataclass(frozen=True, slots=True)
class _Cause:
    reason: Reason
    error: str = ""


class Health:
    """Follows the events. `observe` is an Observer; `now` is product time, `monotonic` real seconds."""

    def __init__(self, *, now: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._monotonic = monotonic
        self._heartbeat = monotonic()
        self._causes: dict[tuple[str, str], _Cause] = {}
        self._followed: Mapping[type[events.Event], Callable[[Any], None]] = {
            events.LoopLagMeasured: self._loop_lag_measured,
            events.StopRequested: self._stop_requested,
            events.TokenRefused: self._token_refused,
            events.TokenRefreshed: self._token_refreshed,
            events.SourceBlocked: self._source_blocked,
            events.SourceRecovered: self._source_recovered,
            events.BreakerChanged: self._breaker_changed,
            events.SinkBlocked: self._sink_blocked,
            events.CommitDelayed: self._commit_delayed,
            events.BatchCommitted: self._batch_committed,
            events.BatchDiscarded: self._batch_discarded,
            events.LaneFenced: self._lane_fenced,
            events.LaneRestored: self._lane_restored,
        }
        self._block("", "restoring", "the state of the lane is not restored yet", "wait; a line `lane_restored` tells")

    def observe(self, event: events.Event) -> None:
        """Follow one event; those that say nothing of health are passed over."""
        follow = self._followed.get(type(event))
        if follow is not None:
            follow(event)

    def reasons(self) -> tuple[Reason, ...]:
        """Why the process is not ready, oldest first; empty when it is."""
        return tuple(sorted((cause.reason for cause in self._causes.values()), key=lambda reason: reason.since))

    def live(self) -> bool:
        """Whether the event loop turns."""
        return self._monotonic() - self._heartbeat < STALE_AFTER

    def _block(self, source: str, reason: str, message: str, what_to_do: str, error: str = "") -> None:
        """Note a cause; one that lasts keeps its beginning and takes the newest words."""
        known = self._causes.get((source, reason))
        since = known.reason.since if known else self._now()
        told = Reason(reason=reason, message=message, what_to_do=what_to_do, since=since, source=source)
        self._causes[(source, reason)] = _Cause(told, error)

    def _clear(self, source: str, *reasons: str) -> None:
        for reason in reasons:
            self._causes.pop((source, reason), None)

    def _loop_lag_measured(self, _event: events.LoopLagMeasured) -> None:
        self._heartbeat = self._monotonic()

    def _stop_requested(self, event: events.StopRequested) -> None:
        self._block("", "stopping", f"{event.signal} asked for a stop", "nothing: the process ends by itself")

    def _token_refused(self, event: events.TokenRefused) -> None:
        cure = errors.CredentialsRefused.what_to_do
        message = f"no access token could be had: {event.reason}"
        self._block(event.source, "credentials", message, cure, _TOKEN_REFUSED)

    def _token_refreshed(self, event: events.TokenRefreshed) -> None:
        cause = self._causes.get((event.source, "credentials"))
        if cause and cause.error in _CURED_BY_A_TOKEN:
            self._clear(event.source, "credentials")

    def _source_blocked(self, event: events.SourceBlocked) -> None:
        if event.reason == errors.RateLimited.__name__:  # a wait that was asked for is the ordinary way of working
            return
        reason = "credentials" if event.reason in _CREDENTIALS else "source"
        self._block(event.source, reason, event.message, event.what_to_do, event.reason)

    def _source_recovered(self, event: events.SourceRecovered) -> None:
        self._clear(event.source, "credentials", "source")

    def _breaker_changed(self, event: events.BreakerChanged) -> None:
        if event.state == "closed":
            self._clear(event.source, "breaker")
            return
        message = f"the breaker is {event.state.replace('_', ' ')}: {event.reason or 'Genesys Cloud fails'}"
        self._block(event.source, "breaker", message, errors.SourceUnavailable.what_to_do)

    def _sink_blocked(self, event: events.SinkBlocked) -> None:
        if event.reason == errors.Fenced.__name__:  # LaneFenced says it better
            return
        self._block("", "broker", event.message, event.what_to_do, event.reason)

    def _commit_delayed(self, event: events.CommitDelayed) -> None:
        message = f"Kafka has not taken a transaction for {event.waited.total_seconds():.0f} s"
        self._block("", "broker", message, errors.SinkUnavailable.what_to_do)

    def _batch_committed(self, _event: events.BatchCommitted) -> None:
        self._clear("", "broker")

    def _batch_discarded(self, event: events.BatchDiscarded) -> None:
        message = f"the lane starts again from what was committed: {event.message}"
        self._block("", "restoring", message, event.what_to_do, event.reason)

    def _lane_fenced(self, event: events.LaneFenced) -> None:
        self._block("", "fenced", event.message, errors.Fenced.what_to_do)

    def _lane_restored(self, _event: events.LaneRestored) -> None:
        self._clear("", "restoring", "broker", "fenced")
