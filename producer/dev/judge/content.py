"""When two contents are the same: a conversation as the API served it, and as a record carries it. Pure.

Both become the same set of (path, value) leaves, and a digest of those. Absent, null and empty are one thing, numbers
go by value, instants are epoch milliseconds, and lists that are sets have no order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

Path = tuple[str | int, ...]
Digest = bytes

RENAMED = {
    "recordId": "conversationId",
    "startTime": "conversationStart",
    "endTime": "conversationEnd",
    "direction": "originatingDirection",
}
"""Fields of a record's flat head that are the API's own, under another name."""

DERIVED = frozenset(
    {
        "interactionId",
        "source",
        "version",
        "revision",
        "resumed",
        "contentHash",
        "origin",
        "requestId",
        "asOf",
        "observedAt",
        "normalizedAt",
        "channelType",
        "durationMs",
        "participantCount",
        "queueId",
        "queueName",
        "queueIds",
        "userIds",
        "mediaTypes",
        "messageTypes",
        "wrapUpCodes",
        "wrapUpCode",
        "wrapUpCodeName",
        "wrapUpNote",
        "disconnectType",
        "metrics",
        "attributes",
        "attributesAsOf",
        "extras",
        "privacy",
    }
)
"""Fields of a record's flat head that are computed from the content or say where it came from."""

SETS = frozenset(
    {
        "divisionIds",
        "accessAttributes",
        "knowledgeBaseIds",
        "consultationConversationIds",
        "activeSkillIds",
        "removedSkillIds",
        "requestedRoutingSkillIds",
        "requestedRoutingUserIds",
        "codecs",
    }
)

INSTANTS = frozenset(
    {
        "conversationStart",
        "conversationEnd",
        "conferenceStart",
        "inactivityTimeout",
        "eventTime",
        "surveyCompletedDate",
        "callbackScheduledTime",
        "deliveryStatusChangeDate",
        "detectedSpeechEnd",
        "detectedSpeechStart",
        "emitDate",
        "segmentStart",
        "segmentEnd",
        "flowOutcomeStartTimestamp",
        "flowOutcomeEndTimestamp",
    }
)

_STEP = re.compile(r"""\.?([^.\[\]'"]+)|\[(\d+)\]|\[(?:'((?:[^'\\]|\\.)*)'|("(?:[^"\\]|\\.)*"))\]""")


def digest_of_answer(conversation: Any) -> Digest:
    """The digest of a conversation's JSON as it was served."""
    return _digest(_leaves(conversation, ()))


def digest_of_record(record: Mapping[str, Any]) -> Digest:
    """The digest of what a decoded record says, put back into the API's shape."""
    served = {RENAMED.get(name, name): value for name, value in record.items() if name not in DERIVED}
    extras = (leaf for path, text in record["extras"].items() for leaf in _leaves(json.loads(text), steps_of(path)))
    return _digest([*_leaves(served, ()), *extras])


def steps_of(path: str) -> Path:
    """The steps of a JSON path such as `$.participants[0].sessions[0].color` or `$['odd name']`."""
    rest = path.removeprefix("$")
    steps: list[str | int] = []
    while rest:
        found = _STEP.match(rest)
        if not found:
            raise ValueError(f"not a JSON path: {path}")
        name, index, single, double = found.groups()
        if index is not None:
            steps.append(int(index))
        elif double is not None:
            steps.append(json.loads(double))
        else:
            steps.append(re.sub(r"\\(.)", r"\1", single) if name is None else name)
        rest = rest[found.end() :]
    return tuple(steps)


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    match value:
        case None:
            return
        case dict():
            for name, inner in value.items():
                yield from _leaves(inner, (*path, name))
        case list():
            name = path[-1] if path else ""
            items = sorted(set(map(str, value))) if name in SETS else value
            for index, inner in enumerate(items):
                yield from _leaves(inner, (*path, index))
        case str() if path and path[-1] in INSTANTS:
            yield path, _instant(value)
        case float() if value.is_integer():
            yield path, int(value)
        case _:
            yield path, value


def _instant(text: str) -> int | str:
    """Epoch milliseconds; a malformed instant stays what it is."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return text
    return round(instant.timestamp() * 1_000) if instant.tzinfo else text


def _digest(leaves: Iterable[tuple[Path, Any]]) -> Digest:
    return blake2b(repr(sorted(leaves, key=_by_path)).encode(errors="surrogatepass"), digest_size=16).digest()


def _by_path(leaf: tuple[Path, Any]) -> str:
    return repr(leaf[0])
