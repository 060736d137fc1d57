from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from producer.errors import Malformed
from producer.model.coverage import HISTORY, Hole, Loss
from producer.telemetry.health import Reason
from producer.telemetry.page.findings import Finding, Level, ahead, findings
from producer.telemetry.snapshot import Snapshot, SourceStatus
from tests.support.happenings import NOON, SECOND, hole

WELL = SourceStatus(
    source="default", since=NOON - timedelta(hours=3), covered_to=NOON, head=NOON - 12 * SECOND, uncovered=2 * SECOND
)
LOSS = Loss(start=NOON - 9 * SECOND, end=NOON, tier=0, reason="x", accepted_at=NOON)


def reason(name: str) -> Reason:
    return Reason(reason=name, message=f"about {name}", what_to_do=f"mend {name}", since=NOON, source="default")


def found(*statuses: SourceStatus, reasons: tuple[str, ...] = (), age: timedelta = SECOND) -> list[Finding]:
    snapshot = Snapshot(
        at=NOON,
        version="1",
        run_id="r",
        started_at=NOON - age,
        ready=not reasons,
        reasons=tuple(reason(each) for each in reasons),
        sources=statuses,
        reads=(),
        errors=(),
    )
    return list(findings(snapshot))


def brief(told: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.level.value, finding.what) for finding in told]


def test_all_is_well_up_to_the_head_watermark() -> None:
    assert brief(found(WELL)) == [
        ("good", "All is well: everything up to 2025-03-10 11:59:48Z (12 s ago) is on the topic")
    ]


def test_of_several_sources_the_one_furthest_behind_speaks_and_losses_are_not_hidden() -> None:
    behind = replace(WELL, source="us", head=NOON - timedelta(minutes=2), losses=(LOSS,))
    told = "All is well: everything, except 1 accepted loss, up to 2025-03-10 11:58:00Z (2 min ago) is on the topic"
    assert brief(found(WELL, behind)) == [("good", told)]


def test_the_gravest_reason_against_readiness_comes_first_with_its_cure() -> None:
    told = found(WELL, reasons=("restoring", "breaker", "credentials", "broker"))
    assert [finding.name for finding in told] == ["broker", "credentials", "breaker", "restoring"]
    assert told[0] == Finding(
        level=Level.BAD,
        name="broker",
        what="Not ready: about broker",
        what_to_do="mend broker",
        since=NOON,
        source="default",
    )


@pytest.mark.parametrize("passing", ["restoring", "stopping"])
def test_what_passes_by_itself_is_no_alarm(passing: str) -> None:
    assert brief(found(WELL, reasons=(passing,))) == [("warn", f"Not ready: about {passing}")]


def test_a_reason_that_is_not_known_here_is_grave() -> None:
    assert brief(found(WELL, reasons=("broker", "new")))[0] == ("bad", "Not ready: about new")


def test_history_that_is_still_to_be_read_is_no_alarm() -> None:
    past = replace(hole(HISTORY), start=NOON - timedelta(days=3), end=NOON - timedelta(days=1), attempts=0)
    again = replace(past, tier=4)
    assert brief(found(replace(WELL, holes=(past, again), holes_in_all=2))) == [
        ("warn", "History: 2 d from before capture began are still to be read")
    ]
    both = found(replace(WELL, holes=(past, hole()), holes_in_all=2))
    assert brief(both) == [
        ("bad", "1 hole in coverage: 1 h could not be read"),
        ("warn", "History: 2 d from before capture began are still to be read"),
    ]


def test_holes_are_added_up_without_counting_an_instant_twice() -> None:
    twice = replace(WELL, holes=(hole(), hole("other")), holes_in_all=2)
    (told,) = found(twice)
    assert (told.level, told.what, told.since) == (Level.BAD, "2 holes in coverage: 1 h could not be read", NOON)


def test_of_more_holes_than_are_known_the_length_is_the_least() -> None:
    many = replace(WELL, holes=(hole(),), holes_in_all=1_200)
    assert brief(found(many)) == [("bad", "1,200 holes in coverage: at least 1 h could not be read")]


def test_due_time_that_stays_unread_is_late_after_five_minutes() -> None:
    assert brief(found(replace(WELL, uncovered=timedelta(minutes=5))))[0][0] == "good"
    late = replace(WELL, uncovered=timedelta(minutes=5, seconds=1))
    assert brief(found(late)) == [("warn", "Late: 5 min 1 s are due and not read yet")]


def test_a_hole_is_not_lateness() -> None:
    later = Hole(start=NOON - SECOND, end=NOON, tier=1, reason="x", attempts=1, opened_at=NOON)
    holed = replace(WELL, holes=(hole(), later), holes_in_all=2, uncovered=timedelta(hours=1, seconds=3))
    assert ahead(holed) == 3 * SECOND
    assert [finding.name for finding in found(holed)] == ["holes"]


def test_dead_letters_are_a_warning_below_what_is_worse() -> None:
    lettered = replace(WELL, dead_letters=3, holes=(hole(),), holes_in_all=1)
    assert [finding.name for finding in found(lettered)] == ["holes", "dead letters"]
    told = found(replace(WELL, dead_letters=1))[0]
    assert (told.what, told.what_to_do) == (
        "1 conversation went to the dead letters since the start",
        Malformed.what_to_do,
    )


def test_a_daemon_that_has_just_started_is_waited_for_and_then_no_longer() -> None:
    new = SourceStatus(source="default")
    at_its_start = replace(new, since=NOON, covered_to=NOON, head=NOON)
    assert brief(found(new)) == brief(found(at_its_start)) == [("wait", "Ready, and nothing read yet")]
    assert brief(found(new, age=timedelta(minutes=6))) == [("warn", "Ready, but nothing was read since the start")]
