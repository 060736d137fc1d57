from __future__ import annotations

import itertools
from typing import Any

import orjson
import pytest

from producer.simulator import ManualClock, SimulatorOptions
from producer.simulator.clock import text
from producer.simulator.contents import Contents
from producer.simulator.directory import Directory
from producer.simulator.identity import conversation_id
from producer.simulator.outlines import Cause
from producer.simulator.population import STREAMS, Plan, Population

NOON = ManualClock("2026-03-10T12:00:00Z").now()


def plans(**options: Any) -> list[Plan]:
    population = Population(SimulatorOptions(rate_per_day=50_000, **options))
    return [
        plan for number, stream in enumerate(STREAMS) for plan in population.plans(number, NOON // stream.bucket)[:60]
    ]


def contents(**options: Any) -> Contents:
    return Contents(SimulatorOptions(**options), Directory(1))


def read(made: Contents, plan: Plan, count: int) -> Any:
    return orjson.loads(made.json(plan, count))


def segments(document: Any) -> list[Any]:
    return [
        segment
        for participant in document["participants"]
        for session in participant["sessions"]
        for segment in session["segments"]
    ]


def test_every_state_differs_from_the_one_before() -> None:
    made = contents(oddity_probability=1.0)
    for plan in plans(poison_probability=0.3):
        told = [made.json(plan, count) for count in range(1, len(plan.states) + 1)]
        assert all(before != after for before, after in itertools.pairwise(told))


def test_a_document_says_who_it_is_and_when_it_began_and_ended() -> None:
    made = contents(oddity_probability=0.0)
    for plan in plans(poison_probability=0.0):
        for count, state in enumerate(plan.states, 1):
            document = read(made, plan, count)
            assert document["conversationId"] == conversation_id(1, plan.key)
            assert document["conversationStart"] == text(plan.start)
            assert document.get("conversationEnd") == (None if state.end is None else text(state.end))
            assert document["originatingDirection"] == plan.profile.direction


def test_metrics_come_by_emission_and_segments_by_start() -> None:
    made = contents(oddity_probability=0.0)
    for plan in plans(poison_probability=0.0):
        document = read(made, plan, len(plan.states))
        for participant in document["participants"]:
            for session in participant["sessions"]:
                emitted = [metric["emitDate"] for metric in session["metrics"]]
                started = [segment["segmentStart"] for segment in session["segments"]]
                assert (emitted, started) == (sorted(emitted), sorted(started))


def test_an_ended_conversation_has_no_open_segment_and_ends_with_its_last_one() -> None:
    made = contents(oddity_probability=0.0)
    for plan in plans(poison_probability=0.0):
        if plan.states[-1].end is None:
            continue
        ends = [segment["segmentEnd"] for segment in segments(read(made, plan, len(plan.states)))]
        assert max(ends) == text(plan.states[-1].end)


def test_ids_stay_what_they_were_from_state_to_state() -> None:
    made = contents(oddity_probability=0.0)
    plan = next(plan for plan in plans(poison_probability=0.0) if plan.profile.name == "voice-transferred")
    told = [read(made, plan, count)["participants"] for count in range(1, len(plan.states) + 1)]
    ids = [[participant["participantId"] for participant in participants] for participants in told]
    assert all(after[: len(before)] == before for before, after in itertools.pairwise(ids))


def test_content_does_not_depend_on_what_was_asked_before() -> None:
    chosen = plans()[:20]
    forwards, backwards = contents(), contents(content_cache_bytes=1)
    first = [forwards.json(plan, count) for plan in chosen for count in range(1, len(plan.states) + 1)]
    last = [
        backwards.json(plan, count) for plan in reversed(chosen) for count in reversed(range(1, len(plan.states) + 1))
    ]
    assert first == last[::-1]


def test_a_typical_conversation_is_about_nine_kilobytes() -> None:
    made = contents()
    population = Population(SimulatorOptions(huge_probability=0.0))
    brief = STREAMS[0]
    sizes = [len(made.json(plan, len(plan.states))) for plan in population.plans(0, NOON // brief.bucket)]
    assert 8_000 < sum(sizes) / len(sizes) < 10_500


def test_odd_values_come_about_unless_unwanted() -> None:
    odd, plain = contents(oddity_probability=1.0), contents(oddity_probability=0.0)
    told = b"".join(odd.json(plan, len(plan.states)) for plan in plans(poison_probability=0.0))
    for oddity in (
        b"hologram",
        b"quantumBridgeId",
        b":null",
        b"5097600909",
        b"00:00:00.00Z",
        b'"journeyActionMapVersion":"7"',
    ):
        assert oddity in told
    assert b"hologram" not in b"".join(plain.json(plan, 1) for plan in plans())


def test_a_poison_record_has_a_malformed_instant_or_no_list_of_participants() -> None:
    made = contents()
    told = [read(made, plan, 1) for plan in plans(poison_probability=1.0)]
    kinds = {
        "shape" if isinstance(document["participants"], dict) else segments(document)[0]["segmentStart"]
        for document in told
    }
    assert kinds == {"shape", "2021-04-2T15:30:51.418Z"}


def test_a_huge_one_is_hundreds_of_kilobytes() -> None:
    plan = plans(huge_probability=1.0)[0]
    assert 200_000 < len(contents().json(plan, 1)) < 2_000_000


@pytest.mark.parametrize("media", ["voice", "chat", "email", "message", "callback"])
def test_every_medium_is_told(media: str) -> None:
    plan = next(plan for plan in plans() if plan.profile.media == media)
    document = read(contents(oddity_probability=0.0), plan, len(plan.states))
    assert {session["mediaType"] for one in document["participants"] for session in one["sessions"]} == {media}


def test_a_wrap_up_that_is_late_shows_as_owed_until_it_is_entered() -> None:
    late = [
        (plan, number)
        for plan in plans()
        for number, state in enumerate(plan.states)
        if state.cause is Cause.WRAPUP and state.end is not None and state.at > state.end
    ]
    assert late
    for plan, number in late:
        before = read(contents(oddity_probability=0.0), plan, number)
        after = read(contents(oddity_probability=0.0), plan, number + 1)
        owed = [each for each in segments(before) if each["segmentType"] == "wrapup" and "segmentEnd" not in each]
        assert [len(owed), "wrapUpCode" in owed[0], "conversationEnd" in before] == [1, False, True]
        assert all("segmentEnd" in each for each in segments(after) if each["segmentType"] == "wrapup")
