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
    """The digest of what was taken when that changes what is known; None when it is nothing, known, or older.

    That there are none is no news by itself.
    """
    if not taken or (known is not None and as_of < known.as_of):
        return None
    digest = _digest(taken)
    return None if digest == (_EMPTY if known is None else known.digest) else digest


def known_empty(as_of: Millis) -> Attributes:
    """What is known once an answer that carries attributes carried none."""
    return Attributes(values={}, digest=_EMPTY, as_of=as_of)


def merge(taken: list[tuple[Content, Content]]) -> dict[str, str]:
    """The attributes of converted participants in one map: those of a later participant replace earlier ones."""
    merged: dict[str, str] = {}
    for _, attributes in sorted(taken, key=lambda pair: _began(pair[0])):
        merged.update(attributes)
    return merged


def remembered(merged: dict[str, str], digest: bytes, as_of: Millis) -> Attributes:
    """What the state keeps of a map."""
    too_large = len(canonical(merged)) > LARGEST
    return Attributes(values=None if too_large else merged, digest=digest, as_of=as_of)


def _digest(taken: list[tuple[Content, Content]]) -> bytes:
    said = [attributes for _, attributes in taken if attributes]
    return blake2b(canonical(said), digest_size=SIZE).digest()


_EMPTY = _digest([])
"""The digest of attributes that were asked for and are not there."""


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
