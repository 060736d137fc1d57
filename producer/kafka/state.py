"""What stands in the state topic: keys, format byte, and the forms behind it.

`c|<source>` is a checkpoint (JSON), `f|<source>|<id>` the state of a conversation (MessagePack), `w|<source>|<id>` a
pending delivery to the webhook (JSON); a null value forgets the key. Formats are only ever extended by fields at
the end, with a default; anything else takes a new format byte.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from producer.errors import SinkRefused, StateTooNew
from producer.model.checkpoint import Checkpoint
from producer.model.conversation import ConversationState
from producer.model.delivery import UNREADABLE, Delivery, delivery_of

FORMAT = 1
"""The newest format that this version knows, and the one it writes."""

_PREFIX = bytes([FORMAT])
_CHECKPOINT, _CONVERSATION, _DELIVERY = "c", "f", "w"

_json_encoder = msgspec.json.Encoder()
_checkpoint_decoder = msgspec.json.Decoder(Checkpoint)
_conversation_encoder = msgspec.msgpack.Encoder()
_conversation_decoder = msgspec.msgpack.Decoder(ConversationState)
_WITHOUT_FORMAT = (b"{", b"")
"""How JSON begins that a person wrote back without its format byte, which can't be seen."""


class StateKey(NamedTuple):
    """Whose state it is: a source's checkpoint (`id` None), one of its conversations, or one of its deliveries.

    A named tuple, since a restore makes a million of them.
    """

    source: str
    id: str | None = None
    delivery: bool = False

    def encoded(self) -> bytes:
        """As it stands in the topic."""
        if self.id is None:
            return f"{_CHECKPOINT}|{self.source}".encode()
        return f"{_DELIVERY if self.delivery else _CONVERSATION}|{self.source}|{self.id}".encode()


def parse_key(key: bytes | None) -> StateKey:
    """The key of a record of the state topic. Raises StateTooNew for a kind that this version does not know."""
    kind, _, rest = (key or b"").decode(errors="replace").partition("|")
    if kind == _CHECKPOINT:
        return StateKey(rest)
    if kind in (_CONVERSATION, _DELIVERY):
        source, _, identifier = rest.partition("|")
        return StateKey(source, identifier, kind == _DELIVERY)
    raise StateTooNew(f"a key of an unknown kind: {key!r}")


def check_format(value: bytes) -> None:
    """Raises StateTooNew when a value was written in a format that this version does not know."""
    if value[:1] != _PREFIX:
        raise StateTooNew(f"format {value[0] if value else 'missing'}, and this version knows {FORMAT}")


def check_format_of_delivery(value: bytes) -> None:
    """Raises StateTooNew; not for what a person wrote back: a message must not hold up what is captured."""
    if value[:1] not in _WITHOUT_FORMAT:
        check_format(value)


def encode_checkpoint(checkpoint: Checkpoint) -> bytes:
    """The stored form: JSON, for people with a Kafka tool."""
    return _PREFIX + _json_encoder.encode(checkpoint)


def decode_checkpoint(value: bytes) -> Checkpoint:
    """The checkpoint of a stored form. Raises StateTooNew, SinkRefused (it can't be read)."""
    check_format(value)
    try:
        return _checkpoint_decoder.decode(value[1:])
    except UNREADABLE as exc:
        raise SinkRefused(f"a checkpoint in the state topic can't be read: {exc}") from exc


def encode_conversation(state: ConversationState) -> bytes:
    """The stored form of a conversation's state."""
    return _PREFIX + _conversation_encoder.encode(state)


def decode_conversation(value: bytes) -> ConversationState:
    """The state of a stored form. Raises StateTooNew, SinkRefused (it can't be read)."""
    check_format(value)
    try:
        return _conversation_decoder.decode(value[1:])
    except UNREADABLE as exc:
        raise SinkRefused(f"a conversation's state in the state topic can't be read: {exc}") from exc


def encode_delivery(delivery: Delivery) -> bytes:
    """The stored form: JSON, for people with a Kafka tool."""
    return _PREFIX + _json_encoder.encode(delivery)


def decode_delivery(value: bytes) -> Delivery:
    """The pending delivery of a stored form. Raises StateTooNew, SinkRefused (it can't be read)."""
    check_format_of_delivery(value)
    try:
        return delivery_of(value.removeprefix(_PREFIX))
    except ValueError as exc:
        raise SinkRefused(f"a pending delivery in the state topic can't be read: {exc}") from exc
