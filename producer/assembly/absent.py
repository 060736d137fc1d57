"""Conversations that were asked for by id and are not there. Pure.

An answer leaves out what it does not know, also for a moment; only what is missing for long is given up.
"""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from producer.model.conversation import ConversationState
from producer.model.instants import Millis

GONE_AFTER_READS = 5
GONE_AFTER = timedelta(days=7)
"""What is absent from so many reads over so long a time is gone: it is no longer asked for."""


def missed(state: ConversationState, at: Millis) -> ConversationState:
    """The state after one more read without it; `watch` is None once it is gone."""
    reads, since = state.absent_reads + 1, state.absent_since or at
    gone = reads >= GONE_AFTER_READS and at - since >= GONE_AFTER // timedelta(milliseconds=1)
    return replace(state, absent_reads=reads, absent_since=since, watch=None if gone else state.watch)
