"""Whether a raw conversation says anything new, and as which revision it is then emitted.

Pure: what is known is asked for through a function, and the answer carries the state to remember. The cheap questions
come first; most conversations are settled by a hash of their bytes and never parsed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from msgspec import Raw
from msgspec.structs import replace

from producer import errors
from producer.model.conversation import Attributes, ConversationState, Hints, PendingRegression, Watch
from producer.model.instants import DAY
from producer.model.names import NameBook
from producer.model.outcome import Change, Emitted, Outcome, Poison, Regressed, Sighting, Stale, Unchanged
from producer.model.reads import RawConversation
from producer.transform import attributes
from producer.transform.content import ROOT, Content, parse
from producer.transform.fingerprint import FINGERPRINT_VERSION, FINGERPRINTS, fingerprint
from producer.transform.names import Names, names_of
from producer.transform.normalize import Form, Normalized

Known = Callable[[str], ConversationState | None]
Told = Mapping[str, str] | None

CONFIRMED_AFTER = 60_000
"""Milliseconds after which a second sighting of content that looks older is believed."""

_THREADS = (Watch.EMAIL, Watch.MESSAGE)
_UNCHANGED = Unchanged()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares, numbers, normalises (it is a `ports.Compare`). `names` is the directory; None: no names are told."""

    form: Form
    names: NameBook | None = None

    def __call__(self, raw: RawConversation, known: Known, sighting: Sighting) -> Outcome:
        """What came of a raw conversation. Never raises for what the conversation holds: that is Poison."""
        seen = raw.hash
        state = known(raw.id) if raw.id is not None else None
        if state is not None and seen == state.raw_hash and not self.named_since(state):
            return _seen_again(state)
        try:
            content = parse(raw.raw)
            found = self.form.identify(content)
        except errors.Malformed as error:
            if state is not None and state.redacted:  # a dead letter would hold what was to be forgotten
                return _UNCHANGED
            letter = f"#{seen.hex()}"
            return _poison(error, known(letter) or _first_seen(letter, sighting), seen)
        if found != raw.id:
            state = known(found)
        if state is None:
            state = _first_seen(found, sighting)
        elif state.redacted or (seen == state.raw_hash and not self.named_since(state)):
            return _seen_again(state)
        try:
            return _Sight(comparison=self, body=raw.raw, seen=seen, state=state, sighting=sighting).outcome(content)
        except RecursionError:
            return _poison(errors.Malformed("wrong_shape", ROOT, "objects are nested too deeply"), state, seen)

    def named_since(self, state: ConversationState) -> bool:
        """Its last record lacks a name that is known by now, and is to be sent again with it."""
        missing = state.names_missing
        return bool(missing) and self.names is not None and self.names.ripe(missing, state.names_told)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sight:
    """One conversation with a usable id, seen once. `seen` is its raw hash, `state` what is known of it."""

    comparison: Comparison
    body: bytes | Raw
    seen: bytes
    state: ConversationState
    sighting: Sighting

    def outcome(self, content: Content) -> Outcome:
        """Settle it, from its parsed content (which is converted in place)."""
        state, as_of = self.state, self.sighting.as_of
        taken = self.comparison.form.attributes_of(content)
        digest = attributes.news(taken, state.attributes, as_of)
        now = fingerprint(content)
        same = self._is_known(now)
        known_before = same and digest is None
        if known_before and not self.comparison.named_since(state):
            return self._unchanged(now)
        if not same and as_of < state.as_of:
            return Stale()  # attributes that it may bring are asked for again together with newer content
        attributes.put_back(taken)
        try:
            normalized = self.comparison.form.normalize(content)
        except errors.Malformed as error:
            return _poison(error, state, self.seen)
        if not same and self._looks_older(normalized.hints):
            pending = self._pending(now)
            if pending is not None:
                return Regressed(state=replace(state, regression=pending))
        names = names_of(normalized.record, self.comparison.names)
        emitted = self._emit(normalized, names, now, self._attributes(taken, digest))
        return dataclasses.replace(emitted, change=Change.NAMED) if known_before else emitted

    def _attributes(self, taken: list[tuple[Content, Content]], digest: bytes | None) -> tuple[Attributes | None, Told]:
        """What is remembered of the attributes from now on, and those that the record tells."""
        as_of = self.sighting.as_of
        if digest is not None:
            merged = attributes.merge(taken)
            return attributes.remembered(merged, digest, as_of), merged
        known = self.state.attributes or (attributes.known_empty(as_of) if taken else None)
        return known, known.values if known else None

    def _unchanged(self, now: bytes) -> Unchanged:
        """Known content. Other bytes, or an older fingerprint: the next comparison is to be a cheap one."""
        state = self.state
        if self.seen == state.raw_hash:
            return _seen_again(state)
        return Unchanged(
            state=replace(
                state,
                raw_hash=self.seen,
                fingerprint=now,
                fingerprint_version=FINGERPRINT_VERSION,
                regression=None,
                absent_reads=0,
                absent_since=None,
            )
        )

    def _is_known(self, now: bytes) -> bool:
        state = self.state
        if state.fingerprint_version == FINGERPRINT_VERSION or not state.fingerprint:
            return state.fingerprint == now
        before = FINGERPRINTS.get(state.fingerprint_version)
        if before is None:
            return False
        content = parse(self.body)
        self.comparison.form.attributes_of(content)
        return state.fingerprint == before(content)

    def _looks_older(self, hints: Hints) -> bool:
        known = self.state.hints
        return known is not None and hints.regressed_from(known)

    def _pending(self, now: bytes) -> PendingRegression | None:
        """What to wait with for a second sighting; None when this is the second one, and late enough."""
        first = self.state.regression
        if first is None or first.fingerprint != now:
            return PendingRegression(fingerprint=now, seen_at=self.sighting.as_of)
        return None if self.sighting.as_of - first.seen_at >= CONFIRMED_AFTER else first

    def _emit(
        self, normalized: Normalized, names: Names, now: bytes, attributes_now: tuple[Attributes | None, Told]
    ) -> Emitted:
        """The next revision. `attributes_now`: what is remembered of the attributes, and those of the record."""
        known, told = attributes_now
        before, sighting, content = self.state, self.sighting, normalized.record
        as_of = max(sighting.as_of, before.as_of)
        start, end = content["startTime"], content["endTime"]
        start_day = (as_of if start is None else start) // DAY
        state = ConversationState(
            id=before.id,
            fingerprint=now,
            fingerprint_version=FINGERPRINT_VERSION,
            raw_hash=self.seen,
            revision=before.revision + 1,
            version=max(before.version + 1, as_of),
            as_of=as_of,
            start_day=start_day,
            last_day=(as_of if end is None else end) // DAY,
            ended=end is not None,
            watch=_watch(normalized),
            hints=normalized.hints,
            attributes=known,
            names_missing=names.missing,
            names_told=names.told if names.missing else (),
            dead_lettered=before.dead_lettered,
        )
        record = {
            **content,
            **names.fields,
            "source": sighting.source,
            "version": state.version,
            "revision": state.revision,
            "resumed": before.revision == 0 and start_day < sighting.horizon_day,
            "contentHash": now.hex(),
            "origin": sighting.origin.value,
            "requestId": sighting.request_id,
            "asOf": as_of,
            "observedAt": sighting.observed_at,
            "normalizedAt": sighting.normalized_at,
            "attributes": told,
            "attributesAsOf": known.as_of if known else None,
        }
        return Emitted(
            record=record,
            state=state,
            change=Change.CHANGED if before.revision else Change.NEW,
            newest=normalized.hints.latest,
            drift=normalized.drift,
        )


