"""Records of the token dialect, put back into the flat conversation that they were made of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from producer.model.outcome import Emitted
from producer.model.reads import RawConversation
from producer.transform.content import parse
from producer.transform.fingerprint import raw_hash
from producer.transform.original import Unrestorable
from producer.transform.revision import Comparison
from producer.transform.token_original import TokenRestorer
from producer.transform.token_records import TokenForm
from tests.support.conversations import sighting

RESTORE = TokenRestorer()
WHOLE = {
    "id": "rec-1",
    "interactionId": "int-1",
    "channelType": "social",
    "startTimestamp": "2025-03-10T10:00:00.120Z",
    "endTimestamp": "2025-03-10T10:05:00Z",
    "participantCount": 3,
    "queueName": "Claims",
    "wrapUpCode": "resolved",
    "attributes": {"tier": "gold", "score": 7},
    "sentiment": {"score": 0.5},
}


def record_of(content: Any) -> Any:
    body = json.dumps(content).encode()
    outcome = Comparison(TokenForm())(RawConversation(None, body, raw_hash(body)), lambda _: None, sighting())
    assert isinstance(outcome, Emitted)
    return outcome.record


def restored(record: Any) -> tuple[Any, bool]:
    return RESTORE.content(record, bytes.fromhex(record["contentHash"]))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"interactionId": "rec-1"},
        {"interactionId": None},
        {"participantCount": 0},
        {"participantCount": None},
        {"participantCount": "3"},
        {"startTimestamp": 1741600800120, "endTimestamp": 1741601100000},
        {"startTimestamp": "2025-03-10T10:00:00.12Z"},
        {"startTimestamp": 7 << 60},
        {"endTimestamp": None},
        {"channelType": "hologram"},
        {"channelType": None},
        {"channelType": 7},
        {"attributes": None},
        {"attributes": {}},
        {"attributes": "none"},
    ],
)
def test_every_way_in_which_it_can_be_said_is_found_again(change: dict[str, Any]) -> None:
    content = {**WHOLE, **change}
    assert restored(record_of(content)) == (parse(json.dumps(content).encode()), True)


@pytest.mark.parametrize("field", ["interactionId", "queueName", "wrapUpCode", "mediaTypes", "startTime", "endTime"])
def test_what_was_altered_does_not_make_its_hash(field: str) -> None:
    record = record_of(WHOLE)
    value = record[field]
    altered = value + 1_000 if isinstance(value, int) else ["sms"] if isinstance(value, list) else f"{value}!"
    assert not restored({**record, field: altered})[1]


@pytest.mark.parametrize(
    "change", [{"extras": {"$.queueName": '"x"'}}, {"extras": {"nowhere": "1"}}, {"startTime": 1 << 60}]
)
def test_what_nobody_normalised_so_can_not_be_put_together(change: dict[str, Any]) -> None:
    with pytest.raises(Unrestorable):
        restored({**record_of(WHOLE), **change})
