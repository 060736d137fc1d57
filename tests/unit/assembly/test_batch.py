"""What one read puts into a batch, what the batch tells, and when it is full."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

from producer import events
from producer.assembly.batch import BatchBounds
from producer.model import steps
from producer.model.actions import Action
from producer.model.batch import Receipt, Topic
from producer.model.checkpoint import OpenRead, Published
from producer.model.coverage import Coverage
from producer.model.instants import to_millis
from producer.model.reads import Page, Read, ReadKind, Split
from producer.model.windows import Ended, Slice
from tests.support.assembling import NOW, READ, SPAN, WHOLE, arrived, commit, ended, started, taken, trail
from tests.support.build import at, page, raw, read_end
from tests.support.lane import SOURCE, USAGE, announced, assembly, checkpoint, delivered, values

# --- a read ---------------------------------------------------------------------------------------------------------


def test_a_whole_read_is_one_batch_with_its_records_audit_states_and_checkpoint() -> None:
    made = taken(started(), arrived("a", "b"), arrived(number=2), ended())
    batch = made.build(NOW)
    assert trail(batch) == [
        "r1: EXTRACTION_STARTED",
        "r1: PAGE_PROCESSED",
        "r1: EMPTY_PAGE",
        "r1: EXTRACTION_COMPLETED",
    ]
    assert [each["id"] for each in values(batch.records, Topic.CONVERSATIONS)] == ["a", "b"]
    assert [state.id for state in batch.states] == ["a", "b"]
    assert batch.checkpoint == replace(
        checkpoint(),
        coverage=Coverage(since=at("09:00"), watermarks=(at("10:05"),)),
        published=Published(head=at("10:00"), final=at("10:00")),
        usage=USAGE,
        written_at=to_millis(NOW),
    )
    assert batch.source == SOURCE


def test_a_page_tells_how_many_records_it_put_on_the_topic_and_what_became_of_the_others() -> None:
    told = page(
        raw(id="a", v=1), raw(id="b", poison="bad"), raw(id="c", stale=1), raw(id="d", regressed=1), raw(id="a", v=1)
    )
    batch = taken(started(), steps.Arrived(read=READ, page=told)).build(NOW)
    event = values(batch.records, Topic.AUDIT)[1]
    assert {name: value for name, value in event.items() if value is not None} == {
        "auditId": "a2",
        "requestId": "r1",
        "source": "default",
        "timestamp": to_millis(NOW),
        "action": "PAGE_PROCESSED",
        "complianceVersion": "1.0",
        "pageNumber": 1,
        "totalHits": 5,
        "conversationsRead": 5,
        "recordCount": 1,
        "unchanged": 2,
        "stale": 1,
        "deadLetters": 1,
        "details": {},
    }
    assert announced(batch.records) == delivered(batch.records) == Counter({"r1": 1})


def test_an_empty_page_announces_no_records() -> None:
    event = values(taken(started(), arrived()).build(NOW).records, Topic.AUDIT)[1]
    assert (event["action"], event["recordCount"], event["conversationsRead"]) == ("EMPTY_PAGE", None, 0)


def test_the_end_of_a_read_tells_its_totals_over_all_its_transactions() -> None:
    made = taken(started(), arrived("a", "b"))
    commit(made)
    batch, _ = commit(taken(arrived("c", number=2), ended(), by=made))
    event = values(batch.records, Topic.AUDIT)[-1]
    assert {name: value for name, value in event.items() if value is not None} == {
        "auditId": event["auditId"],
        "requestId": "r1",
        "source": "default",
        "timestamp": to_millis(NOW),
        "action": "EXTRACTION_COMPLETED",
        "complianceVersion": "1.0",
        "durationMs": 60_000,
        "totalHits": 1,
        "totalPagesFetched": 1,
        "totalRecordsExtracted": 3,
        "totalLatencyMs": 60_000,
        "paginationSuccessRate": 1.0,
        "details": {
            "start": '"2025-03-10T10:00:00.000Z"',
            "end": '"2025-03-10T10:05:00.000Z"',
            "verdict": '"complete"',
            "firstHits": "1",
            "lastHits": "1",
            "unique": "1",
            "repeated": "0",
            "attempts": "1",
        },
    }


def test_coverage_moves_only_in_the_batch_that_carries_the_end_of_the_read() -> None:
    made = taken(started(), arrived("a"))
    first, _ = commit(made)
    second, _ = commit(taken(arrived("b", number=2), ended(), by=made))
    assert [batch.checkpoint.coverage.watermarks for batch in (first, second)] == [(at("10:00"),), (at("10:05"),)]


def test_an_open_read_is_in_the_checkpoint_until_it_ends() -> None:
    by_id = Read(request_id="r2", kind=ReadKind.WATCH, ids=("a", "b"))
    made = taken(started(), started(by_id), arrived("a"))
    reading = made.reading
    first, _ = commit(made)
    assert first.checkpoint.open_reads == (
        OpenRead(request_id="r1", kind="head", subject=SPAN, started_at=at("10:05:30")),
        OpenRead(request_id="r2", kind="watch", subject="2 ids", started_at=at("10:05:30")),
    )
    taken(ended(), steps.Ended(read=by_id, end=read_end(), at=NOW, covers=None), by=made)
    assert (reading, made.reading) == (True, False)
    assert commit(made)[0].checkpoint.open_reads == ()


def test_a_part_of_a_window_covers_nothing_until_the_window_is_settled() -> None:
    part = steps.Ended(read=READ, end=read_end(), at=NOW, covers=None)
    made = taken(started(), part)
    assert commit(made)[0].checkpoint.coverage.watermarks == (at("10:00"),)
    taken(steps.Settled(window=WHOLE, read=READ, at=NOW), by=made)
    assert commit(made)[0].checkpoint.coverage.watermarks == (at("10:05"),)


def test_a_split_read_is_given_up_without_a_failure() -> None:
    parts = tuple(Slice(window=WHOLE, ended=each) for each in Ended)
    made = taken(started(), steps.Parted(read=READ, split=Split(parts=parts, hits=150_000), at=NOW))
    assert not made.reading
    batch, told = commit(made)
    assert trail(batch) == ["r1: EXTRACTION_STARTED", "r1: WINDOW_SPLIT"]
    assert told == [events.WindowSplit(source=SOURCE, read=READ, hits=150_000, parts=parts)]


# --- the rest -------------------------------------------------------------------------------------------------------


def test_drift_is_reported_once_and_counted_on_every_page() -> None:
    def drifting(number: int, *paths: str) -> steps.Arrived:
        conversation = raw(id=f"c{number}", v=1, drift=list(paths))
        return steps.Arrived(read=READ, page=page(conversation, number=number))

    batch, told = commit(taken(started(), drifting(1, "$.b", "$.a"), drifting(2, "$.a"), drifting(3, "$.a", "$.c")))
    reported = [event for event in values(batch.records, Topic.AUDIT) if event["action"] == "SCHEMA_DRIFT"]
    assert [event["details"] for event in reported] == [{"paths": '["$.a","$.b"]'}, {"paths": '["$.c"]'}]
    compared = [[each.path for each in event.drift] for event in told if isinstance(event, events.PageCompared)]
    assert compared == [["$.a", "$.b"], ["$.a"], ["$.a", "$.c"]]


def test_drift_that_is_remembered_is_bounded() -> None:
    many = [f"$.f{number:04}" for number in range(1_500)]
    made = taken(started())
    for number in range(1, 13):
        taken(steps.Arrived(read=READ, page=page(raw(id=f"c{number}", v=1, drift=many), number=number)), by=made)
    reported = [
        len(json.loads(event["details"]["paths"]))
        for event in values(made.build(NOW).records, Topic.AUDIT)
        if event["action"] == "SCHEMA_DRIFT"
    ]
    assert reported == [100] * 10  # a hundred in one event, a thousand in all


def test_a_path_of_drift_is_bounded() -> None:
    made = taken(started(), steps.Arrived(read=READ, page=page(raw(id="a", v=1, drift=["$." + "x" * 100_000]))))
    (told,) = (e for e in values(made.build(NOW).records, Topic.AUDIT) if e["action"] == "SCHEMA_DRIFT")
    assert json.loads(told["details"]["paths"]) == ["$." + "x" * 198]


def test_the_organisation_of_the_token_is_kept() -> None:
    batch, _ = commit(taken(steps.Identified(organisation_id="org-1")))
    assert (batch.records, batch.checkpoint.organisation_id) == ((), "org-1")


def test_what_happens_outside_reads_is_told_under_the_id_of_the_run() -> None:
    batch = taken(steps.Noted(action=Action.STARTED, at=NOW, details={"version": "1"})).build(NOW)
    (event,) = values(batch.records, Topic.AUDIT)
    assert (event["requestId"], event["action"], event["details"]) == ("run", "STARTED", {"version": '"1"'})


def test_nothing_moves_before_the_commit_has_returned() -> None:
    stands = checkpoint()
    made = taken(started(), arrived("a"), ended(), by=assembly(stands))
    batch = made.build(NOW)
    assert made.checkpoint == stands
    made.committed(batch, Receipt(offsets=(1,), committed_at=NOW, took=timedelta(0), records=5), NOW)
    assert made.checkpoint == replace(batch.checkpoint, offsets=(1,))


def test_what_was_committed_is_not_sent_again() -> None:
    made = taken(started(), arrived("a"), ended())
    before = made.empty
    commit(made)
    assert (before, made.empty) == (False, True)
    batch = made.build(NOW)
    assert (batch.states, [record.topic for record in batch.records]) == ((), [Topic.WATERMARKS])


def test_a_committed_page_tells_its_counts_and_how_fresh_it_was() -> None:
    fresh = raw(id="a", v=1, newest=to_millis(at("10:06")))
    told = page(fresh, raw(id="b", poison="bad"), raw(id="c", poison="bad"), raw(id="d", stale=1))
    _, news = commit(taken(started(), steps.Arrived(read=READ, page=told)))
    letters = [event for event in news if isinstance(event, events.ConversationDeadLettered)]
    assert [letter.conversation_id for letter in letters] == ["b", "c"]
    assert news[0] == events.PageCompared(
        source=SOURCE, read=READ, number=1, new=1, stale=1, dead_letters={"bad": 2}, freshness=(30.0,)
    )


def test_the_end_of_a_read_is_told_when_it_is_committed() -> None:
    made = taken(started(), arrived("a", "b"), ended())
    _, told = commit(made)
    assert told[-1] == events.ReadCompleted(
        source=SOURCE, read=READ, end=read_end(), took=timedelta(minutes=1), records=2
    )


def large(number: int, weight: int) -> Page:
    return page(raw(id=f"c{number}", v="x" * weight), number=number)


def fullness(bounds: BatchBounds, *told: steps.Step) -> list[bool]:
    """Whether a batch was full after each step."""
    made = assembly(bounds=bounds)
    return [taken(step, by=made).full for step in told]


def test_a_batch_is_full_at_its_bound_of_records() -> None:
    bounds = BatchBounds(records=4, size=1_000_000)  # a page of one conversation is two records, with its audit
    assert fullness(bounds, started(), arrived("a"), arrived("b", number=2)) == [False, False, True]


def test_a_batch_is_full_at_its_bound_of_bytes() -> None:
    bounds = BatchBounds(records=1_000, size=10_000)
    pages = [steps.Arrived(read=READ, page=large(number, 5_000)) for number in (1, 2)]
    assert fullness(bounds, started(), *pages) == [False, False, True]


def test_conversations_are_counted_when_they_are_first_seen() -> None:
    made = taken(started(), arrived("a", "b"), arrived("b", "c", number=2))
    assert made.tracked == 3
