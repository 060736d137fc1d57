"""Which conversations the body of an answer of the token dialect holds, and what the next page is asked for with.

As `split` does it for the platform: found without parsing them. Pure.
"""

from __future__ import annotations

import re

import msgspec

from producer import errors
from producer.model.reads import SplitBody
from producer.transform.split import key_of, mending, raw_conversations

LONGEST_CURSOR = 4_096
"""Characters of a cursor, which goes into a URL."""

_ENTITIES = "entities"
_ID = key_of("id")
_EMPTY = re.compile(rb"\s*\{\s*\}\s*")


class _Body(msgspec.Struct):
    """An answer. `entities` may be absent when there are none; without a cursor it is the last page."""

    entities: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET
    nextPageToken: str | msgspec.UnsetType | None = msgspec.UNSET  # noqa: N815 the dialect's spelling


_DECODER = msgspec.json.Decoder(_Body)


def split(body: bytes) -> SplitBody:
    """Cut a body into its conversations; one that is no JSON is among them, so that it becomes a dead letter.

    Raises MalformedBody when the body is no JSON object, or not of this dialect, or its cursor can't be one: the pages
    behind it would be lost.
    """
    return mending(body, _split, _ENTITIES, _ID)


def _split(body: bytes) -> SplitBody:
    parts = _DECODER.decode(body)
    cursor = parts.nextPageToken or None
    if parts.entities is msgspec.UNSET and cursor is None and not _EMPTY.fullmatch(body):
        raise errors.MalformedBody(f"the answer of {len(body)} bytes is an object, but none of the token dialect")
    if cursor is not None and len(cursor) > LONGEST_CURSOR:
        raise errors.MalformedBody(f"the cursor of the next page has {len(cursor)} characters")
    return SplitBody(conversations=raw_conversations(parts.entities or (), _ID), total_hits=None, cursor=cursor)
