"""The parsed content of one conversation, in the one form that everything after it works on.

Numbers are what they are worth (5.0 is 5), members that are null or an empty list are absent, and lists that mean sets
are sorted: what can't be told apart by its fingerprint is not told apart in the record either.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from producer import errors

Content = dict[str, Any]

ROOT = "$"
LONGEST_ID = 255
"""Characters of an id; the API's are UUIDs. Anything longer is no key that one could work with."""
SETS = frozenset(
    {
        "accessAttributes",
        "activeSkillIds",
        "codecs",
        "consultationConversationIds",
        "divisionIds",
        "knowledgeBaseIds",
        "removedSkillIds",
        "requestedRoutingSkillIds",
        "requestedRoutingUserIds",
    }
)
"""The lists whose order means nothing, by name. Every other list keeps the order of the API."""


def _number(text: str) -> float | str:
    value = float(text)
    if not math.isfinite(value):
        return text  # no double holds it; as text it is at least not lost
    if not value.is_integer():
        return value
    exact = Decimal(text)  # what is beyond 2^53 is worth more than a double tells
    return int(exact) if exact == exact.to_integral_value() else value


_DECODER = msgspec.json.Decoder(float_hook=_number)
_canonical_json = msgspec.json.Encoder(order="deterministic").encode


def parse(raw: bytes | msgspec.Raw) -> Content:
    """The content of a raw conversation. Raises Malformed when it is no JSON object."""
    try:
        content = _DECODER.decode(raw)
        if not isinstance(content, dict):
            raise errors.Malformed("wrong_shape", ROOT, f"an object is due, not {type(content).__name__},")
        prune(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise errors.Malformed("not_json", ROOT, f"the conversation can't be parsed ({error})") from error
    return content


def usable_id(content: Content, member: str = "conversationId") -> str:
    """The id of a conversation, which is that member. Raises Malformed when there is none that could be a key."""
    found = content.get(member)
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST_ID or found.startswith("#"):
        raise errors.Malformed("no_id", f"$.{member}", "the conversation has no usable id")
    return found


def prune(content: Content) -> None:
    """Leave out members that say nothing, and sort those that are sets, all the way down and in place."""
    absent: list[str] | None = None
    for key, value in content.items():
        kind = value.__class__
        if kind is str:
            continue
        if kind is list and value:
            _prune_all(value)
            if key in SETS and len(value) > 1:
                content[key] = sorted(value, key=_canonical_json)
        elif kind is dict:
            prune(value)
        elif kind is list or value is None:
            absent = [*absent, key] if absent else [key]
    for key in absent or ():
        del content[key]


def _prune_all(values: Iterable[Any]) -> None:
    for value in values:
        if value.__class__ is dict:
            prune(value)
        elif value.__class__ is list:
            _prune_all(value)


def canonical(content: Any) -> bytes:
    """The bytes that stand for pruned content: keys sorted, nothing but the content."""
    return _canonical_json(content)
