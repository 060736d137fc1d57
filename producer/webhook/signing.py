"""Signatures as Standard Webhooks 1.0 says: HMAC-SHA256 over id, timestamp and body, one for each secret. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping

PREFIX = "whsec_"
MOST_SECRETS = 2
"""The one in use and, while receivers change over, the one before it."""
_SHORTEST, _LONGEST = 24, 64  # bytes of a key


def secrets_of(text: str) -> tuple[str, ...]:
    """The one or two secrets of a text, divided by commas or blanks. Raises ValueError, which never quotes it."""
    found = _parts(text)
    if not 1 <= len(found) <= MOST_SECRETS:
        raise ValueError(f"must be one secret, or two while they are changed, not {len(found)}")
    for secret in found:
        key_of(secret)
    return found


def key_of(secret: str) -> bytes:
    """The key of a secret `whsec_…`. Raises ValueError, which never quotes it."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"must begin with {PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"must be base64 behind {PREFIX}") from None
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise ValueError(f"must hold {_SHORTEST} to {_LONGEST} bytes in base64 behind {PREFIX}, not {len(key)}")
    return key


def spelled(text: str) -> tuple[str, ...]:
    """The secrets of a text, sound or not, in the spellings in which they must never be shown."""
    found = _parts(text)
    return (*found, *(secret.removeprefix(PREFIX) for secret in found))


def signed(delivery_id: str, body: bytes, *, seconds: int, secrets: Iterable[str]) -> Mapping[str, str]:
    """The headers of one attempt. `seconds` is the unix time at which it is made: receivers refuse old ones."""
    content = b".".join((delivery_id.encode(), str(seconds).encode(), body))
    macs = (hmac.new(key_of(secret), content, hashlib.sha256).digest() for secret in secrets)
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(mac).decode()}" for mac in macs),
    }


def _parts(text: str) -> tuple[str, ...]:
    return tuple(filter(None, re.split(r"[\s,]+", text)))
