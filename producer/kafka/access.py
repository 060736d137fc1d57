"""Whether the cluster lets us have a transactional id, asked without taking it: nothing is written, nobody fenced."""

from __future__ import annotations

import asyncio

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NoError,
    TransactionalIdAuthorizationFailed,
    for_code,
)
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.transaction import AddPartitionsToTxnRequest

from producer.kafka.client import admin
from producer.kafka.failures import as_sink_errors
from producer.kafka.options import KafkaOptions
from producer.model.batch import Topic

_TRANSACTION = 1  # the type of coordinator
_NOBODY = -1  # a producer id and an epoch that no broker gives out
_PASSING = (GroupCoordinatorNotAvailableError, GroupLoadInProgressError)
_PAUSE = 0.2  # seconds


async def ask_for_transactional_id(options: KafkaOptions, lane: int) -> None:
    """Return when the lane's transactional id has a coordinator and our principal may write with it.

    Raises SinkRefused, SinkUnavailable.
    """
    identity = options.transactional_id(lane)
    with as_sink_errors(f"asking for transactional id {identity} at {options.bootstrap_servers}"):
        async with admin(options) as client:
            async with asyncio.timeout(options.start_timeout.total_seconds()):
                await _find_coordinator(client, identity)
            await _ask_to_write(client, identity, options.topics[Topic.STATE], lane)


async def _find_coordinator(client: AIOKafkaAdminClient, identity: str) -> None:
    """Needs Describe. The first transaction of a cluster makes the coordinators' topic, which takes a moment."""
    while True:
        answer = await client._send_request(FindCoordinatorRequest(identity, _TRANSACTION))  # noqa: SLF001 - what all its own requests go through
        error = for_code(answer.error_code)
        if error is NoError:
            return
        if not issubclass(error, _PASSING):
            raise error(identity)
        await asyncio.sleep(_PAUSE)


async def _ask_to_write(client: AIOKafkaAdminClient, identity: str, topic: str, partition: int) -> None:
    """Needs Write. A broker looks at the principal first and at the producer id then, which is nobody's: it refuses
    this in any case, and changes nothing. An InitProducerId would tell the same and fence the daemon that runs.
    """
    request = AddPartitionsToTxnRequest(identity, _NOBODY, _NOBODY, [(topic, [partition])])
    answer = await client._send_request(request)  # noqa: SLF001 - as above
    for _, outcomes in answer.errors:
        for _, code in outcomes:
            if (error := for_code(code)) is TransactionalIdAuthorizationFailed:
                raise error(identity)
