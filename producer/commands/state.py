"""`state show`: what the state topic remembers: the checkpoint of a source, or one of its conversations."""

from __future__ import annotations

import argparse
import asyncio
from contextlib import aclosing

import msgspec

from producer.commands.config import add_config_option
from producer.kafka.options import KafkaOptions
from producer.kafka.reader import tail
from producer.kafka.state import StateKey, decode_checkpoint, decode_conversation
from producer.model.batch import Topic
from producer.model.checkpoint import Checkpoint
from producer.model.conversation import ConversationState
from producer.options import SOURCE, kafka_options
from producer.settings import load

NOT_FOUND = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="print the checkpoint, or what is remembered of a conversation")
    show.add_argument("id", nargs="?", help="a conversation; without it the checkpoint")
    show.add_argument("--source", default=SOURCE, help="(default %(default)s)")
    add_config_option(show)


def run(arguments: argparse.Namespace) -> int:
    """Print it as JSON; returns 1 when nothing is remembered. Raises ConfigurationError, SinkError."""
    options = kafka_options(load(arguments.config, needs=("kafka",)))
    key = StateKey(arguments.source, arguments.id)
    value = asyncio.run(last_value(options, key.encoded()))
    if value is None:
        print(f"nothing is remembered of {key.id or f'source {key.source}'}")
        return NOT_FOUND
    remembered = decode_checkpoint(value) if key.id is None else decode_conversation(value)
    print(as_json(remembered))
    return 0


async def last_value(options: KafkaOptions, key: bytes) -> bytes | None:
    """The last committed value of a key of the state topic. Reads the whole topic. Raises SinkError."""
    last: bytes | None = None
    async with aclosing(tail(options, options.topics[Topic.STATE], start="beginning", follow=False)) as records:
        async for record in records:
            if record.key == key:
                last = record.value
    return last


def as_json(remembered: Checkpoint | ConversationState) -> str:
    """Indented JSON with names; hashes as hexadecimal digits."""
    plain = msgspec.to_builtins(_named(remembered))
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode()


def _named(value: object) -> object:
    """Stored structs are arrays without names; for people they get them back."""
    if isinstance(value, msgspec.Struct):
        return {name: _named(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, bytes):
        return value.hex()
    return value
