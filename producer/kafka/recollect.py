"""What the conversations topic says of conversations whose state was forgotten: their last record is their state.

A lane forgets what no read of its own returns any more. Whoever reads an old day again must not send once more what
stands on the topic, so it is looked up there, in one walk over the topic, and kept in a working copy of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing, asynccontextmanager

from producer.kafka.options import KafkaOptions
from producer.kafka.reader import RawRecord, tail
from producer.kafka.state import StateKey, encode_conversation
from producer.kafka.working_copy import Change, Position, WorkingCopy
from producer.model.batch import Topic
from producer.model.conversation import ConversationState
from producer.model.instants import Millis

Recall = Callable[[bytes], ConversationState | None]
"""The state that the value of a record makes; None when it is not wanted. Raises Malformed."""

_AT_ONCE = 1_000
_NOWHERE = Position(topic_id=b"", next_offset=0, at=Millis(0))


@asynccontextmanager
async def recollected(
    options: KafkaOptions, source: str, recall: Recall, advance: Callable[[int], None]
) -> AsyncIterator[Callable[[Iterable[str]], dict[str, ConversationState]]]:
    """Look up states by id in what the topic holds when it is entered; `advance` is told how many records were read.

    On disk, in a temporary file. Raises SinkUnavailable, SinkRefused, Malformed.
    """
    copy = WorkingCopy(None)
    try:
        changes: list[Change] = []
        walked = 0
        async with aclosing(
            tail(options, options.topics[Topic.CONVERSATIONS], start="beginning", follow=False)
        ) as records:
            async for record in records:
                changes += _change(record, source, recall)
                walked += 1
                if walked == _AT_ONCE:
                    copy.apply(changes, _NOWHERE)
                    advance(walked)
                    changes, walked = [], 0
        copy.apply(changes, _NOWHERE)
        advance(walked)
        yield lambda ids: copy.known(source, ids)
    finally:
        copy.close()


def _change(record: RawRecord, source: str, recall: Recall) -> list[Change]:
    if record.key is None:
        return []
    key = StateKey(source, record.key.decode(errors="replace"))
    if record.value is None:
        return [(key, None)]
    state = recall(record.value)
    return [] if state is None else [(key, encode_conversation(state))]
