"""The library against the simulated organisation: rows 5, 6, 7, 10, 12, 13 and 14 of what is required."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from producer import Connection, ConversationRetriever, ExtractionEnded, Query, Status
from producer.clock import VirtualClock
from producer.encoding.avro import Avro
from producer.encoding.schemas import Subject
from producer.events import ConversationMalformed, Event, WindowSplit
from producer.simulator import SimulatorOptions
from tests.support.simulated import SimulatedOrganisation

ORIGIN = datetime(2026, 3, 10, 10, 0, tzinfo=UTC)
SPEED = 20.0
RANGE: dict[str, Any] = {"start_time": ORIGIN - timedelta(hours=12), "end_time": ORIGIN}
"""Of two UTC days, so that it is two windows."""
PARTS = 60
"""A hit bound below which no window of the range stays whole."""

Record = dict[str, Any]


class Caller:
    """A program that uses the library, and what it was told."""

    def __init__(self, url: str, clock: VirtualClock) -> None:
        self.audit: list[Record] = []
        self.ended: list[ExtractionEnded] = []
        self.events: list[Event] = []
        self.sizes: list[int] = []
        access = Connection(
            api_url=url,
            login_url=url,
            client_id="simulator",
            client_secret="simulator-secret",
            requests_per_minute=3_000,
        )
        self.retriever = ConversationRetriever(
            access,
            audit=lambda event: self.audit.append(dict(event)),
            finished=self.ended.append,
            observe=self.events.append,
            clock=clock,
        )

    async def extract(self, **query: Any) -> list[Record]:
        """All records of a query."""
        self.sizes.clear()
        records: list[Record] = []
        async with aclosing(self.retriever.execute(Query(**query))) as chunks:
            async for chunk in chunks:
                self.sizes.append(len(chunk))
                records += chunk
        return records

    def trail(self) -> list[Record]:
        """The audit events of the last extraction."""
        return [event for event in self.audit if event["requestId"] == self.ended[-1].request_id]


@pytest.fixture(scope="module")
def organisation() -> Iterator[tuple[str, VirtualClock]]:
    clock = VirtualClock(origin=ORIGIN, epoch=time.time(), speed=SPEED)
    options = SimulatorOptions(
        origin=ORIGIN,
        epoch=clock.epoch,
        speed=SPEED,
        rate_per_day=2_000,
        oddity_probability=0.3,
        poison_probability=0.02,
        limit_per_minute=3_000,
    )
    with SimulatedOrganisation(options) as simulated:
        yield simulated.url, clock


@pytest.fixture
def caller(organisation: tuple[str, VirtualClock]) -> Caller:
    return Caller(*organisation)


def ids_of(records: list[Record]) -> list[str]:
    return [record["recordId"] for record in records]


async def test_row_14_chunks_of_normalised_records_each_conversation_once(caller: Caller) -> None:
    records = await caller.extract(channel_types=("ALL",), size=170, **RANGE)
    ids = ids_of(records)
    assert len(ids) == len(set(ids)) > 400
    assert [size for size in caller.sizes if size != 170] in ([], [len(ids) % 170])
    encode = Avro.shipped().encoder(Subject.CONVERSATION)
    assert {bool(encode(record)) for record in records} == {True}  # row 10: it is the record of the schema
    assert {(record["revision"], record["resumed"], record["origin"]) for record in records} == {(1, True, "QUERY")}


async def test_row_12_and_13_the_audit_adds_up_and_the_metrics_are_told_everywhere(caller: Caller) -> None:
    records = await caller.extract(channel_types=("ALL",), **RANGE)
    (ended,), trail = caller.ended, caller.trail()
    assert (ended.status, ended.error_code, ended.error_message) == (Status.SUCCESS, None, None)
    assert [trail[0]["action"], trail[-1]["action"]] == ["EXTRACTION_STARTED", "EXTRACTION_COMPLETED"]
    assert json.loads(trail[0]["details"]["startTime"]) == "2026-03-09T22:00:00.000Z"
    pages = trail[1:-1]
    assert [page["pageNumber"] for page in pages] == list(range(1, len(pages) + 1))
    assert {page["action"] for page in pages} == {"PAGE_PROCESSED"}
    assert sum(page["recordCount"] for page in pages) == len(records)
    assert {event["complianceVersion"] for event in trail} == {"1.0"}
    assert len({event["auditId"] for event in trail}) == len(trail)
    assert {record["requestId"] for record in records} == {ended.request_id}
    told = {name: trail[-1][name] for name in ended.metrics.told()}
    assert told == ended.metrics.told()
    assert told | {"totalLatencyMs": 0} == {
        "totalPagesFetched": len(pages),
        "totalRecordsExtracted": len(records),
        "paginationSuccessRate": 1.0,
        "totalLatencyMs": 0,
    }
    assert caller.retriever.metrics is not None
    assert caller.retriever.metrics.total_records_extracted == len(records)


async def test_what_is_malformed_is_told_and_ends_nothing(caller: Caller) -> None:
    records = await caller.extract(channel_types=("ALL",), **RANGE)
    malformed = [event for event in caller.events if isinstance(event, ConversationMalformed)]
    named = [each for event in caller.trail() for each in json.loads(event["details"].get("malformed", "[]"))]
    assert len(malformed) == sum(event["deadLetters"] or 0 for event in caller.trail()) > 0
    assert [(each["id"], each["reason"]) for each in named] == [(e.conversation_id, e.reason) for e in malformed]
    assert not {each["id"] for each in named} & set(ids_of(records))


async def test_row_7_what_is_too_much_for_one_read_is_read_in_parts(caller: Caller) -> None:
    whole = await caller.extract(channel_types=("ALL",), **RANGE)
    settings = caller.retriever._settings
    bounded = settings.capture.model_copy(update={"hit_bound": PARTS})
    caller.retriever._settings = settings.model_copy(update={"capture": bounded})
    parts = await caller.extract(channel_types=("ALL",), **RANGE)
    repeated = json.loads(caller.trail()[-1]["details"]["repeated"])
    assert len([event for event in caller.events if isinstance(event, WindowSplit)]) > 2
    assert repeated > 0  # what lived on from one part into the next
    assert sorted(ids_of(parts)) == sorted(ids_of(whole))


async def test_row_5_a_channel_is_chosen_by_the_rule_that_names_it(caller: Caller) -> None:
    everything = await caller.extract(channel_types=("ALL",), **RANGE)
    for words in (("VOICE",), ("SOCIAL_MEDIA",), ("UNKNOWN",), ("SMS", "WEBCHAT", "email")):
        wanted = {word.upper() for word in words}
        found = await caller.extract(channel_types=words, **RANGE)
        assert {record["channelType"] for record in found} == wanted & {each["channelType"] for each in everything}
        # the API's predicates are held against segments: what has none is not found by its medium
        told = [each for each in everything if each["channelType"] in wanted and has_segments(each)]
        assert set(ids_of(told)) - set(ids_of(found)) == set()
        assert set(ids_of(found)) - set(ids_of(everything)) == set()


def has_segments(record: Record) -> bool:
    return all(session.get("segments") for each in record["participants"] for session in each.get("sessions", ()))


async def test_row_5_interactions_are_had_by_id_and_further_filters_hold_there_too(caller: Caller) -> None:
    everything = await caller.extract(channel_types=("VOICE",), **RANGE)
    ids = tuple(ids_of(everything)[:230])
    unknown = "9d2f7c1e-0000-4000-8000-00000000000a"
    found = await caller.extract(interaction_ids=(*ids, unknown))
    assert set(ids_of(found)) == set(ids)
    assert {record["origin"] for record in found} == {"BY_ID"}
    user = next(record["userIds"][0] for record in found if record["userIds"])
    with_user = await caller.extract(interaction_ids=ids, user_ids=(user,), channel_types=("VOICE",), **RANGE)
    assert set(ids_of(with_user)) == {record["recordId"] for record in found if user in record["userIds"]}


@pytest.mark.parametrize("field", ["user_ids", "queue_ids"])
async def test_row_5_users_and_queues_are_asked_of_the_api(caller: Caller, field: str) -> None:
    everything = await caller.extract(channel_types=("ALL",), **RANGE)
    name = {"user_ids": "userIds", "queue_ids": "queueIds"}[field]
    value = next(record[name][0] for record in everything if record[name] and has_segments(record))
    found = await caller.extract(**{field: (value,)}, **RANGE)
    expected = {record["recordId"] for record in everything if value in record[name] and has_segments(record)}
    assert expected <= set(ids_of(found)) <= {record["recordId"] for record in everything if value in record[name]}
    assert json.loads(caller.trail()[-1]["details"]["leftOut"]) == 0


async def test_row_5_a_participant_is_chosen_here(caller: Caller) -> None:
    everything = await caller.extract(channel_types=("ALL",), **RANGE)
    one = next(record for record in everything if len(record["participants"]) > 1)
    participant = one["participants"][1]["participantId"]
    (found,) = await caller.extract(participant_ids=(participant,), **RANGE)
    assert found["recordId"] == one["recordId"]
    assert json.loads(caller.trail()[-1]["details"]["leftOut"]) >= len(everything) - 1


async def test_a_range_that_is_still_to_come_is_empty(caller: Caller) -> None:
    ahead = {"start_time": ORIGIN + timedelta(hours=20), "end_time": ORIGIN + timedelta(hours=21)}
    assert await caller.extract(channel_types=("ALL",), **ahead) == []
    assert [event["action"] for event in caller.trail()] == ["EXTRACTION_STARTED", "EXTRACTION_COMPLETED"]
    assert caller.ended[-1].metrics.pagination_success_rate is None
