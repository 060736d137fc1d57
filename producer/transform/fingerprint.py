"""When two conversations are the same: by their bytes, cheaply, or by their content.

A fingerprint is remembered together with the version of the function that made it, so that the function may change
without every known conversation being taken for a changed one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b, sha256

from msgspec import Raw

from producer.transform.content import Content, canonical

SIZE = 16
"""Bytes of a hash: 128 bits."""


def raw_hash(raw: bytes | Raw) -> bytes:
    """The hash of a conversation's bytes as they came.

    Most conversations of a read are known, and this is most of what they cost: SHA-256, cut to size, takes half the
    time of BLAKE2 on processors that have instructions for it.
    """
    return sha256(raw, usedforsecurity=False).digest()[:SIZE]


def _by_content(content: Content) -> bytes:
    return blake2b(canonical(content), digest_size=SIZE).digest()


FINGERPRINTS: Mapping[int, Callable[[Content], bytes]] = {1: _by_content}
"""The fingerprint of parsed content without attributes, by version. A released function never changes."""

FINGERPRINT_VERSION = 1

fingerprint = FINGERPRINTS[FINGERPRINT_VERSION]
"""The function that new fingerprints are made with."""
