"""Which answers go wrong, and how: faults that fire by probability, by schedule, or for the next N requests."""

from __future__ import annotations

import enum
from dataclasses import dataclass, fields
from random import Random
from typing import Any

_LONGEST_ANSWER = 1024 * 1024 * 1024


class Trouble(enum.StrEnum):
    """What can be wrong with an answer."""

    RATE_LIMITED = "rate-limited"
    """429 with `Retry-After`."""
    RATE_LIMITED_BARE = "rate-limited-bare"
    """429 without the header, in the form of before 2021."""
    BAD_REQUEST = "bad-request"
    """400, as for a question that can't be answered."""
    UNAUTHORIZED = "unauthorized"
    """401, and the token of the request is revoked."""
    IP_NOT_AUTHORIZED = "ip-not-authorized"
    """401 for an address outside the allow list; the token stays valid."""
    FORBIDDEN = "forbidden"
    SERVER_ERROR = "server-error"
    """500 with the platform's error body."""
    BAD_GATEWAY = "bad-gateway"
    """502 with an HTML page."""
    UNAVAILABLE = "unavailable"
    """503 with an empty body."""
    GATEWAY_TIMEOUT = "gateway-timeout"
    """504 with the platform's error body."""
    STALL = "stall"
    """Nothing for `seconds`, then the connection closes."""
    SLOW = "slow"
    """The right answer, `seconds` late."""
    RESET = "reset"
    """The connection is reset before the answer."""
    TRUNCATED = "truncated"
    """200 whose JSON ends in the middle."""
    CUT = "cut"
    """200 whose connection breaks in the middle of the body."""
    DRIP = "drip"
    """The right answer, in small pieces over `seconds`."""
    CURSOR_EXPIRED = "cursor-expired"
    """All cursors of the gateway end, also the one that comes with this answer."""
    DUPLICATE_PAGE = "duplicate-page"
    """A query answer that repeats the page before the one asked for."""
    STALE = "stale"
    """Conversations in the state before the present one, as from a replica that lags."""
    TOO_LARGE = "too-large"
    """400 `response.entity.too.large`."""
    OVERSIZED = "oversized"
    """The right answer, blown up to `octets` with white space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One entry of the table. All conditions must hold for it to fire."""

    kind: Trouble
    path: str = ""
    """Fires only on request paths that contain this."""
    probability: float = 1.0
    times: int | None = None
    """How often it fires at most; None is for ever."""
    skip: int = 0
    """So many matching requests pass before it can fire."""
    since: int | None = None
    until: int | None = None
    """Virtual milliseconds between which it can fire."""
    retry_after: int = 5
    """Seconds of `Retry-After`, where the answer carries it."""
    seconds: float = 60.0
    """Real seconds of a stall, a slow answer or a drip."""
    octets: int = 40 * 1024 * 1024
    """Length of an oversized answer."""

    def __post_init__(self) -> None:
        """Refuse what could never fire."""
        if not 0 < self.probability <= 1:
            raise ValueError(f"probability must be above 0 and at most 1, not {self.probability}")
        if self.times is not None and self.times < 1:
            raise ValueError(f"times must be at least 1, not {self.times}")
        if not 0 <= self.octets <= _LONGEST_ANSWER:
            raise ValueError(f"octets must be between 0 and {_LONGEST_ANSWER}, not {self.octets}")

    @classmethod
    def of(cls, values: dict[str, Any]) -> Fault:
        """Build from JSON or command-line values. Raises ValueError with the name of what is wrong."""
        known = {field.name: field for field in fields(cls)}
        unknown = sorted(set(values) - set(known))
        if unknown or "kind" not in values:
            raise ValueError(
                f"a fault needs kind and may have {', '.join(known)}; not {', '.join(unknown) or 'nothing'}"
            )
        readers = {"kind": Trouble, "path": str, "probability": float, "seconds": float}
        read = {name: readers.get(name, int)(value) for name, value in values.items() if value is not None}
        return cls(**read)

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read `kind=stall,path=/details/query,probability=0.01`. Raises ValueError."""
        pairs = (part.partition("=") for part in text.split(","))
        return cls.of({name.strip(): value.strip() for name, _, value in pairs})


class FaultTable:
    """The faults in force, with what each still may do. One mutable place; the dice are seeded."""

    def __init__(self, faults: tuple[Fault, ...], seed: int) -> None:
        self._entries: list[_Entry] = [_Entry(fault) for fault in faults]
        self._random = Random(seed)

    def add(self, fault: Fault) -> None:
        """Put a fault into force, behind those there are."""
        self._entries.append(_Entry(fault))

    def clear(self) -> None:
        """Take all faults out of force."""
        self._entries.clear()

    def draw(self, path: str, now: int) -> Fault | None:
        """The fault this request meets, if any; the first that fires."""
        for entry in self._entries:
            if entry.fires(path, now, self._random):
                if entry.exhausted:
                    self._entries.remove(entry)
                return entry.fault
        return None

    def listing(self) -> list[dict[str, Any]]:
        """The table as JSON values, with the number of times each has fired."""
        return [
            {**{field.name: getattr(entry.fault, field.name) for field in fields(Fault)}, "fired": entry.fired}
            for entry in self._entries
        ]


class _Entry:
    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.fired = 0
        self._passed = 0

    @property
    def exhausted(self) -> bool:
        return self.fault.times is not None and self.fired >= self.fault.times

    def fires(self, path: str, now: int, random: Random) -> bool:
        fault = self.fault
        if fault.path not in path:
            return False
        if (fault.since is not None and now < fault.since) or (fault.until is not None and now >= fault.until):
            return False
        self._passed += 1
        if self._passed <= fault.skip or random.random() >= fault.probability:
            return False
        self.fired += 1
        return True
