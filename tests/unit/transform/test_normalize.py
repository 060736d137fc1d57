"""Records of small conversations: the head, the odd values of real payloads, and what has no place in the schema."""

from __future__ import annotations

from typing import Any

import pytest

from producer import errors
from producer.encoding.schemas import Subject
from producer.transform.content import parse
from producer.transform.normalize import DETAIL, NEGATIVE_DURATION, Detail, Normalized, Normalizer
from tests.support.conversations import (
    AVRO,
    SCHEMA,
    conversation,
    millis,
    participant,
    seen,
    segment,
    session,
)

ENCODE = AVRO.encoder(Subject.CONVERSATION)


def normalized(content: Any, detail: Detail = Detail.FULL) -> Normalized:
    return Normalizer(SCHEMA.text, detail).normalize(parse(bytes(seen(content).raw)))


def record(content: Any) -> dict[str, Any]:
    """The record as a consumer reads it back."""
    return AVRO.decode(ENCODE(normalized(content).record))[1]


def metric(name: str, value: Any, at: str = "10:00:30.000") -> dict[str, Any]:
    return {"name": name, "value": value, "emitDate": f"2025-03-10T{at}Z"}


def test_the_head_tells_a_transferred_call_in_order_of_time() -> None:
    call = conversation(
        participant(
            "agent",
            session(
                segment("10:05:00.000", "10:09:00.000", queueId="q-2"),
                segment("10:09:00.000", "10:10:00.000", segmentType="wrapup", wrapUpCode="w-2", wrapUpNote="done"),
                metrics=[metric("tTalk", 100), metric("tTalk", 50), metric("tHandle", 5_097_600_909)],
            ),
            userId="u-2",
        ),
        participant("acd", session(segment("10:04:00.000", "10:05:00.000", queueId="q-2"))),
        participant(
            "agent",
            session(
                segment("10:02:00.000", "10:04:00.000", queueId="q-1"),
                segment("10:04:00.000", "10:04:30.000", segmentType="wrapup", wrapUpCode="w-1"),
                metrics=[metric("tTalk", 1_000)],
            ),
            userId="u-1",
        ),
        participant("acd", session(segment("10:01:00.000", "10:02:00.000", queueId="q-1"))),
        participant(
            "customer", session(segment("10:00:00.000", "10:09:00.000", queueId="q-1", disconnectType="client"))
        ),
        conversationEnd="2025-03-10T10:10:00.000Z",
    )
    head = {name: value for name, value in record(call).items() if name not in DETAIL and value not in (None, [], {})}
    assert head | {"startTime": 0, "endTime": 0} == {
        "recordId": "c-1",
        "interactionId": "c-1",
        "source": "",
        "version": 0,
        "revision": 0,
        "resumed": False,
        "contentHash": "",
        "origin": "",
        "requestId": "",
        "asOf": head["asOf"],
        "observedAt": head["asOf"],
        "normalizedAt": head["asOf"],
        "channelType": "VOICE",
        "direction": "inbound",
        "startTime": 0,
        "endTime": 0,
        "durationMs": 600_000,
        "participantCount": 5,
        "queueId": "q-2",
        "queueIds": ["q-1", "q-2"],
        "userIds": ["u-1", "u-2"],
        "divisionIds": ["d-1"],
        "mediaTypes": ["voice"],
        "wrapUpCodes": ["w-1", "w-2"],
        "wrapUpCode": "w-2",
        "wrapUpNote": "done",
        "disconnectType": "client",
        "metrics": {"tTalk": 1_150, "tHandle": 5_097_600_909},
    }


