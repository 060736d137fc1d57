"""When two contents are the same: a conversation as the API served it, and as a record carries it. Pure.

Both are put into one plain form, and a digest is taken of that. Absent, null and empty are one thing, numbers go by
value, instants are epoch milliseconds, and lists that are sets have no order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson

Steps = tuple[str | int, ...]
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
        "userNames",
        "divisionNames",
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
        "startTimestamp",
        "endTimestamp",
        "flowOutcomeStartTimestamp",
        "flowOutcomeEndTimestamp",
    }
)

NESTED = frozenset({"participants", "evaluations", "surveys", "resolutions"})
"""What summaries and rows do not hold."""

_STEP = re.compile(r"""\.?([^.\[\]'"]+)|\[(\d+)\]|\[(?:'((?:[^'\\]|\\.)*)'|("(?:[^"\\]|\\.)*"))\]""")


def digest_of_answer(conversation: Any) -> Digest:
    """The digest of a conversation's JSON as it was served."""
    return _digest(conversation)


def digest_of_record(record: Mapping[str, Any]) -> Digest:
    """The digest of what a decoded record says, put back into the API's shape."""
    served = {RENAMED.get(name, name): value for name, value in record.items() if name not in DERIVED}
    if record["extras"]:
        served = deepcopy(served)  # the record stays as it is
    for path, text in record["extras"].items():
        put(served, path, orjson.loads(text))
    return _digest(served)


def names_in(record: Mapping[str, Any]) -> frozenset[str]:
    """The names that a record or a row carries: a record may be sent again for one more, with the same content."""
    one = {name for name in ("queueName", "wrapUpCodeName") if record[name] is not None}
    many = {name: record.get(name, {}) for name in ("userNames", "divisionNames")}
    by_id = {name: orjson.loads(found) if found.__class__ is str else found for name, found in many.items()}
    return frozenset(one | {f"{name} {each}" for name, found in by_id.items() for each in found})


def head_of_answer(conversation: Any) -> Digest:
    """The digest of what a record without its nested part can tell of a conversation."""
    if conversation.__class__ is not dict:
        return _digest(conversation)
    return _digest({name: value for name, value in conversation.items() if name not in NESTED})


def head_of_record(record: Mapping[str, Any]) -> Digest:
    """The digest of what a summary or a row tells, put back into the API's shape."""
    head = {name: value for name, value in record.items() if name not in NESTED}
    for name in (*SETS, "extras"):
        if head.get(name).__class__ is str:
            head[name] = orjson.loads(head[name])
    extras = {path: text for path, text in head["extras"].items() if steps_of(path)[0] not in NESTED}
    return digest_of_record(head | {"extras": extras})


@dataclass(frozen=True, slots=True)
class Sight:
    """How much of contents can be compared. Where that is not all, `claim` is what a record itself says of the rest.

    `dialect` is the form in which answers were served.
    """

    of_answer: Callable[[Any], Digest]
    of_record: Callable[[Mapping[str, Any]], Digest]
    claim: Callable[[Mapping[str, Any]], str]
    dialect: str = "platform"


WHOLE = Sight(digest_of_answer, digest_of_record, lambda _: "")
HEADS = Sight(head_of_answer, head_of_record, lambda record: str(record["contentHash"]))
"""For topics of summaries or rows: what differs in the nested part alone is told by the contentHash."""


def steps_of(path: str) -> Steps:
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


def put(content: dict[str, Any], path: str, value: Any) -> None:
    """Put a value where it stood. Where there is no such place, it stays under its path, which nothing is equal to."""
    place: Any = content
    *way, last = steps_of(path)
    try:
        for step in way:
            if place.__class__ is dict and place.get(step) is None:
                place[step] = {}  # an object that was empty but for this
            place = place[step]
        place[last] = value
    except (LookupError, TypeError):
        content[path] = value


def _digest(content: Any) -> Digest:
    text = orjson.dumps(_plain(content, ""), option=orjson.OPT_SORT_KEYS)
    return blake2b(text, digest_size=16).digest()


def _plain(value: Any, name: str) -> Any:
    """The one way to say it, of all that mean the same."""
    kind = value.__class__
    if kind is dict:
        members = ((key, _plain(inner, key)) for key, inner in value.items() if inner is not None)
        return {key: inner for key, inner in members if inner not in ([], {})}
    if kind is list:
        if name in SETS:
            return sorted(set(map(str, value)))
        return [_plain(inner, "") for inner in value]
    if kind is str:
        return _instant(value) if name in INSTANTS else value
    if kind is float and value.is_integer():
        return int(value)
    return value


def _instant(text: str) -> int | str:
    """Epoch milliseconds; a malformed instant stays what it is."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return text
    return round(instant.timestamp() * 1_000) if instant.tzinfo else text
