"""Which conversations the body of an answer holds, found without parsing them.

One pass over the body finds where each conversation begins and ends; its id is read off its bytes, and the bytes are
hashed. Most conversations are known already and are never parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from producer import errors
from producer.model.reads import RawConversation, SplitBody
from producer.transform.brackets import by_brackets
from producer.transform.content import LONGEST_ID
from producer.transform.fingerprint import raw_hash

_ID = re.compile(rb'"conversationId"[ \t\r\n]*:[ \t\r\n]*"(?:([ !#-\[\]-~]{1,%d})")?' % LONGEST_ID)

_ABSENT = msgspec.Raw()


class _Body(msgspec.Struct):
    """An answer: of a query or of several ids (`conversations`, absent when there are none), or one conversation."""

    conversations: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET
    totalHits: msgspec.Raw = _ABSENT  # noqa: N815 the API's spelling
    aggregations: msgspec.Raw = _ABSENT
    conversationId: msgspec.Raw = _ABSENT  # noqa: N815 the API's spelling


_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
# Text that was cut in the middle of an emoji ends in half a character. There is no UTF-8 for it, so that parsers refuse
# the whole page; one conversation must not take its neighbours with it.

_EMPTY = re.compile(rb"\s*\{\s*\}\s*")
_DECODER = msgspec.json.Decoder(_Body)


def split(body: bytes) -> SplitBody:
    """Cut a body into its conversations; one that is no JSON is among them, so that it becomes a dead letter.

    Raises MalformedBody when the body is no JSON object, or not of this API.
    """
    try:
        parts = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        mended = _ESCAPE.sub(_whole_character, body)
        if mended != body:
            return split(mended)
        found = by_brackets(body)
        if found is not None and found[1]:
            frame, items = found
            return SplitBody(conversations=_raw(items), total_hits=split(frame).total_hits)
        raise errors.MalformedBody(f"the answer of {len(body)} bytes can't be used: {error}") from error
    if not parts.conversations and parts.conversationId is not _ABSENT:
        return SplitBody(conversations=_raw([body]), total_hits=None)
    if parts.conversations is msgspec.UNSET and not _says_nothing(parts, body):
        raise errors.MalformedBody(f"the answer of {len(body)} bytes is an object, but none of this API")
    return SplitBody(conversations=_raw(parts.conversations or ()), total_hits=_count(parts.totalHits))


def _raw(conversations: Iterable[bytes | msgspec.Raw]) -> tuple[RawConversation, ...]:
    return tuple([RawConversation(guess_id(raw), raw, raw_hash(raw)) for raw in conversations])


def guess_id(raw: bytes | msgspec.Raw) -> str | None:
    """The id that the bytes of a conversation show, None when only parsing can tell.

    Inside a string the quotes of this key would be escaped, so that what is found is a key. It may be a key of another
    object: a guess is good for finding what is remembered, and the raw hash proves it.
    """
    found = _ID.search(raw)
    return found[1].decode() if found and found[1] else None


def _says_nothing(parts: _Body, body: bytes) -> bool:
    """An answer without conversations that the API gives: an empty object, or one with its own members.

    Anything else may come from a gateway in its place, and to take it for an empty page would be to lose what is there.
    """
    own = (parts.totalHits, parts.aggregations)
    return any(member is not _ABSENT for member in own) or _EMPTY.fullmatch(body) is not None


def _whole_character(escape: re.Match[bytes]) -> bytes:
    """The replacement character for half of one; any other escape as it is."""
    return b"\\ufffd" if escape["half"] else escape[0]


def _count(raw: msgspec.Raw) -> int | None:
    """A number of hits; None for anything that is none (the API calls it approximate)."""
    text = bytes(raw)
    return int(text) if text.isdigit() and len(text) < len(str(1 << 63)) else None
