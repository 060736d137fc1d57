"""`tail`: the committed records of a topic, decoded, one JSON object a line."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Any

from producer import errors
from producer.commands.config import add_config_option
from producer.encoding.avro import Avro
from producer.kafka.reader import RawRecord, tail
from producer.model.batch import Topic
from producer.model.instants import from_millis, iso_millis
from producer.options import kafka_options
from producer.settings import load

TOPICS: Mapping[str, Topic] = {
    "conversations": Topic.CONVERSATIONS,
    "audit": Topic.AUDIT,
    "dead-letters": Topic.DEAD_LETTERS,
    "watermarks": Topic.WATERMARKS,
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("topic", choices=tuple(TOPICS), help="which topic, by purpose; its name is a setting")
    parser.add_argument("--start", choices=("beginning", "end"), default="beginning", help="(default %(default)s)")
    parser.add_argument("--follow", "-f", action="store_true", help="go on with what comes; Ctrl-C ends")
    parser.add_argument("--limit", type=int, metavar="N", help="end after so many records")
    parser.add_argument("--key", help="only records of this key (a recordId, a requestId, a source)")
    parser.add_argument("--value-only", action="store_true", help="without partition, offset, headers")
    add_config_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the records. Raises ConfigurationError, SinkUnavailable, SinkRefused."""
    asyncio.run(_print(arguments))
    return 0


async def _print(arguments: argparse.Namespace) -> None:
    options = kafka_options(load(arguments.config, needs=("kafka",)))
    avro, printed = Avro.shipped(), 0
    key = None if arguments.key is None else arguments.key.encode()
    name = options.topics[TOPICS[arguments.topic]]
    async with aclosing(tail(options, name, start=arguments.start, follow=arguments.follow)) as records:
        async for record in records:
            if key is not None and record.key != key:
                continue
            shown = shown_record(record, avro)
            print(json.dumps(shown["value"] if arguments.value_only else shown, default=_text), flush=arguments.follow)
            printed += 1
            if printed == arguments.limit:
                return


def shown_record(record: RawRecord, avro: Avro) -> dict[str, Any]:
    """A record for people: what is Avro decoded, what is JSON parsed, what is neither as text."""
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": iso_millis(from_millis(record.timestamp)),
        "key": None if record.key is None else record.key.decode(errors="replace"),
        "headers": {name: value.decode(errors="replace") for name, value in record.headers},
        "value": None if record.value is None else _decoded(record.value, avro),
    }


def _decoded(value: bytes, avro: Avro) -> Any:
    try:
        return avro.decode(value)[1]
    except errors.Malformed:
        pass
    try:
        return json.loads(value)
    except ValueError:
        return value.decode(errors="replace")


def _text(value: object) -> str:
    return iso_millis(value) if isinstance(value, datetime) else str(value)
