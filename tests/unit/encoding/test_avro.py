from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from producer import audit, errors
from producer.encoding.avro import Avro
from producer.encoding.schemas import Subject
from producer.model.actions import Action

AVRO = Avro.shipped()
ENCODE = {subject: AVRO.encoder(subject) for subject in Subject}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test_a_watermark_goes_out_and_comes_back() -> None:
    span = {"start": 1, "end": 2, "tier": 1, "reason": "too-large"}
    record = {
        "source": "default",
        "headThrough": 3,
        "finalThrough": 4,
        "committedAt": 5,
        "offsets": [7, 0],
        "holes": [span],
        "acceptedLosses": [span],
    }
    read = {"start": EPOCH + timedelta(milliseconds=1), "end": EPOCH + timedelta(milliseconds=2)}
    assert AVRO.decode(ENCODE[Subject.WATERMARK](record)) == (
        "Watermark",
        record
        | {
            "headThrough": EPOCH + timedelta(milliseconds=3),
            "finalThrough": EPOCH + timedelta(milliseconds=4),
            "committedAt": EPOCH + timedelta(milliseconds=5),
            "holes": [span | read],
            "acceptedLosses": [span | read],
        },
    )


def test_an_audit_event_of_the_audit_module_fits_its_schema() -> None:
    event = audit.event(
        Action.PAGE_PROCESSED,
        audit_id="a",
        request_id="r",
        source="default",
        at=EPOCH,
        details={"window": "w"},
        recordCount=5,
        paginationSuccessRate=0.5,
    )
    assert AVRO.decode(ENCODE[Subject.AUDIT_EVENT](event)) == ("AuditEvent", event | {"timestamp": EPOCH})


def test_the_audit_module_and_the_schema_know_the_same_numbers() -> None:
    fields = AVRO.schemas.latest(Subject.AUDIT_EVENT).parsed["fields"]
    assert tuple(each["name"] for each in fields if isinstance(each["type"], list)) == audit.NULLABLE


def test_what_is_left_out_takes_its_default() -> None:
    name, record = AVRO.decode(ENCODE[Subject.CONVERSATION]({"recordId": "c", "participants": [{"purpose": "acd"}]}))
    assert name == "Conversation"
    assert (record["recordId"], record["channelType"], record["endTime"], record["extras"]) == (
        "c",
        "UNKNOWN",
        None,
        {},
    )
    assert [(each["purpose"], each["userId"], each["sessions"]) for each in record["participants"]] == [
        ("acd", None, [])
    ]


def test_an_encoder_leaves_nothing_of_one_record_in_the_next() -> None:
    encode = ENCODE[Subject.CONVERSATION]
    alone = encode({"recordId": "c"})
    encode({"recordId": "c" * 500, "queueIds": ["q"], "participants": [{"purpose": "acd"}]})
    with pytest.raises(errors.Malformed):
        encode({"externalTag": "x", "metrics": {"tTalk": "soon"}})
    assert encode({"recordId": "c"}) == alone


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"recordId": 5}, "$.recordId", "text is due, not int"),
        ({"recordId": None}, "$.recordId", "text is due, not NoneType"),
        ({"recordId": "\ud800"}, "$.recordId", "text is due, not str"),
        ({"direction": 5}, "$.direction", "text is due, not int"),
        ({"version": 2**63}, "$.version", "a 64-bit integer is due, not int"),
        ({"version": True}, "$.version", "a 64-bit integer is due, not bool"),
        ({"revision": 2**31}, "$.revision", "a 32-bit integer is due, not int"),
        ({"resumed": 1}, "$.resumed", "a boolean is due, not int"),
        ({"startTime": "2025"}, "$.startTime", "a 64-bit integer is due, not str"),
        ({"mediaStatsMinConversationMos": "4"}, "$.mediaStatsMinConversationMos", "a number is due, not str"),
        ({"channelType": "PIGEON"}, "$.channelType", "one of VOICE, .*, UNKNOWN is due, not str"),
        ({"channelType": []}, "$.channelType", "one of VOICE, .*, UNKNOWN is due, not list"),
        ({"queueIds": "q"}, "$.queueIds", "a list is due, not str"),
        ({"queueIds": ["q", 5]}, "$.queueIds[1]", "text is due, not int"),
        ({"metrics": [5]}, "$.metrics", "a map is due, not list"),
        ({"metrics": {"tTalk": 0.5}}, "$.metrics['tTalk']", "a 64-bit integer is due, not float"),
        ({"participants": [{}, 5]}, "$.participants[1]", r"an object \(Participant\) is due, not int"),
        ({"participants": [{"mood": 5}]}, "$.participants[0].mood", "a field of Participant is due, not str"),
        ({"participants": [{"sessions": [{"ani": 5}]}]}, "$.participants[0].sessions[0].ani", "text is due, not int"),
    ],
)
def test_a_value_that_does_not_fit_is_malformed(fields: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(errors.Malformed, match=f"Conversation can't be encoded: {message}") as caught:
        ENCODE[Subject.CONVERSATION](fields)
    assert (caught.value.reason, caught.value.path) == ("does_not_fit", path)


@pytest.mark.parametrize("cut", [0, 1, 30])
def test_truncated_bytes_are_malformed(cut: int) -> None:
    value = ENCODE[Subject.CONVERSATION]({"recordId": "c-1"})
    with pytest.raises(errors.Malformed) as caught:
        AVRO.decode(value[: 10 + cut])
    assert caught.value.reason == "undecodable"
