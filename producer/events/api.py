"""What happens between us and the API: exchanges, tokens, limits, names, what is watched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from producer.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFinished(Event):
    """One HTTP exchange ended. `status` is None without an answer; `failure` names what happened then.

    `endpoint` is one of a bounded set (query, by_id, directory, token, organisation).
    """

    endpoint: str
    status: int | None
    took: timedelta
    request_id: str
    correlation_id: str | None = None
    code: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRetried(Event):
    """A request will be made again after `wait`. `reason` is bounded (429, 5xx, timeout, connection, body, 401)."""

    endpoint: str
    reason: str
    attempt: int
    wait: timedelta
    request_id: str
    message: str = ""
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitHit(Event):
    """A 429 arrived: all requests of the source wait. `learned` is the cap per minute from now on."""

    wait: timedelta
    learned: int
    request_id: str
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimiterMeasured(Event):
    """The state of the rate limiter, per minute: configured cap, learned cap (None: nothing learned), places in use."""

    cap: int
    learned: int | None
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefreshed(Event):
    """A token was fetched; `expires_at` is product time."""

    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefused(Event):
    """A token could not be had."""

    reason: str
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerChanged(Event):
    """The circuit breaker moved."""

    state: Literal["closed", "open", "half_open"]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSkewMeasured(Event):
    """The server's Date minus ours."""

    skew: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationUnverified(Event):
    """The settings name the organisation that the token must belong to, and the API does not tell which it is."""

    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesUnavailable(Event):
    """The names of one kind (queue, wrapup) can't be had; asked for again after `wait`. Records go out without them."""

    kind: str
    reason: str
    message: str
    what_to_do: str
    wait: timedelta
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesAvailable(Event):
    """Names of this kind are had again after `NamesUnavailable`."""

    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesMeasured(Event):
    """The directory: how many ids have a known name, how many the API does not know, how many wait to be asked for."""

    known: int
    unknown: int
    wanted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetShared(Event):
    """A kind of read is guaranteed this share of the budget, from 0 to 1."""

    read: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchMeasured(Event):
    """The watch list: how many conversations are on it, how many are open (those that the head still sees included),
    and for how long the oldest due one has waited (product time; zero when none is due).
    """

    watched: int
    open: int
    lateness: timedelta
