"""Whether watermarks promise more and more, and nothing that is not there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from producer.verify.facts import Position
from producer.verify.findings import Check, Finding

_RISING = ("headThrough", "finalThrough")


def watermark_findings(record: Mapping[str, Any], before: Mapping[str, Any] | None) -> Iterator[Finding]:
    """What one watermark takes back of the one before it, of the same source."""
    if before is None:
        return
    for name in _RISING:
        if record[name] < before[name]:
            yield _finding(record, f"{name} goes back from {before[name]} to {record[name]}")
    pairs = list(zip(before["offsets"], record["offsets"], strict=False))
    lower = [number for number, (known, told) in enumerate(pairs) if told < known]
    if lower or len(before["offsets"]) not in (0, len(record["offsets"])):
        yield _finding(record, f"offsets go back from {before['offsets']} to {record['offsets']}")


def promise_findings(record: Mapping[str, Any], ends: Sequence[int], position: Position | None) -> Iterator[Finding]:
    """What the last watermark of a source promises and what is not so. `ends` are those of the conversations topic."""
    beyond = [number for number, offset in enumerate(record["offsets"]) if offset > (*ends, 0)[min(number, len(ends))]]
    if beyond:
        yield _finding(record, f"it promises {record['offsets']}, and partitions {beyond} end before that: {[*ends]}")
    if position is None:
        yield _finding(record, "it promises, and the state topic holds no checkpoint of this source")
    elif record["headThrough"] > position.head or record["finalThrough"] > position.final:
        yield _finding(record, "it promises more than the checkpoint does")


def _finding(record: Mapping[str, Any], text: str) -> Finding:
    return Finding(
        check=Check.WATERMARKS, text=f"source {record['source']}, written at {record['committedAt']}: {text}"
    )
