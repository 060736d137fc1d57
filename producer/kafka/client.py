"""Starting aiokafka's clients: in bounded time, with a reason when it fails, and leaving nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Literal

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError

from producer.kafka.discard import close_in_time, discard
from producer.kafka.failures import FOREIGN, ConnectionReasons, as_sink_error
from producer.kafka.options import KafkaOptions
from producer.kafka.security import security_arguments

MAX_BATCH_BYTES = 900_000
"""Below the 1 MiB that brokers take by default; a larger record travels alone."""

_RETRY_BACKOFF = 20  # ms; a start after a kill then recovers in 30 ms instead of 110
_FETCH_BYTES = 4 << 20
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0  # seconds between attempts to connect


async def start_producer(options: KafkaOptions, lane: int) -> AIOKafkaProducer:
    """A producer that owns the lane: its predecessors are fenced and their open transactions aborted.

    Raises SinkUnavailable, SinkRefused. Let go of it with `discard` only.
    """

    def make() -> AIOKafkaProducer:
        """A new one: what failed to start is never used again."""
        return AIOKafkaProducer(
            **_common(options),
            transactional_id=options.transactional_id(lane),
            transaction_timeout_ms=_millis(options.transaction_timeout),
            compression_type=None if options.compression == "none" else options.compression,
            max_batch_size=MAX_BATCH_BYTES,
            linger_ms=0,
        )

    return await _started(options, f"taking over lane {lane}", make, discard)


async def start_appender(options: KafkaOptions) -> AIOKafkaProducer:
    """A producer without a transaction, idempotent: it fences nobody. Let go of it with `discard` only.

    Raises SinkUnavailable, SinkRefused.
    """

    def make() -> AIOKafkaProducer:
        """A new one for every try."""
        return AIOKafkaProducer(**_common(options), enable_idempotence=True, linger_ms=0)

    return await _started(options, "appending", make, discard)


@asynccontextmanager
async def consumer(
    options: KafkaOptions, *, isolation: Literal["read_committed", "read_uncommitted"] = "read_committed"
) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group. Raises SinkUnavailable, SinkRefused."""

    def make() -> AIOKafkaConsumer:
        """A new one for every try."""
        return AIOKafkaConsumer(
            **_common(options),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level=isolation,
            max_partition_fetch_bytes=_FETCH_BYTES,
            fetch_max_wait_ms=100,
        )

    async def stop(client: AIOKafkaConsumer) -> None:
        """Stop it in bounded time."""
        await close_in_time(client._client, client.stop)  # noqa: SLF001 - there is no public way to its connections

    client = await _started(options, "reading", make, stop)
    try:
        await asyncio.sleep(0)  # aiokafka's stop fails on a side task of its own that has not begun
        yield client
    finally:
        await stop(client)


@asynccontextmanager
async def admin(options: KafkaOptions) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client. Raises SinkUnavailable, SinkRefused."""

    async def close(client: AIOKafkaAdminClient) -> None:
        """Close it in bounded time."""
        await close_in_time(client._client, client.close)  # noqa: SLF001 - as above

    client = await _started(options, "looking at the topics", lambda: AIOKafkaAdminClient(**_common(options)), close)
    try:
        yield client
    finally:
        await close(client)


async def _started(
    options: KafkaOptions, doing: str, make: Callable[[], Any], drop: Callable[[Any], Awaitable[None]]
) -> Any:
    """Make and start clients until one is connected, refused, or `start_timeout` has passed."""
    reasons = ConnectionReasons()
    pause = _FIRST_PAUSE
    try:
        with reasons.listening():
            async with asyncio.timeout(options.start_timeout.total_seconds()):
                while (client := await _attempt(make, drop, reasons)) is None:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
    except FOREIGN as exc:
        raise as_sink_error(exc, f"{doing} at {options.bootstrap_servers}", reasons.last) from reasons.last or exc
    return client


async def _attempt(
    make: Callable[[], Any], drop: Callable[[Any], Awaitable[None]], reasons: ConnectionReasons
) -> Any | None:
    """A started client, or None when another attempt may succeed."""
    client = make()
    try:
        await client.start()
    except BaseException as exc:
        await drop(client)
        if isinstance(exc, KafkaConnectionError) and not reasons.refused:
            return None
        raise
    return client


def _common(options: KafkaOptions) -> dict[str, Any]:
    return {
        "bootstrap_servers": options.bootstrap_servers,
        "client_id": options.identity,
        "request_timeout_ms": _millis(options.request_timeout),
        "retry_backoff_ms": _RETRY_BACKOFF,
        **security_arguments(options.security),
    }


def _millis(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
