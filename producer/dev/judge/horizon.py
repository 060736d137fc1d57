"""By when a read must have shown what became visible, and when no read can show it any more. Pure.

Worked out from what the API returns and from how long capture promises to look; how capture plans its reads is not
asked. All bounds are on the product's side where a read may come earlier or later: it is not blamed for what only
luck would have shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from producer.dev.judge.evidence import TrueConversation, TrueState

DAY = 86_400_000
STEPS_PER_AGE = 8
"""Windows that are read again are no longer than this part of the age they are read at, a day, or a UTC day's rest."""

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """How long capture looks, as the product is set; the defaults are its own. `head` is head lag and overlap together.

    Ended conversations are asked for by id so long after their end: `wrap_up` where an agent owes one, `message` and
    `email` for threads. Open ones are found by id at the first start when they began up to `adopt` before it.
    `allowance` is how late a read may be in this run; `by_id` is false where nothing can be asked for by id.
    """

    head: timedelta = 5 * _MINUTE + timedelta(seconds=30)
    rereads: tuple[timedelta, ...] = (15 * _MINUTE, 2 * _HOUR, 24 * _HOUR, 8 * _DAY)
    wrap_up: timedelta = 4 * _HOUR
    message: timedelta = 72 * _HOUR
    email: timedelta = 30 * _DAY
    adopt: timedelta = 30 * _DAY
    allowance: timedelta = 10 * _MINUTE
    by_id: bool = True
    open_steps: tuple[tuple[timedelta, timedelta], ...] = (
        (_DAY, _MINUTE),
        (7 * _DAY, 15 * _MINUTE),
        (90 * _DAY, _HOUR),
    )
    """From one request for an open conversation to the next, at most, while it is younger; then weekly."""
    thread_step: timedelta = _DAY
    """The same for an ended thread."""
    wrap_up_step: timedelta = 15 * _MINUTE
    """The same for an ended one that lacks a wrap-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What can still be seen in a run whose first read was at `begin`, milliseconds of the organisation's clock."""

    horizon: Horizon
    begin: int

    def due(self, conversation: TrueConversation, number: int, seen: int) -> int | None:
        """By when a read must have shown state `number` or a later one; None when none can return it any more.

        A state that is followed by another one before its read came is shown by the reads that return that one, if any
        do. `seen` is the number of the last state that a read was served, -1 for none.
        """
        known = max(seen, self._adopted(conversation))
        due: int | None = None
        for state in conversation.states[number:]:
            if state is not conversation.states[number] and (due is None or due <= state.visible_at):
                break
            found = self._by_windows(conversation.start, state), self._by_id(conversation, state, known)
            due = min((each for each in found if each is not None), default=None)
        return due

    def _by_windows(self, start: int, state: TrueState) -> int | None:
        """A window returns it only on its start day and while it lives; the last such window is read at every age."""
        midnight = start - start % DAY + DAY
        life_end = min(state.visible_at if state.end is None else state.end, midnight)
        if life_end < self.begin:
            return None
        for age, step in self._ages():
            if life_end + age >= state.visible_at:
                return life_end + age + step
        return None

    def _ages(self) -> Iterator[tuple[int, int]]:
        """Each age that windows are read at, and how much later than at that age the read may come."""
        yield _millis(self.horizon.head), 0
        for age in self.horizon.rereads:
            yield _millis(age), min(_millis(age) // STEPS_PER_AGE, DAY)

    def _by_id(self, conversation: TrueConversation, state: TrueState, known: int) -> int | None:
        """Capture asks for what it knows, as long as the state that it knows is a reason to ask."""
        if known < 0 or conversation.poison or not self.horizon.by_id:
            return None
        end = conversation.states[known].end
        if end is None:
            midnight = conversation.start - conversation.start % DAY + DAY
            asked_at = max(state.visible_at, midnight)
            return asked_at + self._open_step(asked_at - conversation.start)
        steps = (step for span, step in self._reasons(conversation, known) if state.visible_at + step <= end + span)
        return min((state.visible_at + step for step in steps), default=None)

    def _open_step(self, age: int) -> int:
        steps = (step for younger, step in self.horizon.open_steps if age < _millis(younger))
        return _millis(next(steps, 7 * _DAY))

    def _reasons(self, conversation: TrueConversation, known: int) -> Iterator[tuple[int, int]]:
        """Why an ended conversation is asked for: until how long after its end, and how seldom."""
        horizon = self.horizon
        if conversation.wrap_up is not None and known < conversation.wrap_up:
            yield _millis(horizon.wrap_up), _millis(horizon.wrap_up_step)
        if conversation.thread:
            span = horizon.email if conversation.thread == "email" else horizon.message
            yield _millis(span), _millis(horizon.thread_step)

    def _adopted(self, conversation: TrueConversation) -> int:
        """The state in which the first start found it open and took it on, -1 if it need not have."""
        settled = self.begin + _millis(self.horizon.allowance)
        shown = [number for number, state in enumerate(conversation.states) if state.visible_at <= self.begin]
        soon = [state for state in conversation.states if state.visible_at <= settled]
        young = conversation.start >= self.begin - _millis(self.horizon.adopt)
        found = shown and young and all(state.end is None for state in soon[shown[-1] :])
        return shown[-1] if found else -1


def _millis(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
