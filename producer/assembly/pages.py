"""From one page to the records, states and counts that its transaction will carry.

Pure: what is known of the conversations is asked for through a function, and nothing is kept. One bad conversation
becomes a dead letter and never stops the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from producer import errors
from producer.assembly import envelope
from producer.events import ConversationDeadLettered, PageCompared
from producer.model.batch import Headers, Outgoing, Topic
from producer.model.conversation import ConversationState
from producer.model.instants import Millis, from_millis, to_millis
from producer.model.outcome import Change, Drift, Emitted, Outcome, Poison, Regressed, Sighting, Stale, Unchanged
from producer.model.reads import Page, RawConversation, Read
from producer.ports import Compare, Encode

_MOST_LETTERS = 2_000  # no page has more conversations: numbers its dead letters within their read

Known = Callable[[str, Iterable[str]], Mapping[str, ConversationState]]


@dataclass(slots=True)
class PageResult:
    """What came of a page. `newest`: the newest instant of every emitted conversation; `first_seen`: ids new to us."""

    records: list[Outgoing] = field(default_factory=list)
    states: dict[str, ConversationState] = field(default_factory=dict)
    emitted: Counter[Change] = field(default_factory=Counter)
    unchanged: int = 0
    stale: int = 0
    regressed: int = 0
    letters: list[ConversationDeadLettered] = field(default_factory=list)
    newest: list[Millis] = field(default_factory=list)
    drift: set[Drift] = field(default_factory=set)
    size: int = 0
    first_seen: int = 0

    def told(self, source: str, read: Read, number: int) -> PageCompared:
        """The counts as an event, without freshness: that is known at the commit."""
        return PageCompared(
            source=source,
            read=read,
            number=number,
            new=self.emitted[Change.NEW],
            changed=self.emitted[Change.CHANGED],
            named=self.emitted[Change.NAMED],
            unchanged=self.unchanged,
            stale=self.stale,
            regressed=self.regressed,
            dead_letters=Counter(letter.reason for letter in self.letters),
            drift=tuple(sorted(self.drift)),
        )

    def append(self, record: Outgoing) -> None:
        """Add a record and what it weighs, in bytes of its value."""
        self.records.append(record)
        self.size += len(record.value or b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWorker:
    """Compares and encodes the conversations of a page. `limits`: the largest value that each topic takes, in bytes;
    `kind`: what headers call a record.
    """

    source: str
    compare: Compare
    encode: Encode
    known: Known
    limits: Mapping[Topic, int]
    conversations_topic: str
    kind: str = envelope.CONVERSATION

    def work(
        self, read: Read, page: Page, *, pending: Mapping[str, ConversationState], horizon_day: int, now: datetime
    ) -> PageResult:
        """Everything that a page adds to a batch whose states so far are `pending`."""
        sighting = Sighting(
            source=self.source,
            request_id=read.request_id,
            origin=read.origin,
            as_of=to_millis(page.as_of),
            observed_at=to_millis(page.observed_at),
            normalized_at=to_millis(now),
            horizon_day=horizon_day,
        )
        asked = {raw.id for raw in page.conversations if raw.id and raw.id not in pending}
        remembered = dict(self.known(self.source, asked))
        result = PageResult()

        def look_up(conversation_id: str) -> ConversationState | None:
            state = result.states.get(conversation_id) or pending.get(conversation_id)
            if state is not None:
                return state
            if conversation_id not in asked:  # parsing found another id than the raw bytes showed
                asked.add(conversation_id)
                remembered.update(self.known(self.source, [conversation_id]))
            return remembered.get(conversation_id)

        run = _PageRun(
            worker=self, read=read, page_number=page.number, sighting=sighting, look_up=look_up, result=result
        )
        for raw in page.conversations:
            state = remembered.get(raw.id) if raw.id else None
            if state is not None and _told_already(state, raw) and state.id not in result.states:
                result.unchanged += 1  # most of most pages: nothing to compare, nothing to remember
            else:
                run.settle(raw, self.compare(raw, look_up, sighting))
        result.first_seen = len(result.states.keys() - remembered.keys() - pending.keys())
        return result

    def fitting(self, outcome: Emitted) -> bytes:
        """The encoded record. Raises Malformed when it fits neither the schema nor the topic."""
        value = self.encode(outcome.record)
        limit = self.limits[Topic.CONVERSATIONS]
        if len(value) > limit:
            raise errors.Malformed("too_large", "$", f"{len(value)} bytes, the topic takes {limit},")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class _PageRun:
    """One page in work."""

    worker: PageWorker
    read: Read
    page_number: int
    sighting: Sighting
    look_up: Callable[[str], ConversationState | None]
    result: PageResult

    def settle(self, raw: RawConversation, outcome: Outcome) -> None:
        """Put the outcome of one conversation into the result."""
        result = self.result
        match outcome:
            case Unchanged(state=state):
                result.unchanged += 1
                if state is not None:
                    result.states[state.id] = state
            case Stale():
                result.stale += 1
            case Regressed(state=state):
                result.regressed += 1
                result.states[state.id] = state
            case Emitted():
                self._emit(raw, outcome)
            case Poison(repeated=True):
                result.unchanged += 1
            case Poison(reason=reason, path=path, message=message, state=state):
                self._dead_letter(raw, state, errors.Malformed(reason, path, message), stage="normalising")

    def _emit(self, raw: RawConversation, outcome: Emitted) -> None:
        result, state = self.result, outcome.state
        try:
            value = self.worker.fitting(outcome)
        except errors.Malformed as error:
            self._dead_letter(raw, _unsent(state, self.look_up(state.id)), error, stage="encoding")
            return
        event_id = f"{state.id}:{state.version}"
        headers = self._headers(self.worker.kind, event_id, state.id)
        result.append(Outgoing(Topic.CONVERSATIONS, state.id.encode(), value, headers))
        result.states[state.id] = state
        result.emitted[outcome.change] += 1
        if outcome.change is not Change.NAMED:  # nothing happened in the conversation
            result.newest.append(outcome.newest)
        result.drift.update(outcome.drift)

    def _dead_letter(
        self, raw: RawConversation, state: ConversationState, error: errors.Malformed, *, stage: str
    ) -> None:
        record_id = None if state.id.startswith("#") else state.id
        body = bytes(raw.raw)
        limit = self.worker.limits[Topic.DEAD_LETTERS]
        event_id = f"{self.read.request_id}:{self.page_number * _MOST_LETTERS + len(self.result.letters)}"
        headers = (
            *self._headers(envelope.DEAD_LETTER, event_id, record_id, content=envelope.JSON),
            *envelope.failure_headers(
                error, stage=stage, topic=self.worker.conversations_topic, window=str(self.read.slice or "by id")
            ),
            *((("truncated-from", str(len(body)).encode()),) if len(body) > limit else ()),
        )
        key = record_id.encode() if record_id else None
        self.result.append(Outgoing(Topic.DEAD_LETTERS, key, body[:limit], headers))
        self.result.states[state.id] = state
        self.result.letters.append(
            ConversationDeadLettered(
                source=self.worker.source,
                read=self.read,
                conversation_id=record_id,
                reason=error.reason,
                path=error.path,
                message=str(error),
            )
        )

    def _headers(self, kind: str, event_id: str, subject: str | None, *, content: bytes = envelope.AVRO) -> Headers:
        return envelope.headers(
            kind,
            event_id=event_id,
            source=self.worker.source,
            subject=subject,
            at=from_millis(self.sighting.normalized_at),
            request_id=self.read.request_id,
            content=content,
        )


def _told_already(state: ConversationState, raw: RawConversation) -> bool:
    """Known bytes, with nothing waiting for the next sighting: no doubt, and no name that may be known by now."""
    return state.raw_hash == raw.hash and not state.doubted and not state.names_missing


def _unsent(unsendable: ConversationState, known: ConversationState | None) -> ConversationState:
    """What is remembered of a record that can't be sent: what was, and its raw hash: its letter is sent once.

    No name is waited for: these bytes do not fit with it either.
    """
    before = known or ConversationState(id=unsendable.id, start_day=unsendable.start_day, last_day=unsendable.last_day)
    seen = unsendable.raw_hash
    return msgspec.structs.replace(before, raw_hash=seen, dead_lettered=seen, names_missing=())
