"""What happens in a conversation of each profile, and when: a list of beats.

Pure: dice and a start instant in, beats out. What a beat does to the content is told in `story`; when it becomes
visible is decided in `population`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from producer.simulator.clock import DAY, HOUR, MINUTE, SECOND
from producer.simulator.dice import chance, skewed

_MOST_BEATS = 20


class Cause(enum.StrEnum):
    """Why a conversation's content changed."""

    STARTED = "started"
    QUEUED = "queued"
    UNANSWERED = "unanswered"
    ANSWERED = "answered"
    HELD = "held"
    RESUMED = "resumed"
    TRANSFERRED = "transferred"
    CONFERENCED = "conferenced"
    ENDED = "ended"
    WRAPUP = "wrapup"
    CLOSED = "closed"
    """A stuck one, closed by a clean-up weeks later."""
    REOPENED = "reopened"
    TAGGED = "tagged"
    SURVEY = "survey"
    EVALUATION = "evaluation"
    RESOLUTION = "resolution"


class Beat(NamedTuple):
    """Something that happens. `end` is the conversation's end once it has, None while it is open."""

    cause: Cause
    at: int
    end: int | None

    def scaled(self, start: int, factor: float) -> Beat:
        """The same beat of a conversation from `start` that lives so much shorter."""
        end = None if self.end is None else start + int((self.end - start) * factor)
        return Beat(self.cause, start + int((self.at - start) * factor), end)


class Profile(NamedTuple):
    """A kind of conversation."""

    name: str
    media: str
    direction: str
    weight: float
    outline: Callable[[Random, int], list[Beat]]