@pytest.mark.parametrize(
    ("sessions", "channel"),
    [
        ([("agent", "10:00", "voice", {}), ("customer", "10:01", "chat", {})], "CHAT"),
        ([("external", "10:02", "email", {}), ("customer", "10:01", "message", {"messageType": "sms"})], "SMS"),
        ([("customer", "10:00", "cobrowse", {}), ("customer", "10:01", "voice", {})], "VOICE"),
        ([("customer", "10:00", "video", {}), ("agent", "10:01", "voice", {})], "VOICE"),
        ([("agent", "10:01", "callback", {}), ("acd", "10:00", "screenshare", {})], "CALLBACK"),
        ([("customer", "10:00", "screenmonitoring", {})], "UNKNOWN"),
        ([("customer", "10:00", "telepathy", {})], "UNKNOWN"),
        ([], "UNKNOWN"),
    ],
)
def test_the_channel_is_that_of_the_earliest_customer_side_session(sessions: list[Any], channel: str) -> None:
    people = [
        participant(purpose, session(segment(f"{start}:00.000"), media=media, **fields))
        for purpose, start, media, fields in sessions
    ]
    content = {"conversationId": "c-1", "participants": people}
    assert normalized(content).record["channelType"] == channel


def test_a_conversation_of_nothing_but_its_id_is_a_record() -> None:
    assert normalized({"conversationId": "c-1"}).record == {
        "recordId": "c-1",
        "interactionId": "c-1",
        "channelType": "UNKNOWN",
        "direction": None,
        "startTime": None,
        "endTime": None,
        "durationMs": None,
        "participantCount": 0,
        "queueId": None,
        "queueName": None,
        "queueIds": [],
        "userIds": [],
        "userNames": {},
        "divisionIds": [],
        "divisionNames": {},
        "mediaTypes": [],
        "messageTypes": [],
        "wrapUpCodes": [],
        "wrapUpCode": None,
        "wrapUpCodeName": None,
        "wrapUpNote": None,
        "disconnectType": None,
        "metrics": {},
        "participants": (),
        "evaluations": (),
        "surveys": (),
        "resolutions": (),
        "extras": {},
        "privacy": None,
    }


# --- the odd values of real payloads (reference, section 5.3) ---------------------------------------------------------


def test_metric_names_that_repeat_are_summed_over_sessions_and_kept_one_by_one() -> None:
    held = [metric("tHeld", 5, "10:00:01.000"), metric("tHeld", 7, "10:00:02.000"), metric("tHeld", 7, "10:00:02.000")]
    told = record(conversation(participant("agent", session(segment("10:00:00.000"), metrics=held))))
    assert told["metrics"] == {"tHeld": 19}
    assert [each["value"] for each in told["participants"][0]["sessions"][0]["metrics"]] == [5, 7, 7]


def test_a_metric_without_a_name_is_kept_and_a_metric_without_a_value_counts_nothing() -> None:
    odd = [{"value": 5}, {"name": "nError"}]
    told = record(conversation(participant("agent", session(segment("10:00:00.000"), metrics=odd))))
    assert told["metrics"] == {"nError": 0}
    assert [each["value"] for each in told["participants"][0]["sessions"][0]["metrics"]] == [5, None]


def test_several_participants_of_one_purpose_are_all_kept() -> None:
    people = [participant("customer", participantId=str(number)) for number in range(4)]
    told = record(conversation(*people))
    assert [each["participantId"] for each in told["participants"]] == ["0", "1", "2", "3"]


def test_milliseconds_beyond_32_bits_are_kept() -> None:
    sessions = session(segment("10:00:00.000"), metrics=[metric("tConnected", 5_097_600_909), metric("tConnected", 1)])
    assert record(conversation(participant("customer", sessions)))["metrics"] == {"tConnected": 5_097_600_910}


def test_the_end_counts_the_wrap_up_and_may_come_months_later() -> None:
    told = record(conversation(conversationEnd="2025-05-08T10:00:00.000Z"))
    assert told["durationMs"] == 59 * 86_400_000


