"""The log of every answer: which states of which conversations were served, when, under which request id.

It lies on disk in segments, so a million answers of a hundred conversations cost no memory; the oldest segment goes
when the bound is reached, which a reader sees as a gap in `seq`.
"""

from __future__ import annotations

import tempfile
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO

import orjson

from producer.simulator.organisation import Row

_SEGMENT = 32 * 1024 * 1024
_STATE_BITS = 12


@dataclass(slots=True, kw_only=True)
class Answer:
    """One answer; `at` is the organisation's instant at which the request arrived, of which its content speaks."""

    at: int
    request_id: str | None
    method: str
    path: str
    status: int = 0
    fault: str | None = None
    served: list[Row] = field(default_factory=list)


class _Segment:
    def __init__(self, first: int) -> None:
        self.first = first
        self.size = 0
        self._offsets = array("q")
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="simulator-answers-")  # noqa: SIM115  closed in close()

    def __len__(self) -> int:
        return len(self._offsets)

    def append(self, head: bytes, served: bytes) -> None:
        self._file.seek(self.size)
        self._offsets.append(self.size)
        self._file.write(len(head).to_bytes(4, "big") + len(served).to_bytes(4, "big") + head + served)
        self.size += 8 + len(head) + len(served)

    def read(self, index: int) -> tuple[bytes, bytes]:
        self._file.seek(self._offsets[index])
        lengths = self._file.read(8)
        head = self._file.read(int.from_bytes(lengths[:4], "big"))
        return head, self._file.read(int.from_bytes(lengths[4:], "big"))

    @property
    def closed(self) -> bool:
        return self._file.closed

    def close(self) -> None:
        self._file.close()


class Answers:
    """The log. Numbers begin at 1."""

    def __init__(self, room: int) -> None:
        self._most = max(2, room // _SEGMENT)
        self._segments: deque[_Segment] = deque([_Segment(1)])
        self._next = 1

    @property
    def last(self) -> int:
        """The number of the last answer."""
        return self._next - 1

    def add(self, answer: Answer) -> None:
        """Write an answer down."""
        head = orjson.dumps(
            [answer.at, answer.request_id, answer.method, answer.path, answer.status, answer.fault],
        )
        served = array("q", [row.key << _STATE_BITS | row.number for row in answer.served])
        if self._segments[-1].size >= _SEGMENT:
            self._segments.append(_Segment(self._next))
            if len(self._segments) > self._most:
                self._segments.popleft().close()
        self._segments[-1].append(head, served.tobytes())
        self._next += 1

    def lines(self, after: int, identifier: Callable[[int], str]) -> Iterator[bytes]:
        """The answers behind `after`, oldest first, as NDJSON lines."""
        last = self.last
        for segment in list(self._segments):
            for index in range(max(0, after + 1 - segment.first), len(segment)):
                if segment.first + index > last:
                    return
                if segment.closed:  # dropped while the reader took its time
                    break
                yield _line(segment.first + index, *segment.read(index), identifier)

    def close(self) -> None:
        """Remove the files."""
        for segment in self._segments:
            segment.close()


def _line(number: int, head: bytes, packed: bytes, identifier: Callable[[int], str]) -> bytes:
    at, request_id, method, path, status, fault = orjson.loads(head)
    served = array("q")
    served.frombytes(packed)
    return orjson.dumps(
        {
            "seq": number,
            "at": at,
            "requestId": request_id,
            "method": method,
            "path": path,
            "status": status,
            "fault": fault,
            "served": [[identifier(one >> _STATE_BITS), one & (1 << _STATE_BITS) - 1] for one in served],
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )
