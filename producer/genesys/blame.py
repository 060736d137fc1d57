"""Whether a failure may belong to a window: which windows failed again and again with an answer of the server.

Pure. No network, a breaker, a token or a limit are never a window's fault.
"""

from __future__ import annotations

from datetime import datetime

from producer import errors
from producer.genesys.exchange import Failure, NoAnswer
from producer.genesys.retry import ServerError
from producer.model.windows import Direction, Ended, Slice

_READS = 3
_SLICES = 64

_Key = tuple[datetime, Ended | None, Direction | None]


class Blame:
    """Counts failed reads by the start of their window: the head's window grows while it fails. Bounded.

    A slice that was given up stays so until it is read, and with it the other slices of its window: they are one hole.
    """

    def __init__(self) -> None:
        self._failed_reads: dict[_Key, int] = {}

    def repeated(self, part: Slice) -> bool:
        """Count a read that failed while the API answered elsewhere. True when it happened too often to be chance."""
        key = _key(part)
        reads = _READS if self._given_up(part) else self._failed_reads.get(key, 0) + 1
        self._failed_reads.pop(key, None)
        if len(self._failed_reads) >= _SLICES:
            self._failed_reads.pop(next(iter(self._failed_reads)))
        self._failed_reads[key] = reads
        return reads >= _READS

    def _given_up(self, part: Slice) -> bool:
        """A slice of the same window failed too often already."""
        return any(reads >= _READS for (start, *_), reads in self._failed_reads.items() if start == part.window.start)

    def forgive(self, part: Slice) -> None:
        """The slice was read."""
        self._failed_reads.pop(_key(part), None)


def _key(part: Slice) -> _Key:
    return part.window.start, part.ended, part.direction


def may_belong_to_window(error: errors.SourceError) -> bool:
    """True for a server error, a timeout and a broken body."""
    if isinstance(error, NoAnswer):
        return error.failure is Failure.TIMEOUT
    return isinstance(error, ServerError | errors.MalformedBody)
