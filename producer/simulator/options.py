"""Everything one can ask of the simulated organisation, in one frozen value with defaults that suit a test."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from producer.simulator.faults import Fault

_HIGHEST_RATE = 1_000_000
_MOST_QUEUES = 100_000
FASTEST = 100_000
"""Times real time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """How the organisation behaves. The same seed and the same clock settings give the same truth.

    Spans of the organisation (delays, token lifetime, the limit's minute, `Retry-After`) run on its own clock; spans of
    the wire (`latency`, the seconds of a fault) are real time.
    """

    host: str = "127.0.0.1"
    port: int = 0
    """0 picks a free port."""
    client_id: str = "simulator"
    client_secret: str = field(default="simulator-secret", repr=False)
    token_lifetime: timedelta = timedelta(seconds=86_399)
    realm: str = "simulated-realm"
    """Of the token dialect: what a token is asked for in the name of."""
    cursor_lifetime: timedelta = timedelta(minutes=10)
    """Of the token dialect: how long a page may be asked for after the one before it."""

    seed: int = 1
    origin: datetime | None = None
    """The instant the clock shows at `epoch`; None is real time."""
    epoch: float | None = None
    """Unix seconds at which the clock stands at `origin`; None is the start of the simulator."""
    speed: float = 1.0

    rate_per_day: int = 150_000
    """Conversations of a working day; at weekends about a third."""
    lifetimes: float = 1.0
    """How long conversations live and what comes after them waits, as a part of what is usual; days stay days."""
    births_until: datetime | None = None
    """No conversation starts at this instant or later; None: they never cease."""
    retention: timedelta = timedelta(days=400)
    """Conversations that started longer ago have been deleted."""
    visibility_median: timedelta = timedelta(seconds=4)
    visibility_tail: timedelta = timedelta(minutes=10)
    """The longest a change can take to become visible."""
    visibility_tail_probability: float = 0.01
    poison_probability: float = 0.0005
    oddity_probability: float = 0.03
    huge_probability: float = 0.0002
    queues: int = 40
    unlisted: float = 0.0
    """The part of the queues and of the wrap-up codes that the reference calls know no more, as after a deletion."""
    total_hits_error_probability: float = 0.02

    limit_per_minute: int = 300
    limit_window: Literal["fixed", "sliding"] = "fixed"
    other_client_share: float = 0.0
    """The part of the limit that another client on the same token asks for, at a steady pace."""
    rate_headers: bool = False
    """Send the `inin-ratelimit-*` headers that the platform dropped in 2021."""
    max_page_size: int = 100
    permission: bool = True

    latency: timedelta = timedelta(0)
    latency_jitter: timedelta = timedelta(0)
    gzip: bool = False
    faults: tuple[Fault, ...] = ()
    cassette: Path | None = None
    """A folder of recorded request/response pairs, served in place of the organisation."""

    content_cache_bytes: int = 256 * 1024 * 1024
    answer_log_bytes: int = 2 * 1024 * 1024 * 1024
    """On disk, in a temporary folder; the oldest answers go first."""

    def __post_init__(self) -> None:
        """Refuse what could only fail later."""
        self._refuse_directory()
        if not 1 <= self.rate_per_day <= _HIGHEST_RATE:
            raise ValueError(f"rate_per_day must be between 1 and {_HIGHEST_RATE}, not {self.rate_per_day}")
        if not 0 < self.speed <= FASTEST:
            raise ValueError(f"speed must be positive and at most {FASTEST}, not {self.speed}")
        if self.epoch is not None and not math.isfinite(self.epoch):
            raise ValueError(f"epoch must be finite, not {self.epoch}")
        for name in ("origin", "births_until"):
            instant: datetime | None = getattr(self, name)
            if instant is not None and instant.utcoffset() is None:
                raise ValueError(f"{name} must carry an offset, for example 2026-03-10T10:00:00Z")
        if not 0 < self.lifetimes <= 1:
            raise ValueError(f"lifetimes must be positive and at most 1, not {self.lifetimes}")
        if not timedelta(0) < self.visibility_median <= self.visibility_tail <= timedelta(days=1):
            raise ValueError("visibility_median must be positive, and visibility_tail between it and a day")
        if not 0 <= self.other_client_share < 1:
            raise ValueError(f"other_client_share must be at least 0 and below 1, not {self.other_client_share}")
        if self.limit_per_minute < 1:
            raise ValueError(f"limit_per_minute must be at least 1, not {self.limit_per_minute}")

    def _refuse_directory(self) -> None:
        if not 1 <= self.queues <= _MOST_QUEUES:
            raise ValueError(f"queues must be between 1 and {_MOST_QUEUES}, not {self.queues}")
        if not 0 <= self.unlisted <= 1:
            raise ValueError(f"unlisted must be between 0 and 1, not {self.unlisted}")

    def origin_utc(self) -> datetime | None:
        """The origin in UTC."""
        return self.origin.astimezone(UTC) if self.origin else None
