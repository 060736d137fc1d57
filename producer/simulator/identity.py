"""Ids that carry their own place, so that no table of ids is needed.

An id decodes to the conversation's key, and a key is enough to make the whole conversation again.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from random import Random

_STREAM_BITS = 3
_BUCKET_BITS = 27
_ORDINAL_BITS = 18
KEY_BITS = _STREAM_BITS + _BUCKET_BITS + _ORDINAL_BITS
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}")


def pack(stream: int, bucket: int, ordinal: int) -> int:
    """The key of a conversation: its stream, its bucket of time, its place in the bucket."""
    return (stream << _BUCKET_BITS | bucket) << _ORDINAL_BITS | ordinal


def unpack(key: int) -> tuple[int, int, int]:
    """The three parts of a key."""
    rest, ordinal = key >> _ORDINAL_BITS, key & (1 << _ORDINAL_BITS) - 1
    return rest >> _BUCKET_BITS, rest & (1 << _BUCKET_BITS) - 1, ordinal


def spread(seed: int, purpose: str, *numbers: int) -> int:
    """A 64-bit number that depends on all of its arguments: the seed of one thing's own dice."""
    material = f"{seed}/{purpose}/{'/'.join(map(str, numbers))}".encode()
    return int.from_bytes(blake2b(material, digest_size=8).digest(), "big")


def uuid(random: Random) -> str:
    """A random UUID of version 4, as text."""
    digits = f"{random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _mask(seed: int, tail: str) -> int:
    return int.from_bytes(blake2b(f"{seed}/mask/{tail}".encode(), digest_size=6).digest(), "big")


def _tail(seed: int, key: int) -> str:
    digits = blake2b(f"{seed}/tail/{key}".encode(), digest_size=9).hexdigest()
    return f"4{digits[:3]}-a{digits[3:6]}-{digits[6:18]}"


def conversation_id(seed: int, key: int) -> str:
    """The id of the conversation with this key: the key, masked, then a keyed check of it."""
    tail = _tail(seed, key)
    head = f"{key ^ _mask(seed, tail):012x}"
    return f"{head[:8]}-{head[8:]}-{tail}"


def key_of(seed: int, identifier: str) -> int | None:
    """The key behind an id; None when no conversation of this organisation can have it."""
    if not _UUID.fullmatch(identifier):
        return None
    tail = identifier[14:]
    key = int(identifier[:8] + identifier[9:13], 16) ^ _mask(seed, tail)
    return key if _tail(seed, key) == tail else None