def test_a_segment_may_precede_the_conversation_and_a_measurement_follow_its_end() -> None:
    stats = [{"eventTime": "2025-03-10T10:01:00.043Z"}]
    early = session(segment("09:59:59.987", "10:01:00.000"), mediaEndpointStats=stats)
    done = normalized(conversation(participant("customer", early), conversationEnd="2025-03-10T10:01:00.000Z"))
    assert done.hints.latest == millis("2025-03-10T10:01:00.043Z")


def test_an_end_before_the_start_gives_no_duration() -> None:
    backwards = conversation(conversationEnd="2025-03-10T09:59:59.999Z")
    assert (normalized(backwards).record["durationMs"], normalized(backwards).drift) == (None, (NEGATIVE_DURATION,))


def test_a_wrap_up_code_may_be_a_name_of_the_system_and_its_note_empty() -> None:
    wrapped = session(segment("10:00:00.000", wrapUpCode="ININ-WRAP-UP-TIMEOUT", wrapUpNote="", segmentType="wrapup"))
    told = record(conversation(participant("agent", wrapped)))
    assert (told["wrapUpCode"], told["wrapUpNote"]) == ("ININ-WRAP-UP-TIMEOUT", "")


def test_a_flow_may_lack_its_exit_and_a_resolution_everything_but_its_time() -> None:
    waiting = session(segment("10:00:00.000"), flow={"flowId": "f", "flowType": "INQUEUECALL"})
    later = "2025-03-18T10:00:00.000Z"
    done = normalized(conversation(participant("acd", waiting), resolutions=[{"eventTime": later}]))
    assert done.record["resolutions"] == [{"eventTime": millis(later)}]
    assert done.record["participants"][0]["sessions"][0]["flow"] == {"flowId": "f", "flowType": "INQUEUECALL"}
    assert done.hints.latest == millis(later)


def test_addresses_and_words_are_kept_as_they_came() -> None:
    said: dict[str, Any] = {
        "ani": "tel:+15550100001",
        "callbackNumbers": ["+15550100002"],
        "remote": "Zoë 🎧",
        "provider": "New One",
    }
    told = record(conversation(participant("hologram", session(segment("10:00:00.000"), **said))))
    leg = told["participants"][0]["sessions"][0]
    assert {name: leg[name] for name in said} == said
    assert told["participants"][0]["purpose"] == "hologram"


def test_a_time_to_come_is_not_the_newest_instant() -> None:
    assert normalized(conversation(inactivityTimeout="2025-03-11T10:00:00Z")).hints.latest == millis(
        "2025-03-10T10:00:00Z"
    )


# --- what has no place in the schema ----------------------------------------------------------------------------------


def test_fields_that_the_schema_does_not_know_are_kept_in_extras() -> None:
    unheard_of: dict[str, Any] = {"odd name": [1, None], "x'\"": True}
    odd = session(segment("10:00:00.000", mood={"is": "good"}), **unheard_of)
    done = normalized(
        conversation(participant("agent", odd), surprise=1.5, recordId="not ours", empty=[], nothing=None)
    )
    assert done.record["extras"] == {
        "$.surprise": "1.5",
        "$.recordId": '"not ours"',
        '$.participants[0].sessions[0]["odd name"]': "[1,null]",
        '$.participants[0].sessions[0]["x\'\\""]': "true",
        "$.participants[0].sessions[0].segments[0].mood": '{"is":"good"}',
    }
    assert {each.kind for each in done.drift} == {"field"}
    assert tuple(each.path for each in done.drift) == (
        "$.participants[*].sessions[*].segments[*].mood",
        '$.participants[*].sessions[*]["odd name"]',
        '$.participants[*].sessions[*]["x\'\\""]',
        "$.recordId",
        "$.surprise",
    )


