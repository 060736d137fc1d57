"""From a record back to what the API said: the same content, by its fingerprint."""

from __future__ import annotations

import json
from typing import Any

import pytest

from producer.encoding.plain import PlainReader
from producer.encoding.schemas import Subject
from producer.model.outcome import Emitted
from producer.transform.content import parse
from producer.transform.fingerprint import fingerprint
from producer.transform.original import Restorer, Unrestorable, forms_of, steps_of
from producer.transform.split import split
from tests.support.conversations import AVRO, SAMPLES, SCHEMA, comparison, conversation, nobody, seen, sighting

ENCODE = AVRO.encoder(Subject.CONVERSATION)
READER = PlainReader(AVRO.framing)
RESTORER = Restorer(SCHEMA.text)


def record_of(content: Any) -> dict[str, Any]:
    outcome = comparison()(seen(content), nobody, sighting())
    assert isinstance(outcome, Emitted), outcome
    return READER.read(ENCODE(outcome.record))


def restored(record: dict[str, Any]) -> tuple[Any, bool]:
    return RESTORER.content(record, bytes.fromhex(record["contentHash"]))


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("details-*.json")), ids=lambda sample: sample.name)
def test_every_sample_comes_back(sample: Any) -> None:
    raws = split(sample.read_bytes()).conversations
    for raw in raws:
        _, same = restored(record_of(bytes(raw.raw)))
        assert same
    assert raws


def test_what_comes_back_is_the_content() -> None:
    content = conversation(colour={"shade": [1.5, 2]}, **{"odd name": None, "even name": "x"})
    found, same = restored(record_of(content))
    assert same
    assert found == parse(json.dumps(content).encode())


@pytest.mark.parametrize(
    ("instant", "forms"),
    [
        (1_741_600_800_587, ("2025-03-10T10:00:00.587Z",)),
        (1_741_600_800_580, ("2025-03-10T10:00:00.580Z", "2025-03-10T10:00:00.58Z")),
        (
            1_741_600_800_000,
            ("2025-03-10T10:00:00.000Z", "2025-03-10T10:00:00.00Z", "2025-03-10T10:00:00.0Z", "2025-03-10T10:00:00Z"),
        ),
    ],
)
def test_the_forms_of_an_instant(instant: int, forms: tuple[str, ...]) -> None:
    assert forms_of(instant) == forms


@pytest.mark.parametrize("start", ["10:00:00Z", "10:00:00.00Z", "10:00:00.0Z", "10:00:00.000Z"])
@pytest.mark.parametrize("end", ["11:00:00Z", "11:00:00.25Z", "11:00:00.250Z"])
def test_instants_in_other_forms_come_back(start: str, end: str) -> None:
    content = conversation(conversationStart=f"2025-03-10T{start}", conversationEnd=f"2025-03-10T{end}")
    found, same = restored(record_of(content))
    assert same
    assert (found["conversationStart"], found["conversationEnd"]) == (
        f"2025-03-10T{start}",
        f"2025-03-10T{end}",
    )


def test_a_form_that_the_api_does_not_write_is_not_found_and_the_usual_one_is_left() -> None:
    found, same = restored(record_of(conversation(conversationStart="2025-03-10T11:00:00.000+01:00")))
    assert not same
    assert found["conversationStart"] == "2025-03-10T10:00:00.000Z"


def test_attributes_are_no_part_of_the_fingerprint_and_come_back_all_the_same() -> None:
    content = conversation()
    content["participants"][0]["attributes"] = {"a": "b"}
    found, same = restored(record_of(content))
    assert same
    assert found["participants"][0]["attributes"] == {"a": "b"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("startTime", 1_741_600_800_001),
        ("direction", "outbound"),
        ("divisionIds", ["d-2"]),
        ("externalTag", "t"),
        ("conferenceStart", 1_741_600_800_000),
        ("mediaStatsMinConversationMos", 4.25),
        ("participants", []),
        ("extras", {"$.colour": '"red"'}),
    ],
)
def test_altered_content_does_not_make_the_hash(field: str, value: Any) -> None:
    _, same = restored(record_of(conversation()) | {field: value})
    assert not same


def test_paths() -> None:
    assert steps_of("$.participants[0].sessions[12]") == ["participants", 0, "sessions", 12]
    assert steps_of('$.a["odd \\"name\\""].b') == ["a", 'odd "name"', "b"]


@pytest.mark.parametrize(
    "extras",
    [
        {"no path": "1"},
        {"$.participants[7].colour": "1"},
        {"$.conversationId.colour": "1"},
        {"$.conversationId": '"c-2"'},
        {"$.colour": "{"},
        {"$.participants[0]": "1"},
    ],
)
def test_extras_that_lead_nowhere_are_refused(extras: dict[str, str]) -> None:
    with pytest.raises(Unrestorable):
        restored(record_of(conversation()) | {"extras": extras})


def test_an_instant_outside_the_calendar_is_refused() -> None:
    with pytest.raises(Unrestorable, match="outside the calendar"):
        restored(record_of(conversation()) | {"startTime": 1 << 62})


def test_the_fingerprint_is_of_the_content_without_attributes() -> None:
    content = conversation()
    assert record_of(content)["contentHash"] == fingerprint(parse(json.dumps(content).encode())).hex()
