"""When two conversations are the same: by their bytes, cheaply, or by their content.

A fingerprint is remembered together with the version of the function that made it, so that the function may change
without every known conversation being taken for a changed one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b

from msgspec import Raw
from xxhash import xxh3_128_digest

from producer.transform.content import Content, canonical

SIZE = 16
"""Bytes of a hash: 128 bits."""


def raw_hash(raw: bytes | Raw) -> bytes:
    """The hash of a conversation's bytes as they came: XXH3, 128 bits.

    Most conversations of a read are known, and a cryptographic hash would be most of what they cost. It is only ever
    compared with the last one of the same conversation: docs/decisions/0009.
    """
    return xxh3_128_digest(raw)


def _by_content(content: Content) -> bytes:
    return blake2b(canonical(content), digest_size=SIZE).digest()


FINGERPRINTS: Mapping[int, Callable[[Content], bytes]] = {1: _by_content}
"""The fingerprint of parsed content without attributes, by version. A released function never changes."""

FINGERPRINT_VERSION = 1

fingerprint = FINGERPRINTS[FINGERPRINT_VERSION]
"""The function that new fingerprints are made with."""
