"""The one request aiokafka lacks: Metadata v12, which tells a topic's id and what we may do with it; it makes none."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from io import BytesIO

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import NoError, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

_NOT_TOLD = -(1 << 31)


class Operation(enum.IntEnum):
    """What an ACL allows on a topic; the value is Kafka's code for it."""

    READ = 3
    WRITE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicFacts:
    """What the cluster says of a topic: its id (another one after it was deleted and made anew) and its size.

    `replicas` is the fewest that a partition has; `denied` is what of an Operation our principal may not do.
    """

    topic_id: bytes
    partitions: int
    replicas: int
    denied: frozenset[Operation] = frozenset()


async def describe(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, TopicFacts]:
    """The topics that exist. Raises aiokafka's KafkaError."""
    response = await admin._send_request(_Metadata(names))  # noqa: SLF001 - what all its own requests go through
    found = {}
    for topic in response.to_object()["topics"]:
        error = for_code(topic["error_code"])
        if error is NoError:
            found[topic["name"]] = TopicFacts(
                topic_id=topic["topic_id"],
                partitions=len(topic["partitions"]),
                replicas=min((len(partition["replicas"]) for partition in topic["partitions"]), default=0),
                denied=_denied(topic["authorized_operations"]),
            )
        elif error is not UnknownTopicOrPartitionError:
            raise error(topic["name"])
    return found


def _denied(allowed: int) -> frozenset[Operation]:
    """What the bits of an answer leave out; nothing where the broker does not say."""
    if allowed == _NOT_TOLD:
        return frozenset()
    return frozenset(operation for operation in Operation if not allowed & 1 << operation)


class _Uuid(AbstractType):  # type: ignore[misc] # aiokafka's base has no types
    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        return data.read(16)


class _MetadataResponse(Response):  # type: ignore[misc] # the same
    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _MetadataRequest(RequestStruct):  # type: ignore[misc] # the same
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _Metadata(Request[_MetadataRequest]):  # type: ignore[misc] # the same
    API_KEY = 3

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def build(self, request_struct_class: type[_MetadataRequest]) -> _MetadataRequest:
        by_name: list[tuple[bytes, str, dict[int, bytes]]] = [(bytes(16), name, {}) for name in self._names]
        return request_struct_class(by_name, False, True, {})
