"""The flat head of a record: what people ask for first, told from the whole detail in one walk over it.

Works on converted content (instants are epoch milliseconds). Order of time is the order of `segmentStart`; what has the
same start keeps the order of the API.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from producer.model.conversation import Hints
from producer.model.instants import Millis
from producer.transform.channels import ACCOMPANYING, CUSTOMER_SIDE, UNKNOWN, channel_of
from producer.transform.content import Content

_QUEUE_SIDE = "acd"  # the participant that stands for a queue offering the conversation to agents

_WRAP_UP = "wrapup"  # the segment in which an agent is asked for a code

_start = itemgetter(0)
Timed = list[tuple[int, Any]]


@dataclass(slots=True)
class Timeline:
    """What a walk over a conversation collected, each with its start; `sort` puts all of it in order of time."""

    newest: int = 0
    segments: int = 0
    measured: int = 0
    lacks_wrap_up: bool = False
    sessions: Timed = field(default_factory=list)
    customer_sessions: Timed = field(default_factory=list)
    users: Timed = field(default_factory=list)
    queues: Timed = field(default_factory=list)
    offers: Timed = field(default_factory=list)
    wrap_ups: Timed = field(default_factory=list)
    disconnects: Timed = field(default_factory=list)
    metrics: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def sort(self) -> None:
        """Put everything in order of time."""
        for timed in (
            self.sessions,
            self.customer_sessions,
            self.users,
            self.queues,
            self.offers,
            self.wrap_ups,
            self.disconnects,
        ):
            if len(timed) > 1:
                timed.sort(key=_start)


def walk(content: Content) -> Timeline:
    """Collect from the participants of converted content what the head is told from."""
    began = content.get("conversationStart", 0)
    line = Timeline(newest=max(began, content.get("conversationEnd", 0)))
    for participant in content.get("participants", ()):
        _participant(line, participant, began)
    for name in ("evaluations", "surveys", "resolutions"):
        _see(line, content.get(name, ()), "eventTime")
    line.sort()
    return line


def _participant(line: Timeline, participant: Content, began: int) -> None:
    purpose = participant.get("purpose")
    first: int | None = None
    for session in participant.get("sessions", ()):
        start = _segments(line, session, purpose, began)
        first = start if first is None else min(first, start)
        line.sessions.append((start, session))
        if purpose in CUSTOMER_SIDE:
            line.customer_sessions.append((start, session))
        _metrics(line, session.get("metrics", ()))
        _see(line, session.get("mediaEndpointStats", ()), "eventTime")
    if "userId" in participant:
        line.users.append((began if first is None else first, participant["userId"]))


def _segments(line: Timeline, session: Content, purpose: str | None, began: int) -> int:
    """Collect from the segments of a session; returns when it began."""
    segments = session.get("segments", ())
    line.segments += len(segments)
    earliest: int | None = None
    newest = line.newest
    for segment in segments:
        start = segment.get("segmentStart", began)
        if earliest is None or start < earliest:
            earliest = start
        newest = max(newest, start, segment.get("segmentEnd", 0))
        queue = segment.get("queueId")
        if queue is not None:
            line.queues.append((start, queue))
            if purpose == _QUEUE_SIDE:
                line.offers.append((start, queue))
        if "wrapUpCode" in segment:
            line.wrap_ups.append((start, segment))
        elif segment.get("segmentType") == _WRAP_UP:
            line.lacks_wrap_up = True
        if purpose in CUSTOMER_SIDE and "disconnectType" in segment:
            line.disconnects.append((start, segment["disconnectType"]))
    line.newest = newest
    return began if earliest is None else earliest


def _metrics(line: Timeline, metrics: Iterable[Content]) -> None:
    sums, newest = line.metrics, line.newest
    for metric in metrics:
        line.measured += 1
        if "name" in metric:
            sums[metric["name"]] += metric.get("value", 0)
        newest = max(newest, metric.get("emitDate", 0))
    line.newest = newest


def _see(line: Timeline, things: Iterable[Content], instant: str) -> None:
    for thing in things:
        line.newest = max(line.newest, thing.get(instant, 0))


def head_of(content: Content, line: Timeline) -> dict[str, Any]:
    """The fields of the head that speak of the content."""
    start, end = content.get("conversationStart"), content.get("conversationEnd")
    duration = end - start if start is not None and end is not None else None
    queues = _distinct(line.queues)
    wrap_up = line.wrap_ups[-1][1] if line.wrap_ups else {}
    return {
        "channelType": _channel(line),
        "direction": content.get("originatingDirection"),
        "startTime": start,
        "endTime": end,
        "durationMs": duration if duration is not None and duration >= 0 else None,
        "participantCount": len(content.get("participants", ())),
        "queueId": line.offers[-1][1] if line.offers else queues[-1] if queues else None,
        "queueName": None,
        "queueIds": queues,
        "userIds": _distinct(line.users),
        "userNames": {},
        "divisionIds": content.get("divisionIds", []),
        "divisionNames": {},
        "mediaTypes": _words(line.sessions, "mediaType"),
        "messageTypes": _words(line.sessions, "messageType"),
        "wrapUpCodes": list(dict.fromkeys(segment["wrapUpCode"] for _, segment in line.wrap_ups)),
        "wrapUpCode": wrap_up.get("wrapUpCode"),
        "wrapUpCodeName": None,
        "wrapUpNote": wrap_up.get("wrapUpNote"),
        "disconnectType": line.disconnects[-1][1] if line.disconnects else None,
        "metrics": dict(line.metrics),
    }


def hints_of(content: Content, line: Timeline) -> Hints:
    """What only ever grows while replicas agree."""
    return Hints(
        ended="conversationEnd" in content,
        participants=len(content.get("participants", ())),
        sessions=len(line.sessions),
        segments=line.segments,
        metrics=line.measured,
        latest=Millis(line.newest),
    )


def _channel(line: Timeline) -> str:
    for timed in (line.customer_sessions, line.sessions):
        for _, session in timed:
            if session.get("mediaType") not in ACCOMPANYING:
                return channel_of(session.get("mediaType"), session.get("messageType"))
    return UNKNOWN


def _distinct(timed: Timed) -> list[Any]:
    return list(dict.fromkeys([value for _, value in timed]))


def _words(sessions: Timed, name: str) -> list[str]:
    return list(dict.fromkeys([session[name] for _, session in sessions if name in session]))
