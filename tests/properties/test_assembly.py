"""Any story of reads, in any cut into transactions, with any of them failing: what is on the topics adds up.

The story is told to an assembly over a memory that moves with each commit; a failed commit drops the assembly and goes
on from what was committed, as the lane does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from producer import errors
from producer.assembly.batch import Assembly
from producer.model import steps
from producer.model.batch import Batch, Outgoing, Receipt, Topic
from producer.model.checkpoint import Checkpoint
from producer.model.conversation import ConversationState
from producer.model.reads import Read, ReadKind
from producer.model.windows import Slice, Window
from tests.support.build import at, page, raw, read_end
from tests.support.lane import announced, assembly, checkpoint, delivered, values

NOW = at("11:00")
ENDS = ("complete", "refused", "unavailable", "left open")


@dataclass(frozen=True, slots=True)
class Told:
    """One read: its pages (each a list of conversation and content number), and how it ends."""

    pages: list[list[tuple[int, int]]]
    end: str


reads = st.builds(
    Told,
    st.lists(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=4), max_size=3),
    st.sampled_from(ENDS),
)
cuts = st.lists(st.sampled_from(["go on", "commit", "fail", "unknown"]), min_size=1, max_size=40)


@dataclass(slots=True)
class Lane:
    """What is committed, and the assembly that builds on it."""

    committed: Checkpoint = field(default_factory=checkpoint)
    states: dict[str, ConversationState] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    made: Assembly = field(init=False)

    def __post_init__(self) -> None:
        self.restore()

    def known(self, source: str, ids: Iterable[str]) -> Mapping[str, ConversationState]:
        return {each: self.states[each] for each in ids if each in self.states}

    def restore(self) -> None:
        self.made = assembly(self.committed, known=self.known)
        self.made.interrupted(self.committed.open_reads, NOW)

    def apply(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.states |= {state.id: state for state in batch.states}
        self.committed = batch.checkpoint

    def cut(self, how: str) -> bool:
        """End a transaction; True when the lane was restored, so that open reads are gone."""
        if how == "go on":
            return False
        batch = self.made.build(NOW)
        if how != "fail":
            self.apply(batch)
        if how != "commit":
            self.restore()
            return True
        receipt = Receipt(offsets=(1,), committed_at=NOW, took=timedelta(0), records=len(batch.records))
        self.made.committed(batch, receipt, NOW)
        self.committed = self.made.checkpoint
        return False

    @property
    def records(self) -> list[Outgoing]:
        return [record for batch in self.batches for record in batch.records]


def steps_of(told: Told, read: Read, window: Window) -> list[steps.Step]:
    pages = [
        steps.Arrived(read=read, page=page(*(raw(id=f"c{name}", v=content) for name, content in each), number=number))
        for number, each in enumerate(told.pages, 1)
    ]
    ends: dict[str, list[steps.Step]] = {
        "complete": [steps.Ended(read=read, end=read_end(), at=NOW, covers=window)],
        "refused": [steps.Failed(read=read, error=errors.WindowRefused("no"), at=NOW, misses=window)],
        "unavailable": [steps.Failed(read=read, error=errors.SourceUnavailable("no"), at=NOW)],
        "left open": [steps.Abandoned(at=NOW)],
    }
    return [steps.Started(read=read, at=NOW), *pages, *ends[told.end]]


def next_window(mark: datetime) -> Window:
    return Window(mark - timedelta(minutes=1), mark + timedelta(minutes=1))


@given(st.lists(reads, max_size=8), cuts)
def test_what_audit_announces_is_on_the_topic_once_and_promises_are_kept(story: list[Told], cutting: list[str]) -> None:
    lane, turn = Lane(), 0
    for number, told in enumerate(story):
        window = next_window(lane.made.checkpoint.coverage.watermarks[0])
        read = Read(request_id=f"r{number}", kind=ReadKind.HEAD, slice=Slice(window=window))
        for step in steps_of(told, read, window):
            lane.made.take(step, NOW)
            turn += 1
            if lane.cut(cutting[turn % len(cutting)]):
                break
        else:
            lane.cut("commit")  # the reader waits for this before it plans again
    lane.cut("commit")
    records = lane.records
    assert announced(records) == delivered(records)
    _no_content_twice_in_a_row(records)
    _one_end_for_every_start(records)
    _promises_hold(lane.batches)


def _no_content_twice_in_a_row(records: list[Outgoing]) -> None:
    by_key: dict[str, list[tuple[int, int, int]]] = {}
    for each in values(records, Topic.CONVERSATIONS):
        by_key.setdefault(each["id"], []).append((each["v"], each["revision"], each["version"]))
    for states in by_key.values():
        assert [revision for _, revision, _ in states] == list(range(1, len(states) + 1))
        assert all(one[0] != other[0] and one[2] < other[2] for one, other in pairwise(states))


def _one_end_for_every_start(records: list[Outgoing]) -> None:
    began, ended = [], []
    for event in values(records, Topic.AUDIT):
        if event["action"] == "EXTRACTION_STARTED":
            began.append(event["requestId"])
        if event["action"] in ("EXTRACTION_COMPLETED", "EXTRACTION_FAILED"):
            ended.append(event["requestId"])
    assert sorted(began) == sorted(ended)


def _promises_hold(batches: list[Batch]) -> None:
    """A watermark tells what was committed before its own transaction, and never less than the one before."""
    for before, after in pairwise(batches):
        assert after.checkpoint.published.head >= before.checkpoint.published.head
        assert after.checkpoint.published.head == before.checkpoint.coverage.complete_to(0)
        (told,) = values(after.records, Topic.WATERMARKS)
        assert told["committedAt"] == before.checkpoint.written_at
