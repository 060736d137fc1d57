"""Asks the cluster: whether it lets us in, what topics there are and what we may do with them. Nothing is written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from producer.doctor.judging import kafka as judging
from producer.doctor.results import Prerequisite, Result, all_well, failed
from producer.errors import SinkError, SinkUnavailable
from producer.kafka.access import ask_for_transactional_id
from producer.kafka.client import admin
from producer.kafka.options import KafkaOptions
from producer.kafka.topics import check

LONGEST = timedelta(seconds=5)
"""How long a connection, and one request, may take."""
_PATIENCE = 3 * LONGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaProbe:
    """How the cluster is asked, in the name of the lane that the source belongs to."""

    options: KafkaOptions
    lane: int

    async def examine(self) -> list[Result]:
        """All that can be told; what is missing could not be asked."""
        options = replace(self.options, start_timeout=LONGEST, request_timeout=LONGEST)
        results = await _asked(Prerequisite.BROKER, lambda: _broker(options))
        if all_well(results):
            results += await _asked(Prerequisite.TOPICS, lambda: _topics(options))
            results += await _asked(Prerequisite.TRANSACTIONAL_ID, lambda: _transactional_id(options, self.lane))
        return results


async def _asked(prerequisite: Prerequisite, question: Callable[[], Awaitable[list[Result]]]) -> list[Result]:
    """What came of a question, also when it was refused or not answered in time."""
    try:
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            return await question()
    except TimeoutError:
        error = SinkUnavailable(f"no answer within {_PATIENCE.total_seconds():.0f} s")
        return [failed(prerequisite, str(error), error.what_to_do)]
    except SinkError as error:
        return [judging.refused(prerequisite, error)]


async def _broker(options: KafkaOptions) -> list[Result]:
    async with admin(options):
        return [judging.broker(options)]


async def _topics(options: KafkaOptions) -> list[Result]:
    report = await check(options)
    access = judging.topic_access(options, report)
    return [judging.topics(report), *([access] if access else [])]


async def _transactional_id(options: KafkaOptions, lane: int) -> list[Result]:
    await ask_for_transactional_id(options, lane)
    return [judging.transactional_id(options, lane)]
