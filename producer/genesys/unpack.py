"""The body of an answer, unpacked in one go and within bounds.

Done here and not by aiohttp, which hands over a large body in many pieces: one piece costs a third less of a page.
"""

from __future__ import annotations

import contextlib
import importlib
import zlib
from types import ModuleType
from typing import Any

from producer.genesys.exchange import Failure, NoAnswer

ACCEPTED = "gzip"
"""What requests say they accept."""

_GZIP_FORMAT = 31  # zlib's word for: a gzip header, and the largest window
_MOST_MEMBERS = 16


def _fastest_zlib() -> ModuleType:
    """`isal` of the extra `speed` where it is installed: it unpacks at two to three times the pace."""
    with contextlib.suppress(ImportError):
        return importlib.import_module("isal.isal_zlib")
    return zlib


_ZLIB: Any = _fastest_zlib()


def unpack(body: bytes, encoding: str, limit: int) -> bytes:
    """The content of a body, at most `limit` bytes. Raises NoAnswer: too large, cut off, or not what it says."""
    if len(body) > limit:
        raise too_large(limit)
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip":
            return _members(body, limit)
    raise NoAnswer(Failure.BODY, "the answer is packed in a way that was not asked for")


def too_large(limit: int) -> NoAnswer:
    """The failure of an answer over the limit."""
    return NoAnswer(Failure.TOO_LARGE, f"the answer holds more than {limit} bytes")


def _members(packed: bytes, limit: int) -> bytes:
    """Unpack gzip, which may come in several members."""
    content: bytes = b""
    for _ in range(_MOST_MEMBERS):
        member = _ZLIB.decompressobj(_GZIP_FORMAT)
        try:
            content += member.decompress(packed, limit + 1 - len(content))
        except _ZLIB.error as error:
            raise NoAnswer(Failure.BODY, f"the answer is not the gzip it says: {error}") from error
        if len(content) > limit:
            raise too_large(limit)
        if not member.eof:
            raise NoAnswer(Failure.BODY, "the answer is cut off")
        packed = member.unused_data
        if not packed:
            return content
    raise NoAnswer(Failure.BODY, f"the answer has more than {_MOST_MEMBERS} gzip members")