def _first_seen(name: str, sighting: Sighting) -> ConversationState:
    """Nothing known yet but that it was seen: by its day it is forgotten in time, also when no content ever comes."""
    today = sighting.as_of // DAY
    return ConversationState(id=name, start_day=today, last_day=today)


def _seen_again(state: ConversationState) -> Unchanged:
    """Known bytes: nothing to remember, unless something was doubted."""
    if not state.doubted:
        return _UNCHANGED
    return Unchanged(state=replace(state, regression=None, absent_reads=0, absent_since=None))


def _poison(error: errors.Malformed, state: ConversationState, seen: bytes) -> Poison:
    return Poison(
        id=None if state.id.startswith("#") else state.id,
        reason=error.reason,
        path=error.path,
        message=error.message,
        state=replace(state, dead_lettered=seen),
        repeated=state.dead_lettered == seen,
    )


def _watch(normalized: Normalized) -> str | None:
    """Why it is looked after by id: open ones end, agents are late with wrap-ups, and ended threads reopen."""
    if normalized.record["endTime"] is None:
        return Watch.OPEN
    threads = [each for each in _THREADS if each in normalized.record["mediaTypes"]]
    return ",".join([*([Watch.WRAP_UP] if normalized.lacks_wrap_up else []), *threads]) or None
