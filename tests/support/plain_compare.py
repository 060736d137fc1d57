"""A comparison for tests that are not about it: a raw conversation says in plain JSON what is to come of it.

`{"id": "a", "v": 1}` is emitted when it differs from what is known. `"poison": reason` makes a dead letter, `"stale"`,
`"regressed"` and `"touched"` (known content in other bytes) the outcomes of these names, `"drift"` lists unknown paths,
`"wide"` is a value that the encoder refuses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from producer.errors import Malformed
from producer.model.conversation import ConversationState
from producer.model.instants import Millis
from producer.model.outcome import Change, Drift, Emitted, Outcome, Poison, Regressed, Sighting, Stale, Unchanged
from producer.model.reads import RawConversation


def plain_compare(
    raw: RawConversation, known: Callable[[str], ConversationState | None], sighting: Sighting
) -> Outcome:
    content: dict[str, Any] = json.loads(bytes(raw.raw))
    digest = raw.hash
    name: str = content.get("id") or f"#{digest.hex()}"
    before = known(name)
    if before is not None and before.raw_hash == digest:
        return (
            Poison(id=None, reason="", path="", message="", state=before, repeated=True)
            if (before.dead_lettered == digest)
            else Unchanged()
        )
    state = msgspec.structs.replace(before or ConversationState(id=name), raw_hash=digest, as_of=sighting.as_of)
    if reason := content.get("poison"):
        letter = msgspec.structs.replace(state, dead_lettered=digest)
        return Poison(id=content.get("id"), reason=reason, path="$.at", message=f"{reason} found", state=letter)
    return _outcome(content, before, state)


def _outcome(content: Mapping[str, Any], before: ConversationState | None, state: ConversationState) -> Outcome:
    if "stale" in content:
        return Stale()
    if "regressed" in content:
        return Regressed(state=state)
    if "touched" in content:
        return Unchanged(state=state)
    emitted = msgspec.structs.replace(
        state,
        fingerprint=state.raw_hash,
        revision=state.revision + 1,
        version=max(state.version + 1, state.as_of),
    )
    return Emitted(
        record={**content, "revision": emitted.revision, "version": emitted.version},
        state=emitted,
        change=Change.CHANGED if before is not None and before.revision else Change.NEW,
        newest=Millis(content.get("newest", state.as_of)),
        drift=tuple(Drift(path, "field") for path in content.get("drift", ())),
    )


def encode(record: Mapping[str, Any]) -> bytes:
    """JSON in place of Avro. Raises Malformed for a record that says it is too wide for its schema."""
    if "wide" in record:
        raise Malformed("schema", "$.wide", "not a long")
    return json.dumps(record, separators=(",", ":")).encode()
