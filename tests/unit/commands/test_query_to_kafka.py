"""What a query onto the topics counts, and what it refuses before anything is taken."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from producer import errors
from producer.commands.query_to_kafka import Counted, refuse_selection_by_id, selecting
from producer.events import PageCompared, PageFetched, RequestFinished
from producer.extraction.query import Asked
from producer.extraction.result import ExtractionEnded, Metrics, Status, end_of
from producer.extraction.selecting import SelectingSource
from producer.model.reads import Page
from producer.model.selection import Selection
from producer.settings import Settings
from producer.verify.progress import Progress
from tests.support.build import at, head_read, interval, page, raw, read_end
from tests.support.clock import FakeClock
from tests.support.conversations import conversation, seen
from tests.support.scripted_source import ScriptedSource

SECOND = timedelta(seconds=1)
RANGE = interval("10:00", "11:00")


def request(endpoint: str) -> RequestFinished:
    return RequestFinished(endpoint=endpoint, status=200, took=SECOND, request_id="r")


def test_row_13_requests_pages_and_what_was_sent_are_counted() -> None:
    counted = Counted(Progress(io.StringIO()), at("10:00"))
    read = head_read()
    for event in (
        request("token"),
        request("organisation"),
        *[request("query")] * 4,
        PageFetched(read=read, number=1, conversations=100, size=1),
        PageFetched(read=read, number=2, conversations=0, size=1),
        PageCompared(read=read, number=1, new=60, changed=1, unchanged=30, stale=4, regressed=3, dead_letters={"x": 2}),
    ):
        counted.observe(event)
    assert counted.of == {"sent": 61, "known": 37, "dead letters": 2}
    assert end_of("run-1", counted.tally, at("10:00:02"), errors.Fenced("taken back")) == ExtractionEnded(
        request_id="run-1",
        status=Status.FAILURE,
        timestamp=at("10:00:02"),
        metrics=Metrics(
            total_pages_fetched=2, total_records_extracted=61, pagination_success_rate=0.25, total_latency_ms=2_000
        ),
        error_code="Fenced",
        error_message="taken back",
    )


@pytest.mark.parametrize(
    "asked",
    [
        Asked(interaction_ids=("c",), interval=RANGE),
        Asked(interaction_ids=("c",), participant_ids=frozenset({"p"})),
        Asked(interaction_ids=("c",), selection=Selection(user_ids=("u",))),
    ],
)
def test_by_id_nothing_may_be_left_out(asked: Asked) -> None:
    with pytest.raises(errors.UsageError, match="takes no other filter and no range"):
        refuse_selection_by_id(asked)
    refuse_selection_by_id(Asked(interaction_ids=("c",)))
    refuse_selection_by_id(Asked(interval=RANGE, selection=Selection(user_ids=("u",))))


async def test_what_was_not_asked_for_is_left_out_before_it_is_compared_and_what_is_malformed_is_not() -> None:
    voice, broken = seen(conversation(id="voice")), raw(id="broken", conversationId=7)
    source = ScriptedSource(clock=FakeClock(), answer=lambda _: [page(voice, broken), read_end()])
    kept: dict[str, list[str | None]] = {}
    for channel in ("VOICE", "SMS"):
        chosen = selecting(Settings(), source, Asked(interval=RANGE, selection=Selection(channels=(channel,))))
        answers = [answer async for answer in chosen.read(head_read())]
        kept[channel] = [each.id for answer in answers if isinstance(answer, Page) for each in answer.conversations]
        assert answers[1:] == [read_end()]
    assert kept == {"VOICE": [voice.id, "broken"], "SMS": ["broken"]}


def test_where_the_api_selects_all_nothing_stands_before_the_source() -> None:
    source = ScriptedSource(clock=FakeClock(), answer=lambda _: [])
    for asked in (Asked(interval=RANGE, selection=Selection(user_ids=("u",))), Asked(interaction_ids=("c",))):
        assert selecting(Settings(), source, asked) is source


async def test_the_source_behind_it_answers_all_else() -> None:
    source = ScriptedSource(clock=FakeClock(), answer=lambda _: [])
    source.organisations[0] = "org-1"
    source.permissions.append(errors.PermissionMissing("view is missing"))
    chosen = selecting(Settings(), source, Asked(interval=RANGE, participant_ids=frozenset({"p"})))
    assert isinstance(chosen, SelectingSource)
    assert await chosen.organisation_id() == "org-1"
    with pytest.raises(errors.PermissionMissing, match="view is missing"):
        await chosen.permitted(at("10:00"))
    chosen.resume(source.usage())
    assert source.resumed == [chosen.usage()]
