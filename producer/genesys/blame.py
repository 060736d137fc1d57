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
_WINDOWS = 16

_Key = tuple[datetime, Ended | None, Direction | None]


class Blame:
    """Counts failed reads by the start of their window: the head's window grows while it fails. Bounded."""

    def __init__(self) -> None:
        self._failed_reads: dict[_Key, int] = {}

    def repeated(self, part: Slice) -> bool:
        """Count a read that failed while the API answered elsewhere. True when it happened too often to be chance."""
        key = _key(part)
        reads = self._failed_reads.pop(key, 0) + 1
        if len(self._failed_reads) >= _WINDOWS:
            self._failed_reads.pop(next(iter(self._failed_reads)))
        self._failed_reads[key] = reads
        return reads >= _READS

    def forgive(self, part: Slice) -> None:
        """The window was read, or given up."""
        self._failed_reads.pop(_key(part), None)


def _key(part: Slice) -> _Key:
    return part.window.start, part.ended, part.direction


def may_belong_to_window(error: errors.SourceError) -> bool:
    """True for a server error, a timeout and a broken body."""
    if isinstance(error, NoAnswer):
        return error.failure is Failure.TIMEOUT
    return isinstance(error, ServerError | errors.MalformedBody)
