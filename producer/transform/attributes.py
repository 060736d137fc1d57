"""Participant attributes: what only the answers of jobs carry, kept apart from the content.

An answer without attributes knows nothing of them; it never takes away what is known.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from producer.model.conversation import Attributes
from producer.model.instants import Millis
from producer.transform.content import Content, canonical
from producer.transform.fingerprint import SIZE

LARGEST = 256 * 1024
"""Bytes of merged attributes that are remembered to be repeated; beyond that, only their digest is."""

_KEY = "attributes"


def take(content: Content) -> list[tuple[Content, Content]]:
    """Take the attributes out of parsed content: (participant, its attributes), in the order of the API."""
    participants = content.get("participants")
    if participants.__class__ is not list:
        return []
    return [(each, each.pop(_KEY)) for each in participants or () if _has_attributes(each)]


def put_back(taken: list[tuple[Content, Content]]) -> None:
    """Give every participant what was taken of it."""
    for participant, attributes in taken:
        participant[_KEY] = attributes


def news(taken: list[tuple[Content, Content]], known: Attributes | None, as_of: Millis) -> bytes | None:
    """The digest of what was taken when that changes what is known; None when it is nothing, known, or older."""
    said = [attributes for _, attributes in taken if attributes]
    if not taken or (known is not None and as_of < known.as_of) or (known is None and not said):
        return None
    digest = blake2b(canonical(said), digest_size=SIZE).digest()
    return None if known is not None and known.digest == digest else digest


def merge(taken: list[tuple[Content, Content]], digest: bytes, as_of: Millis) -> Attributes:
    """The attributes of converted participants in one map: those of a later participant replace earlier ones."""
    merged: dict[str, str] = {}
    for _, attributes in sorted(taken, key=lambda pair: _began(pair[0])):
        merged.update(attributes)
    too_large = len(canonical(merged)) > LARGEST
    return Attributes(values=None if too_large else merged, digest=digest, as_of=as_of)


def _has_attributes(participant: Any) -> bool:
    return participant.__class__ is dict and participant.get(_KEY).__class__ is dict


def _began(participant: Content) -> int:
    starts = [
        segment["segmentStart"]
        for session in participant.get("sessions", ())
        for segment in session.get("segments", ())
        if "segmentStart" in segment
    ]
    return min(starts, default=0)
