"""What is remembered of conversations that are seen again and again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from producer.model.conversation import ConversationState
from producer.model.outcome import Emitted, Outcome
from producer.model.reads import Origin, RawConversation
from tests.support.conversations import (
    NOON,
    comparison,
    conversation,
    seen,
    sighting,
)

COMPARE = comparison()
ENDED = conversation(conversationEnd="2025-03-10T11:00:00.000Z")
BROKEN = conversation(conversationStart="2025-03-1T10:00:00.000Z")


@dataclass
class Memory:
    """What is remembered, moved on by every outcome as a commit would."""

    states: dict[str, ConversationState] = field(default_factory=dict)

    def see(self, content: Any, at: int = NOON, origin: Origin = Origin.QUERY, horizon_day: int = 0) -> Outcome:
        """Compare, and remember."""
        raw = content if isinstance(content, RawConversation) else seen(content)
        outcome = COMPARE(raw, self.states.get, sighting(at, origin, horizon_day))
        state = getattr(outcome, "state", None)
        if state is not None:
            self.states[state.id] = state
        return outcome

    def emit(self, content: Any, at: int = NOON, origin: Origin = Origin.QUERY, horizon_day: int = 0) -> Emitted:
        """The same, where something is to be emitted."""
        outcome = self.see(content, at, origin, horizon_day)
        assert isinstance(outcome, Emitted), outcome
        return outcome


def with_attributes(content: dict[str, Any], **attributes: str) -> dict[str, Any]:
    first, *others = content["participants"]
    return content | {"participants": [first | {"attributes": attributes}, *others]}
