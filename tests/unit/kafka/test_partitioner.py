from __future__ import annotations

import json
from pathlib import Path

from producer.kafka.partitioner import lane_of, murmur2, partition_of

VECTORS = json.loads((Path(__file__).parent / "data" / "murmur2-vectors.json").read_text(encoding="utf-8"))
PARTITION_COUNTS = (1, 6, 8, 12, 50)


def test_keys_hash_and_spread_as_in_the_java_client() -> None:
    def computed(key: bytes) -> dict[str, object]:
        signed = int.from_bytes(murmur2(key).to_bytes(4, "big"), "big", signed=True)
        return {
            "key": key.hex(),
            "hash": signed,
            "partitions": [partition_of(key, count) for count in PARTITION_COUNTS],
        }

    assert [computed(bytes.fromhex(vector["key"])) for vector in VECTORS] == VECTORS


def test_the_vectors_cover_every_length_up_to_twenty_and_whole_conversation_ids() -> None:
    lengths = {len(vector["key"]) // 2 for vector in VECTORS}
    assert lengths >= {*range(21), 36, 1023}


def test_a_null_key_goes_to_partition_zero() -> None:
    assert partition_of(None, 12) == 0


def test_a_source_stays_on_its_lane() -> None:
    assert {source: lane_of(source, 8) for source in ("default", "emea", "emea_sandbox")} == {
        "default": 3,
        "emea": 6,
        "emea_sandbox": 7,
    }
