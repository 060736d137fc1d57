"""Taps on the product's way, put on from outside: they count what happens and strike where the plan says.

The product knows nothing of them. Every blow is written to a file, synced, before it falls.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from signal import Signals
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.conn import AIOKafkaConnection
from aiokafka.producer.sender import EndTxnHandler
from aiokafka.protocol.transaction import EndTxnRequest

from producer.assembly.batch import Assembly
from producer.flow.writer import Writer
from producer.kafka import restore, sink, working_copy
from producer.kafka.sink import KafkaSink
from producer.model import steps
from tests.support.chaos.plans import Blow, Point

RESTORED_AT_ONCE = 20
"""Records: so that a blow during a restore finds some of them applied, and others not."""


class Taps:
    """What a life has come to. `reached` is the only thing that strikes."""

    def __init__(self, blows: Iterable[Blow], notes: Path) -> None:
        self._blows = {(blow.point, blow.number): blow.signal for blow in blows}
        self._notes = notes
        self._counts: Counter[Point] = Counter()
        self.in_transaction = False
        self.laden = False
        self.restoring = False

    def reached(self, point: Point) -> None:
        """The life is at this point once more."""
        self._counts[point] += 1
        signal = self._blows.get((point, self._counts[point]))
        if signal is None:
            return
        self._note(point, signal)
        os.kill(os.getpid(), signal)
        while signal is Signals.SIGKILL:  # until it arrives: nothing may happen behind a death
            time.sleep(1)

    def _note(self, point: Point, signal: Signals) -> None:
        told = {
            "point": point,
            "number": self._counts[point],
            "signal": signal.value,
            "in_transaction": self.in_transaction,
            "restoring": self.restoring,
            "committed": self._counts[Point.COMMITTED],
        }
        with self._notes.open("a") as file:
            file.write(json.dumps(told) + "\n")
            file.flush()
            os.fsync(file.fileno())


def tap(taps: Taps) -> None:
    """Put all taps on. For a process that runs nothing but the daemon: they are never taken off."""
    _tap_transactions(taps)
    _tap_the_end_of_transactions(taps)
    _tap_restores(taps)
    _tap_the_flow(taps)


def _tap_transactions(taps: Taps) -> None:
    async def begin_transaction(producer: AIOKafkaProducer) -> None:
        taps.laden = False
        await begin(producer)
        taps.in_transaction = True
        taps.reached(Point.BEGUN)

    async def send_batch(producer: AIOKafkaProducer, batch: Any, topic: str, *, partition: int) -> Any:
        future = await send(producer, batch, topic, partition=partition)
        taps.reached(Point.SENT)
        if ".conversations." in topic:
            taps.laden = True
            taps.reached(Point.RECORDS_SENT)
        return future

    async def commit_transaction(producer: AIOKafkaProducer) -> None:
        taps.reached(Point.ACKNOWLEDGED)
        await commit(producer)
        taps.in_transaction = False
        taps.reached(Point.COMMITTED)
        if taps.laden:
            taps.reached(Point.RECORDS_COMMITTED)

    begin = exchange(AIOKafkaProducer, "begin_transaction", begin_transaction)
    send = exchange(AIOKafkaProducer, "send_batch", send_batch)
    commit = exchange(AIOKafkaProducer, "commit_transaction", commit_transaction)


def _tap_the_end_of_transactions(taps: Taps) -> None:
    def send_request(connection: AIOKafkaConnection, request: Any, *arguments: Any, **options: Any) -> Any:
        answer = send(connection, request, *arguments, **options)
        if isinstance(request, EndTxnRequest):
            # A loop may keep what is written until its round ends; in the next one it is on the wire.
            asyncio.get_running_loop().call_soon(taps.reached, Point.ENDING)
        return answer

    def handle_response(handler: EndTxnHandler, response: Any) -> Any:
        taps.reached(Point.ENDED)
        return handle(handler, response)

    send = exchange(AIOKafkaConnection, "send", send_request)
    handle = exchange(EndTxnHandler, "handle_response", handle_response)


def _tap_restores(taps: Taps) -> None:
    async def start_producer(*arguments: Any) -> AIOKafkaProducer:
        producer = await start(*arguments)
        taps.in_transaction = False
        taps.reached(Point.OWNED)
        return producer

    async def restore_lane(*arguments: Any) -> Any:
        taps.restoring = True
        restored = await read_back(*arguments)
        taps.restoring = False
        return restored

    def parse_key(key: bytes) -> Any:
        taps.reached(Point.RESTORING)
        return parse(key)

    def move_copy(*arguments: Any) -> None:
        taps.reached(Point.COPYING)
        move(*arguments)

    start = exchange(sink, "start_producer", start_producer)
    read_back = exchange(sink, "restore", restore_lane)
    parse = exchange(restore, "parse_key", parse_key)
    move = exchange(working_copy, "_move", move_copy)
    exchange(restore, "_RECORDS_AT_ONCE", RESTORED_AT_ONCE)


def _tap_the_flow(taps: Taps) -> None:
    async def put_step(writer: Writer, step: steps.Step) -> None:
        await put(writer, step)
        if isinstance(step, steps.Arrived):
            taps.reached(Point.PAGED)
        if isinstance(step, steps.Abandoned):
            taps.reached(Point.ABANDONED)

    def committed(assembly: Assembly, *arguments: Any) -> Any:
        news = move(assembly, *arguments)
        taps.reached(Point.MOVED)
        return news

    async def close_sink(closed: KafkaSink) -> None:
        taps.reached(Point.CLOSING)
        await close(closed)

    put = exchange(Writer, "put", put_step)
    move = exchange(Assembly, "committed", committed)
    close = exchange(KafkaSink, "close", close_sink)


def exchange(where: object, name: str, other: object) -> Any:
    """Put something in the place of a part of the product, which must be there, and return that part."""
    part = getattr(where, name)
    setattr(where, name, other)
    return part
