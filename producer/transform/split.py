"""Which conversations the body of an answer holds, found without parsing them.

One pass over the body finds where each conversation begins and ends; its id is read off its bytes, and the bytes are
hashed. Most conversations are known already and are never parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

import msgspec

from producer import errors
from producer.model.reads import RawConversation, SplitBody
from producer.transform.brackets import by_brackets
from producer.transform.content import LONGEST_ID
from producer.transform.fingerprint import raw_hash

_CONVERSATIONS = "conversations"

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
    return mending(body, _split, _CONVERSATIONS, _ID)


def mending(body: bytes, cut: Callable[[bytes], SplitBody], member: str, key: re.Pattern[bytes]) -> SplitBody:
    """Cut a body, also one that parsers refuse: what is broken inside a conversation of its array `member` stays there.

    `cut` raises what parsers raise; `key` finds the id of a conversation. Raises MalformedBody.
    """
    try:
        return cut(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        mended = _ESCAPE.sub(_whole_character, body)
        if mended != body:
            return mending(mended, cut, member, key)
        found = by_brackets(body, member)
        if found is not None and found[1]:
            frame, items = found
            return replace(mending(frame, cut, member, key), conversations=raw_conversations(items, key))
        raise errors.MalformedBody(f"the answer of {len(body)} bytes can't be used: {error}") from error


def _split(body: bytes) -> SplitBody:
    parts = _DECODER.decode(body)
    if not parts.conversations and parts.conversationId is not _ABSENT:
        return SplitBody(conversations=raw_conversations([body], _ID), total_hits=None)
    if parts.conversations is msgspec.UNSET and not _says_nothing(parts, body):
        raise errors.MalformedBody(f"the answer of {len(body)} bytes is an object, but none of this API")
    return SplitBody(
        conversations=raw_conversations(parts.conversations or (), _ID), total_hits=_count(parts.totalHits)
    )


def raw_conversations(
    conversations: Iterable[bytes | msgspec.Raw], key: re.Pattern[bytes]
) -> tuple[RawConversation, ...]:
    """Conversations as they stand, each with the id that `key` finds in it."""
    return tuple([RawConversation(guess_id(raw, key), raw, raw_hash(raw)) for raw in conversations])


def key_of(member: str) -> re.Pattern[bytes]:
    """What finds the id of a conversation in its bytes, where it is that member."""
    return re.compile(rb'"%s"[ \t\r\n]*:[ \t\r\n]*"(?:([ !#-\[\]-~]{1,%d})")?' % (member.encode(), LONGEST_ID))


_ID = key_of("conversationId")


def guess_id(raw: bytes | msgspec.Raw, key: re.Pattern[bytes] = _ID) -> str | None:
    """The id that the bytes of a conversation show, None when only parsing can tell.

    Inside a string the quotes of this key would be escaped, so that what is found is a key. It may be a key of another
    object: a guess is good for finding what is remembered, and the raw hash proves it.
    """
    found = key.search(raw)
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
