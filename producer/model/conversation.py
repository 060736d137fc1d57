"""What is remembered of one conversation: enough to tell new from known, and to number its states for ever.

The stored form (state topic, working copy) is this struct as a MessagePack array behind a format byte: fields are only
ever added at the end, with a default.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from producer.model.instants import Millis


class Watch:
    """Why a conversation is looked after by id: the words of `ConversationState.watch`."""

    OPEN = "open"
    WRAP_UP = "wrapup"
    EMAIL = "email"
    MESSAGE = "message"


class Agenda(NamedTuple):
    """What the future holds for a conversation: when it is asked for by id (None: never), the last UTC day on which
    something is expected of it (days since the epoch; None: it is not to be forgotten), whether it is open.
    """

    due: Millis | None
    forget_day: int | None
    open: bool


NO_AGENDA = Agenda(None, None, open=False)


class Hints(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """Counts that only ever grow while replicas agree; lower in one and higher in none means a regression."""

    ended: bool
    participants: int
    sessions: int
    segments: int
    metrics: int
    latest: Millis

    def regressed_from(self, known: Hints) -> bool:
        """True when this is lower than `known` in some hint and higher in none."""
        pairs = list(zip(msgspec.structs.astuple(self), msgspec.structs.astuple(known), strict=True))
        return any(new < old for new, old in pairs) and not any(new > old for new, old in pairs)


class PendingRegression(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """New content that looked older than the known one, waiting for a second read to agree."""

    fingerprint: bytes
    seen_at: Millis


class Attributes(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """The last known participant attributes. Beyond 256 KiB only their digest is kept and `values` is None."""

    values: dict[str, str] | None
    digest: bytes
    as_of: Millis


class ConversationState(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """The state of one conversation.

    `fingerprint` is 16 bytes over the canonical content, b"" when no content was ever emitted; `raw_hash` 16 bytes over
    the bytes last seen; `version` orders emitted states for ever; `revision` counts them while tracked. Days are days
    since the epoch (UTC). `watch` are the reasons to look after it, joined by commas. `names_missing` are the names
    that its last record lacks (texts of `NameKey`), `names_told` those that it has beside them. `dead_lettered` is the
    raw hash of the letter last sent.
    """

    id: str
    fingerprint: bytes = b""
    fingerprint_version: int = 0
    raw_hash: bytes = b""
    revision: int = 0
    version: int = 0
    as_of: Millis = Millis(0)
    start_day: int = 0
    last_day: int = 0
    ended: bool = False
    watch: str | None = None
    absent_reads: int = 0
    absent_since: Millis | None = None
    hints: Hints | None = None
    regression: PendingRegression | None = None
    attributes: Attributes | None = None
    names_missing: tuple[str, ...] = ()
    dead_lettered: bytes | None = None
    redacted: bool = False
    names_told: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is looked after by id: words of `Watch`."""
        return tuple(self.watch.split(",")) if self.watch else ()

    @property
    def doubted(self) -> bool:
        """Something waits for the next sighting: known bytes then change what is remembered."""
        return not self.redacted and (self.regression is not None or self.absent_reads > 0)