@pytest.mark.parametrize(
    ("fields", "extras"),
    [
        ({"externalTag": 5}, {"$.externalTag": "5"}),
        ({"selfServed": "yes"}, {"$.selfServed": '"yes"'}),
        ({"selfServed": 1}, {"$.selfServed": "1"}),
        ({"mediaStatsMinConversationMos": "4.3"}, {"$.mediaStatsMinConversationMos": '"4.3"'}),
        ({"mediaStatsMinConversationMos": 2**60 + 1}, {"$.mediaStatsMinConversationMos": str(2**60 + 1)}),
        ({"mediaStatsMinConversationMos": 10**400}, {"$.mediaStatsMinConversationMos": str(10**400)}),
        ({"divisionIds": ["d-1", 5]}, {"$.divisionIds": '["d-1",5]'}),
        ({"participants": [{"attributes": ["a"]}]}, {"$.participants[0].attributes": '["a"]'}),
        ({"divisionIds": "d-1"}, {"$.divisionIds": '"d-1"'}),
        ({"conversationEnd": 1_741_608_000_000}, {"$.conversationEnd": "1741608000000"}),
        ({"surveys": [{"oSurveyTotalScore": 2**63}]}, {"$.surveys[0].oSurveyTotalScore": str(2**63)}),
        ({"surveys": [{"oSurveyTotalScore": 7.5}]}, {"$.surveys[0].oSurveyTotalScore": "7.5"}),
        ({"surveys": [{"oSurveyTotalScore": True}]}, {"$.surveys[0].oSurveyTotalScore": "true"}),
    ],
)
def test_a_value_of_another_type_is_null_and_kept_in_extras(fields: dict[str, Any], extras: dict[str, str]) -> None:
    done = normalized(conversation(**fields))
    assert done.record["extras"] == extras
    assert [each.kind for each in done.drift] == ["type"]
    assert record(conversation(**fields))["extras"] == extras


def test_whole_numbers_are_whole_however_they_are_written() -> None:
    raw = b'{"conversationId":"c-1","mediaStatsMinConversationMos":5,"surveys":[{"oSurveyTotalScore":80.0}]}'
    told = AVRO.decode(ENCODE(normalized(raw).record))[1]
    assert (told["mediaStatsMinConversationMos"], told["surveys"][0]["oSurveyTotalScore"]) == (5.0, 80)
    assert told["extras"] == {}


def test_attributes_that_are_no_text_are_kept_in_extras() -> None:
    told = record(conversation(participant("customer", attributes={"a": "1", "b c": 2})))
    assert told["participants"][0]["attributes"] == {"a": "1"}
    assert told["extras"] == {'$.participants[0].attributes["b c"]': "2"}


@pytest.mark.parametrize(
    ("fields", "reason", "path"),
    [
        ({"conversationStart": "2021-04-2T15:30:51.418Z"}, "malformed_instant", "$.conversationStart"),
        ({"resolutions": [{}, {"eventTime": ""}]}, "malformed_instant", "$.resolutions[1].eventTime"),
        ({"participants": "none"}, "wrong_shape", "$.participants"),
        ({"participants": [None]}, "wrong_shape", "$.participants[0]"),
        (
            {"participants": [{"sessions": [{"flow": []}, {"flow": 5}]}]},
            "wrong_shape",
            "$.participants[0].sessions[1].flow",
        ),
        ({"participants": [{"sessions": [["s"]]}]}, "wrong_shape", "$.participants[0].sessions[0]"),
    ],
)
def test_what_can_not_be_read_is_malformed(fields: dict[str, Any], reason: str, path: str) -> None:
    with pytest.raises(errors.Malformed) as caught:
        normalized(conversation(**fields))
    assert (caught.value.reason, caught.value.path) == (reason, path)


# --- detail -----------------------------------------------------------------------------------------------------------


def test_a_summary_has_the_same_head_and_no_detail() -> None:
    content = conversation(conversationEnd="2025-03-10T10:01:00Z", surveys=[{"surveyId": "s"}])
    full, summary = normalized(content), normalized(content, Detail.SUMMARY)
    assert summary.record == full.record | dict.fromkeys(DETAIL, ())
    assert summary.hints == full.hints
