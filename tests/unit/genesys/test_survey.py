"""How much there is to read, asked of a small API and of the simulated organisation."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from producer import errors
from producer.clock import VirtualClock
from producer.genesys.query import Medium, Question, count_request, hits_of
from producer.genesys.survey import BRIEF, THOROUGH, Survey, look
from producer.model.windows import Interval
from producer.simulator.options import SimulatorOptions
from producer.simulator.server import serve
from tests.support.clock import NOON
from tests.support.genesys_source import bench

MIDNIGHT = NOON.replace(hour=0)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def told(question: Question) -> str:
    """`-1d 00:00 +6h` with its filters."""
    interval = question.interval
    days, rest = divmod(interval.start - MIDNIGHT, DAY)
    medium = f" {question.medium.value}" if question.medium else ""
    return f"{days}d {rest} {interval.length}{medium}{' open' if question.still_open else ''}"


async def asked(survey: Survey) -> list[str]:
    questions: list[str] = []

    async def count(question: Question) -> int:
        questions.append(told(question))
        return 0

    await look(count, NOON, survey)
    return questions


async def test_a_brief_look_is_ten_questions_about_yesterday_and_about_what_is_open() -> None:
    assert await asked(BRIEF) == [
        "-1d 0:00:00 6:00:00",
        "-1d 0:00:00 12:00:00",
        "-1d 0:00:00 18:00:00",
        "-1d 0:00:00 1 day, 0:00:00",
        "-1d 6:00:00 0:00:00.001000",
        "-1d 12:00:00 0:00:00.001000",
        "-1d 18:00:00 0:00:00.001000",
        "-1d 0:00:00 1 day, 0:00:00 open",
        "-7d 0:00:00 6 days, 0:00:00 open",
        "-30d 0:00:00 23 days, 0:00:00 open",
    ]


@pytest.mark.parametrize("survey", [BRIEF, THOROUGH])
async def test_it_asks_as_many_questions_as_it_says_and_none_over_the_longest_interval(survey: Survey) -> None:
    questions = await asked(survey)
    assert len(questions) == survey.questions
    assert max(Counter(questions).values()) <= (2 if survey.days > 1 else 1)  # the busiest day is asked for again


async def test_the_busiest_of_the_last_days_is_looked_at() -> None:
    busiest = MIDNIGHT - 3 * DAY

    async def count(question: Question) -> int:
        if question.medium:
            lived, before = (7, 2) if question.medium is Medium.EMAIL else (5, 4)
            return lived if question.interval.length >= HOUR else before
        if question.still_open:
            return 11
        if question.interval.length < HOUR:
            return 3
        of_the_busiest = question.interval.start == busiest
        return (question.interval.length // HOUR) * (10 if of_the_busiest else 9)

    found = await look(count, NOON, THOROUGH)
    volume = found.volume
    assert (found.day, found.days) == (busiest, 7)
    assert (volume.begun, volume.under_way) == ((10,) * 24, (0, *(3,) * 23))
    assert list(volume.still_open) == [11, 11, 11]
    assert [volume.messages, volume.emails] == [24, 120], "one and five of ten in an hour"


async def test_an_organisation_without_conversations_has_no_threads() -> None:
    async def count(_question: Question) -> int:
        return 0

    assert (await look(count, NOON, THOROUGH)).volume.emails == 0


async def test_a_count_that_shrinks_meanwhile_is_no_negative_number() -> None:
    numbers = iter([10, 8, 20, 20, 1, 1, 1, 0, 0, 0])

    async def count(_question: Question) -> int:
        return next(numbers)

    assert (await look(count, NOON, BRIEF)).volume.begun == (10, 0, 12, 0)


def test_a_question_asks_for_one_row() -> None:
    question = Question(interval=Interval(MIDNIGHT, MIDNIGHT + DAY), still_open=True, medium=Medium.EMAIL)
    request = count_request("https://api.example.com", question, request_id="r-1")
    assert json.loads(request.body or b"") == {
        "interval": "2025-03-10T00:00:00.000Z/2025-03-11T00:00:00.000Z",
        "paging": {"pageSize": 1, "pageNumber": 1},
        "conversationFilters": [
            {
                "type": "and",
                "predicates": [{"type": "dimension", "dimension": "conversationEnd", "operator": "notExists"}],
            }
        ],
        "segmentFilters": [
            {
                "type": "and",
                "predicates": [
                    {"type": "dimension", "dimension": "mediaType", "operator": "matches", "value": "email"}
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"{}", b'{"totalHits":"7"}', b'{"totalHits":true}', b'{"totalHits":-1}']
)
def test_an_answer_without_a_number_is_malformed(body: bytes) -> None:
    with pytest.raises(errors.MalformedBody, match="does not say how many"):
        hits_of(body)


async def test_the_simulated_organisation_has_the_volume_that_it_was_told_to_have() -> None:
    origin, epoch = datetime(2025, 3, 12, 10, tzinfo=UTC), time.time()
    options = SimulatorOptions(client_id="client-1", origin=origin, epoch=epoch, speed=1, rate_per_day=3_000)
    clock = VirtualClock(origin=origin, epoch=epoch, speed=1)
    async with (
        serve(options) as simulator,
        bench(simulator.url, clock=clock, secret=SimulatorOptions().client_secret) as made,
    ):
        found = await look(made.source.count, clock.now(), Survey(days=1, spans=6, threads=True))
    volume = found.volume
    assert 2_000 < volume.a_day < 4_000
    assert max(volume.begun) > 2 * min(volume.begun), "its days have busy hours"
    assert 0 < volume.mean_under_way < volume.a_day / 10
    assert 0 < volume.messages < volume.a_day
    assert 0 < volume.emails < volume.a_day
    assert 0 < sum(volume.still_open) < volume.a_day
