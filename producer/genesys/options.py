"""What the client may be told: frozen values that the settings fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from producer import errors
from producer.genesys.breaker import BreakerPolicy
from producer.genesys.limiter import LimiterPolicy
from producer.model.reads import ReadKind

RESULT_CAP = 100_000
"""`pageNumber x pageSize` beyond which the API answers 400 (reference 2.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An OAuth client. `secret` is asked at every token request, so that a secret rotated on disk is read again."""

    client_id: str
    secret: Callable[[], str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """How requests are made and windows are read. `timeout` is real time for one attempt, `token_margin` product time.

    `hit_bound` is how many hits one read may carry before its window is split; `max_response_bytes` counts after
    decompression; `prefetch_bytes` bounds the bodies that wait for their consumer, for all reads together. `shares` are
    the guaranteed parts of the budget by kind of read.
    """

    page_size: int = 100
    timeout: timedelta = timedelta(seconds=30)
    retries: int = 3
    concurrency: int = 8
    hit_bound: int = 10_000
    max_response_bytes: int = 32 * 1024 * 1024
    prefetch_bytes: int = 64 * 1024 * 1024
    window_floor: timedelta = timedelta(minutes=1)
    token_margin: timedelta = timedelta(seconds=60)
    user_agent: str = "genesys-producer"
    limiter: LimiterPolicy = field(default_factory=LimiterPolicy)
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    shares: Mapping[ReadKind, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("page_size", "concurrency", "hit_bound", "max_response_bytes", "prefetch_bytes"):
            if getattr(self, name) < 1:
                raise errors.ConfigurationError(f"{name} must be at least 1")
        if self.retries < 0:
            raise errors.ConfigurationError("retries must not be negative")
        if self.timeout <= timedelta(0):
            raise errors.ConfigurationError("timeout must be positive")
        if self.hit_bound > RESULT_CAP:
            raise errors.ConfigurationError(f"hit_bound must be at most {RESULT_CAP}, the API's own cap")
