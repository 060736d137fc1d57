"""The conversations of a body that no parser takes whole: found by their brackets alone.

One conversation may hold what JSON does not allow (a bare control character, NaN); the page around it is still whole.
Slow beside a parser, and only asked when that refuses. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}\[\]]', re.DOTALL)
_OPENING = frozenset({b"{", b"["})
_BETWEEN = re.compile(rb"[ \t\r\n]*(?:,[ \t\r\n]*)?")
_INSIDE = 2  # the depth of what stands in the array of an answer


def by_brackets(body: bytes, member: str) -> tuple[bytes, tuple[bytes, ...]] | None:
    """The answer with an empty array of conversations, which is its `member`, and each of them as it stands.

    None where brackets do not say it: a body that is cut off, or whose array holds anything but objects.
    """
    array = _array(body, re.compile(rb'"%s"[ \t\r\n]*:[ \t\r\n]*\[' % member.encode()))
    if array is None:
        return None
    start, end = array
    items: list[bytes] = []
    at = start
    for first, last in _objects(body, start):
        if not _BETWEEN.fullmatch(body, at, first):
            return None
        items.append(body[first:last])
        at = last
    if not _BETWEEN.fullmatch(body, at, end):
        return None
    return body[:start] + body[end:], tuple(items)


def _array(body: bytes, opening: re.Pattern[bytes]) -> tuple[int, int] | None:
    """Where the inside of the array begins and ends; None when a bracket of the answer is not closed."""
    start = end = None
    depth = 0
    for token in _TOKEN.finditer(body):
        if token[0] in _OPENING:
            depth += 1
        elif token[0].startswith(b'"'):
            found = opening.match(body, token.start()) if depth == 1 and start is None else None
            start = found.end() if found else start
        else:
            depth -= 1
            if start is not None and end is None and depth == 1:
                end = token.start()
    return None if depth or start is None or end is None else (start, end)


def _objects(body: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Where each object of the array begins and ends."""
    depth, first = _INSIDE, start
    for token in _TOKEN.finditer(body, start):
        if token[0] in _OPENING:
            first = token.start() if depth == _INSIDE else first
            depth += 1
        elif not token[0].startswith(b'"'):
            depth -= 1
            if depth < _INSIDE:
                return
            if depth == _INSIDE:
                yield first, token.end()