def _work(dice: Random, at: int, longest: int) -> tuple[list[Beat], int]:
    """An agent answers at `at` and works until the returned instant, with holds now and then."""
    beats = [Beat(Cause.ANSWERED, at, None)]
    for _ in range(dice.choice((0, 0, 0, 1, 2))):
        at += skewed(dice, 20 * SECOND, longest // 6)
        beats.append(Beat(Cause.HELD, at, None))
        at += skewed(dice, 10 * SECOND, longest // 8)
        beats.append(Beat(Cause.RESUMED, at, None))
    return beats, at + skewed(dice, 15 * SECOND, longest // 2)


def _wrap_up(dice: Random, at: int) -> list[Beat]:
    """The end, and the wrap-up after it: usually a minute later, sometimes entered hours later but dated back.

    While an agent still owes it, three in ten have no end yet.
    """
    if chance(dice, 0.1):
        return [Beat(Cause.ENDED, at, at)]
    done = at + skewed(dice, 3 * SECOND, 4 * MINUTE)
    entered = done + skewed(dice, 5 * MINUTE, 8 * HOUR) if chance(dice, 0.03) else done
    pending = chance(dice, 0.3) and entered == done
    return [Beat(Cause.ENDED, at, None if pending else at), Beat(Cause.WRAPUP, entered, done)]


def _handled(longest: int) -> Callable[[Random, int], list[Beat]]:
    """Queue, agent, end: the ordinary case, at most `longest` from the answer to the end."""

    def outline(dice: Random, start: int) -> list[Beat]:
        queued = start + skewed(dice, 3 * SECOND, MINUTE)
        beats = [Beat(Cause.STARTED, start, None), Beat(Cause.QUEUED, queued, None)]
        answered = queued + skewed(dice, 2 * SECOND, 3 * MINUTE)
        if chance(dice, 0.05):
            beats.append(Beat(Cause.UNANSWERED, answered, None))
            answered += skewed(dice, 5 * SECOND, MINUTE)
        work, ended = _work(dice, answered, longest)
        return [*beats, *work, *_wrap_up(dice, ended)]

    return outline


def _abandoned(dice: Random, start: int) -> list[Beat]:
    queued = start + skewed(dice, 3 * SECOND, MINUTE)
    ended = queued + skewed(dice, SECOND, 6 * MINUTE)
    return [Beat(Cause.STARTED, start, None), Beat(Cause.QUEUED, queued, None), Beat(Cause.ENDED, ended, ended)]


def _outbound(dice: Random, start: int) -> list[Beat]:
    work, ended = _work(dice, start + skewed(dice, 3 * SECOND, 40 * SECOND), 15 * MINUTE)
    return [Beat(Cause.STARTED, start, None), *work, *_wrap_up(dice, ended)]


def _transferred(dice: Random, start: int) -> list[Beat]:
    queued = start + skewed(dice, 3 * SECOND, MINUTE)
    work, moved = _work(dice, queued + skewed(dice, 2 * SECOND, 5 * MINUTE), HOUR)
    again, ended = _work(dice, moved + skewed(dice, 5 * SECOND, 10 * MINUTE), 2 * HOUR)
    first = [Beat(Cause.STARTED, start, None), Beat(Cause.QUEUED, queued, None), *work]
    return [*first, Beat(Cause.TRANSFERRED, moved, None), *again, *_wrap_up(dice, ended)]


def _conference(dice: Random, start: int) -> list[Beat]:
    queued = start + skewed(dice, 3 * SECOND, MINUTE)
    work, joined = _work(dice, queued + skewed(dice, 2 * SECOND, 5 * MINUTE), HOUR)
    ended = joined + skewed(dice, MINUTE, 2 * HOUR)
    first = [Beat(Cause.STARTED, start, None), Beat(Cause.QUEUED, queued, None), *work]
    return [*first, Beat(Cause.CONFERENCED, joined, None), *_wrap_up(dice, ended)]


def _thread(wait: int, work: int, reopening: float, horizon: int) -> Callable[[Random, int], list[Beat]]:
    """A mail or message that waits up to `wait`, is worked on up to `work`, and may be reopened within `horizon`."""

    def outline(dice: Random, start: int) -> list[Beat]:
        queued = start + skewed(dice, SECOND, MINUTE)
        beats, ended = _work(dice, queued + skewed(dice, MINUTE, wait), work)
        beats = [Beat(Cause.STARTED, start, None), Beat(Cause.QUEUED, queued, None), *beats]
        beats += [Beat(Cause.ENDED, ended, ended)]
        while chance(dice, reopening) and len(beats) < _MOST_BEATS:
            again = ended + skewed(dice, 10 * MINUTE, horizon)
            more, ended = _work(dice, again + skewed(dice, MINUTE, wait), work)
            beats += [Beat(Cause.REOPENED, again, None), *more, Beat(Cause.ENDED, ended, ended)]
        return beats

    return outline


def _stuck(dice: Random, start: int) -> list[Beat]:
    """The customer left, but a session stays open until a clean-up finds it two months later, or for ever."""
    beats = [beat for beat in _handled(20 * MINUTE)(dice, start) if beat.cause not in (Cause.ENDED, Cause.WRAPUP)]
    if chance(dice, 0.3):
        return beats
    closed = start + 59 * DAY + int(DAY * dice.random())
    return [*beats, Beat(Cause.CLOSED, closed, closed)]


BRIEF = (
    Profile("voice", "voice", "inbound", 56, _handled(20 * MINUTE)),
    Profile("voice-abandoned", "voice", "inbound", 8, _abandoned),
    Profile("voice-outbound", "voice", "outbound", 14, _outbound),
    Profile("chat", "chat", "inbound", 10, _handled(20 * MINUTE)),
    Profile("message", "message", "inbound", 12, _handled(20 * MINUTE)),
)
"""At most about half an hour from start to end."""

LONG = (
    Profile("voice-transferred", "voice", "inbound", 40, _transferred),
    Profile("voice-conference", "voice", "inbound", 10, _conference),
    Profile("callback", "callback", "inbound", 25, _thread(HOUR, 40 * MINUTE, 0.0, HOUR)),
    Profile("message-slow", "message", "inbound", 25, _thread(20 * MINUTE, 3 * HOUR, 0.0, HOUR)),
)
"""Up to some hours."""

THREADS = (
    Profile("email", "email", "inbound", 60, _thread(10 * HOUR, 2 * HOUR, 0.15, DAY)),
    Profile("email-outbound", "email", "outbound", 10, _thread(2 * HOUR, 2 * HOUR, 0.2, DAY)),
    Profile("message-thread", "message", "inbound", 30, _thread(10 * MINUTE, 2 * HOUR, 0.5, 20 * HOUR)),
)
"""Up to some days, often reopened."""

AGES = (
    Profile("email-thread", "email", "inbound", 50, _thread(3 * DAY, DAY, 0.6, 12 * DAY)),
    Profile("message-return", "message", "inbound", 30, _thread(HOUR, 8 * HOUR, 0.6, 3 * DAY)),
    Profile("voice-stuck", "voice", "inbound", 20, _stuck),
)
"""Weeks, months, for ever."""


def aftermath(dice: Random, ended: int) -> list[Beat]:
    """What comes after the last end, apart from the wrap-up; `end` is filled in by the caller."""
    beats = []
    if chance(dice, 0.02):
        beats.append(Beat(Cause.TAGGED, ended + skewed(dice, 10 * SECOND, DAY), None))
    if chance(dice, 0.06):
        beats.append(Beat(Cause.SURVEY, ended + skewed(dice, 5 * MINUTE, 3 * DAY), None))
    if chance(dice, 0.04):
        pending = ended + skewed(dice, 10 * MINUTE, 5 * DAY)
        beats.append(Beat(Cause.EVALUATION, pending, None))
        beats.append(Beat(Cause.EVALUATION, pending + skewed(dice, 10 * MINUTE, 10 * DAY), None))
    if chance(dice, 0.1):
        beats.append(Beat(Cause.RESOLUTION, ended + 7 * DAY + int(DAY * dice.random()), None))
    return beats
