"""Which partition a key belongs to: murmur2, as the Java client's default partitioner computes it.

So every consumer that finds a key's partition with the Java client, ksqlDB or Kafka Streams looks where we wrote.
"""

from __future__ import annotations

import struct

_MASK = 0xFFFFFFFF
_POSITIVE = 0x7FFFFFFF
_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995


def murmur2(data: bytes) -> int:
    """The 32-bit hash of `org.apache.kafka.common.utils.Utils.murmur2`, unsigned."""
    length = len(data)
    words = length >> 2
    state = _SEED ^ length
    for word in struct.unpack_from(f"<{words}I", data):
        mixed = word * _MULTIPLIER & _MASK
        mixed ^= mixed >> 24
        state = (state * _MULTIPLIER ^ mixed * _MULTIPLIER) & _MASK
    if rest := data[words << 2 :]:
        state = (state ^ int.from_bytes(rest, "little")) * _MULTIPLIER & _MASK
    state ^= state >> 13
    state = state * _MULTIPLIER & _MASK
    return state ^ state >> 15


def partition_of(key: bytes | None, partitions: int) -> int:
    """The partition of a key. A null key goes to partition 0: only dead letters without an id have none."""
    if key is None:
        return 0
    return (murmur2(key) & _POSITIVE) % partitions


def lane_of(source: str, lanes: int) -> int:
    """The lane that a source belongs to; its state is in the partition of that number."""
    return partition_of(source.encode(), lanes)
